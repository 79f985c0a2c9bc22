package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
)

// tenanted starts a service with a template of two tables, and gives a shell that has a tenant's key and token.
func tenanted(t *testing.T) (*serving, *shell) {
	t.Helper()
	data := filepath.Join(sharedTemporary(t), "data")
	s := serve(t, nil, "--data", data)
	return s, enlist(t, s)
}

// enlist makes a tenant with a key and a token, and a template, on a service that is new.
func enlist(t *testing.T, s *serving) *shell {
	t.Helper()
	sh := &shell{T: t, dir: t.TempDir(), server: s.url}
	sh.env = []string{"VEIL_KEY=" + strings.Repeat("5a", 32), "TMPDIR=" + sharedTemporary(t)}
	for _, line := range []string{
		"VEIL_TOKEN=" + s.once + " veil bootstrap --out operator.token",
		"veil tenants create riverside --token-file operator.token",
		"veil tokens issue --role tenant --tenant riverside --out tenant.token --token-file operator.token",
		"veil keys new",
	} {
		sh.run(exitDone, line)
	}
	sh.write("standard.sql", "CREATE TABLE person (id bigint PRIMARY KEY, born date NOT NULL); CREATE TABLE visit (id bigint PRIMARY KEY)")
	sh.write("ours.sql", "CREATE TABLE person (id bigint PRIMARY KEY, secret_of_ours text)")
	sh.run(exitDone, "veil template publish clinic@1 --ddl standard.sql --token-file operator.token")
	return sh
}

const checking = "veil check --template clinic@1 --ddl ours.sql --token-file tenant.token"

func TestACheckAgainstAService(t *testing.T) {
	t.Parallel()
	s, sh := tenanted(t)
	local, _ := sh.run(exitDeviates, "veil check --template-ddl standard.sql --ddl ours.sql --json")
	remote, says := sh.run(exitDeviates, checking+" --json --sarif out.sarif")
	for _, want := range []string{"trusted from now on", "pinned from now on", "out.sarif"} {
		if !strings.Contains(says, want) {
			t.Errorf("the first check says %q, without %q", says, want)
		}
	}
	if findings(t, local) != findings(t, remote) {
		t.Errorf("over a network the findings are %s, in one process %s", findings(t, remote), findings(t, local))
	}
	if _, says = sh.run(exitDeviates, checking); strings.Contains(says, "from now on") {
		t.Errorf("the second check trusts anew: %q", says)
	}
	list, _ := sh.run(exitDone, "veil comparisons list --token-file tenant.token")
	lines := strings.Split(strings.TrimSpace(list), "\n")
	if len(lines) != 3 || strings.Count(list, "disclosed  does_not_conform") != 2 {
		t.Fatalf("the comparisons:\n%s", list)
	}
	id := strings.Fields(lines[1])[0]
	if show, _ := sh.run(exitDone, "veil comparisons show "+id+" --token-file tenant.token"); !strings.Contains(show, "clinic@1") || !strings.Contains(show, "absent") {
		t.Errorf("the comparison:\n%s", show)
	}
	report, _ := sh.run(exitDone, "veil report get "+id+" --token-file tenant.token")
	if !strings.Contains(report, "visit") || strings.Contains(report, "secret_of_ours") {
		t.Errorf("the service's report:\n%s", report)
	}
	sh.run(exitDone, "veil report get "+id+" --format sarif --out get.sarif --token-file tenant.token")
	sh.says(exitUsage, "veil comparisons evidence "+id+" --out e.bin --token-file tenant.token", "evidence")
	sh.run(exitDone, "veil comparisons delete "+id+" --token-file tenant.token")
	sh.says(exitUsage, "veil report get "+id+" --token-file tenant.token", "deleted")
	if left, _ := filepath.Glob(filepath.Join(sh.dir, "state", "*.place")); len(left) != 0 {
		t.Errorf("places are left: %q", left)
	}
	s.end(syscall.SIGTERM)
	sh.says(exitUnavailable, checking, s.url)
}

// findings are what a report in JSON says of the schema.
func findings(t *testing.T, text string) string {
	t.Helper()
	_, after, ok := strings.Cut(text, `"findings"`)
	if !ok {
		t.Fatalf("there are no findings in %s", text)
	}
	found, _, _ := strings.Cut(after, "\n  ]")
	return found
}

func TestAServiceOrTemplateThatChangedIsNotTrusted(t *testing.T) {
	t.Parallel()
	first, sh := tenanted(t)
	sh.run(exitDeviates, checking)
	pins, err := filepath.Glob(filepath.Join(sh.dir, "state", "pins", "*"))
	if err != nil || len(pins) != 2 {
		t.Fatalf("the pins are %q, %v", pins, err)
	}
	other := strings.Repeat("ab", 32)
	sh.says(exitMisconduct, checking+" --template-digest "+other, other)
	sh.says(exitUsage, checking+" --service-key nonsense", "--service-key")

	// Another service at the same address has another key.
	first.end(syscall.SIGKILL)
	second := serve(t, nil, "--data", filepath.Join(sharedTemporary(t), "data"), "--listen", strings.TrimPrefix(sh.server, "http://"))
	sh.run(exitDone, "VEIL_TOKEN="+second.once+" veil bootstrap --out second.token")
	sh.says(exitMisconduct, "veil check --template clinic@1 --ddl ours.sql --token-file second.token", "key", "operator")
}

func TestTokensThatDoNotServe(t *testing.T) {
	t.Parallel()
	_, sh := tenanted(t)
	if err := os.WriteFile(filepath.Join(sh.dir, "wrong.token"), []byte("veil_"+strings.Repeat("a", 43)), 0o600); err != nil {
		t.Fatal(err)
	}
	sh.says(exitDenied, "veil check --template clinic@1 --ddl ours.sql --token-file wrong.token", "token")
	sh.says(exitUsage, "veil check --template clinic@1 --ddl ours.sql", "VEIL_TOKEN")
	sh.says(exitUsage, "veil check --template clinic@2 --ddl ours.sql --token-file tenant.token", "clinic@2")
	sh.says(exitUsage, "veil check --template clinic --ddl ours.sql --token-file tenant.token", "SLUG@VERSION")
	sh.says(exitUsage, "veil check --template clinic@1 --template-ddl standard.sql --ddl ours.sql", "--template-ddl")
	sh.says(exitDenied, "veil check --template clinic@1 --ddl ours.sql --token-file operator.token", "role operator")
}

// TestACheckOfADatabaseNeedsNoPostgreSQLOnTheTenantsMachine names a folder without server programs.
func TestACheckOfADatabaseNeedsNoPostgreSQLOnTheTenantsMachine(t *testing.T) {
	t.Parallel()
	_, sh := tenanted(t)
	scratch := testenv.Scratch(t, testenv.Postgres(t))
	if _, err := scratch.Load(t.Context(), "ours.sql", []byte(sh.read("ours.sql")), postgres.LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	conn := got[*pgx.Conn](t)(scratch.Connect(t.Context()))
	c := conn.Config()
	_ = conn.Close(t.Context())
	dsn := fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=%s", c.Host, c.Port, c.User, c.Password, c.Database)
	sh.env = append(sh.env, "VEIL_POSTGRES_BIN="+sh.dir)
	out, _ := sh.run(exitDeviates, "veil check --template clinic@1 --dsn '"+dsn+"' --token-file tenant.token")
	if !strings.Contains(out, "visit") {
		t.Errorf("the report:\n%s", out)
	}
	sh.says(exitUnavailable, checking, "PostgreSQL") // DDL files do need one
}
