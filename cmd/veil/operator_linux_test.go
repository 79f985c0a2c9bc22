package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// shell is a second terminal beside a service.
type shell struct {
	*testing.T
	dir, server string
	env         []string
}

// run runs a command line, in which veil is the program, wants its exit code and returns what it printed.
func (s *shell) run(code int, line string) (stdout, stderr string) {
	s.Helper()
	_, stdout, stderr = s.exec(line, code)
	return stdout, stderr
}

// runAny is run for one of several exit codes, which it returns.
func (s *shell) runAny(line string, codes ...int) (code int, stderr string) {
	s.Helper()
	code, _, stderr = s.exec(line, codes...)
	return code, stderr
}

func (s *shell) exec(line string, codes ...int) (code int, stdout, stderr string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), append([]string{"HOME=" + s.dir, "VEIL_SERVER_URL=" + s.server, "VEIL_TENANT_STATE=" + filepath.Join(s.dir, "state")}, s.env...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // the exit code says it
	if code = cmd.ProcessState.ExitCode(); !slices.Contains(codes, code) {
		s.Fatalf("%s\nexits with %d, want %d\n%s%s", line, code, codes, out.String(), errs.String())
	}
	return code, out.String(), errs.String()
}

// says runs a command line that fails, and wants words in what it says.
func (s *shell) says(code int, line string, words ...string) {
	s.Helper()
	_, errs := s.run(code, line)
	for _, w := range words {
		if !strings.Contains(errs, w) {
			s.Errorf("%s\nsays %q, without %q", line, errs, w)
		}
	}
}

func (s *shell) write(name, text string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

// TestTheCommandThatServePrintsWorksInASecondTerminal goes on from it as an operator does.
func TestTheCommandThatServePrintsWorksInASecondTerminal(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, "--data", filepath.Join(sharedTemporary(t), "data"))
	sh := &shell{T: t, dir: t.TempDir(), server: s.url}
	printed := "VEIL_TOKEN=" + s.once + " veil bootstrap --server " + s.url + " --out operator.token"
	if !strings.Contains(s.stdout.String(), printed) {
		t.Fatalf("it prints %s", s.stdout.String())
	}
	sh.run(exitDone, printed)
	sh.says(exitUsage, printed, "operator.token", "--out")
	sh.says(exitDenied, strings.Replace(printed, "operator.token", "second.token", 1), "one-time token")
	if _, err := os.Stat(filepath.Join(sh.dir, "second.token")); err == nil {
		t.Error("a token that was not issued left a file")
	}
	if info, err := os.Stat(filepath.Join(sh.dir, "operator.token")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token's file: %v %v", info, err)
	}
	const operator = " --token-file operator.token"
	id, _ := sh.run(exitDone, "veil tenants create riverside"+operator)
	sh.says(exitUsage, "veil tenants create riverside"+operator, "riverside")
	if list, _ := sh.run(exitDone, "veil tenants list"+operator); !strings.Contains(list, strings.TrimSpace(id)+"  riverside") {
		t.Errorf("the tenants: %s", list)
	}
	sh.says(exitUsage, "veil tokens issue --role tenant --tenant lakeside"+operator, "veil tenants list")
	sh.says(exitUsage, "veil tokens issue --role tenant --tenant riverside --expires soon"+operator, "90d")
	sh.run(exitDone, "veil tokens issue --role tenant --tenant riverside --label ci --out tenant.token"+operator)
	if list, _ := sh.run(exitDone, "veil tokens list"+operator); !strings.Contains(list, "ci         valid") {
		t.Errorf("the tokens: %s", list)
	}
	sh.says(exitDenied, "veil tenants list --token-file tenant.token", "operator")
	t.Run("templates", func(t *testing.T) { inner := *sh; inner.T = t; templatesOf(&inner) })
	t.Run("a token that ends", func(t *testing.T) {
		token, says := sh.run(exitDone, "veil tokens issue --role auditor --tenant "+strings.TrimSpace(id)+operator)
		sh.env = []string{"VEIL_TOKEN=" + token}
		sh.run(exitDone, "veil template list")
		sh.env = nil
		sh.run(exitDone, "veil tokens revoke "+strings.Fields(says)[2]+operator)
		sh.env = []string{"VEIL_TOKEN=" + token}
		sh.says(exitDenied, "veil template list", "token")
	})
}

func templatesOf(sh *shell) {
	const operator = " --token-file operator.token"
	sh.write("persons.sql", "CREATE TABLE person (id bigint PRIMARY KEY, born date NOT NULL)")
	sh.write("other.sql", "CREATE TABLE person (id bigint PRIMARY KEY)")
	sh.write("policy.yaml", "visibility: public\n")
	sh.write("tenant.yaml", "withhold:\n  - {kind: column, table: person}\n")
	sh.says(exitUsage, "veil template publish persons --ddl persons.sql"+operator, "SLUG@VERSION")
	sh.says(exitUsage, "veil template publish persons@1 --ddl persons.sql --policy tenant.yaml"+operator, "withholds")
	publish := "veil template publish persons@1 --ddl persons.sql --policy policy.yaml --title Persons" + operator
	digest, _ := sh.run(exitDone, publish)
	if again, _ := sh.run(exitDone, publish); again != digest || len(digest) != 65 {
		sh.Errorf("published again, the digest is %q, before %q", again, digest)
	}
	sh.says(exitUsage, "veil template publish persons@1 --ddl other.sql"+operator, "persons@1")
	sh.says(exitDenied, "veil template publish persons@2 --ddl other.sql --token-file tenant.token", "operator")
	sh.says(exitUsage, "veil template show persons@9 --token-file tenant.token", "persons")
	list, _ := sh.run(exitDone, "veil template list --search person --token-file tenant.token")
	show, _ := sh.run(exitDone, "veil template show persons@1 --out t.bin --token-file tenant.token")
	facts, _ := sh.run(exitDone, "veil template show persons@1 --facts --token-file tenant.token")
	for _, text := range []string{list, show} {
		if !strings.Contains(text, strings.TrimSpace(digest)) || !strings.Contains(text, "Persons") {
			sh.Errorf("the template: %s", text)
		}
	}
	if !strings.Contains(facts, "born") {
		sh.Errorf("the template's facts: %s", facts)
	}
}
