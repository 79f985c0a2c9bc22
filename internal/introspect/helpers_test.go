package introspect_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
)

// connect opens a session in a fresh scratch database.
func connect(t testing.TB, server *postgres.Server) *pgx.Conn {
	t.Helper()
	return session(t, testenv.Scratch(t, server))
}

func session(t testing.TB, d *postgres.Scratch) *pgx.Conn {
	t.Helper()
	conn, err := d.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(t.Context()) })
	return conn
}

func execute(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%v in %s", err, sql)
	}
}

func read(t testing.TB, conn *pgx.Conn, schemas ...string) *schema.Database {
	t.Helper()
	d, err := introspect.Read(t.Context(), conn, introspect.Options{Schemas: schemas})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func facts(t testing.TB, d *schema.Database, m schema.Mapping) schema.Facts {
	t.Helper()
	f, _, err := d.Facts(m)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// text is one fact a line.
func text(f schema.Facts) string {
	var b strings.Builder
	for _, fact := range f {
		b.WriteString(fact.String() + "\n")
	}
	return b.String()
}

// sameFacts reports what two sets do not share.
func sameFacts(t testing.TB, what string, got, want schema.Facts) {
	t.Helper()
	const most = 20
	for i, f := range got.Minus(want) {
		if i < most {
			t.Errorf("%s: only now: %s", what, f)
		}
	}
	for i, f := range want.Minus(got) {
		if i < most {
			t.Errorf("%s: only before: %s", what, f)
		}
	}
}

// dump returns what pg_dump writes of the database that conn is connected to, and skips the test where the machine has no
// pg_dump for the server's version.
func dump(t testing.TB, conn *pgx.Conn, options ...string) []byte {
	t.Helper()
	path, err := exec.LookPath("pg_dump")
	if err != nil {
		t.Skip("no pg_dump on this machine")
	}
	version, err := exec.Command(path, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	server := conn.PgConn().ParameterStatus("server_version")
	if fields := strings.Fields(string(version)); major(fields[2]) < major(server) {
		t.Skipf("pg_dump %s does not dump PostgreSQL %s", fields[2], server)
	}
	c := conn.Config()
	cmd := exec.CommandContext(t.Context(), path, append(options, "--schema-only", "--no-owner", "--no-privileges",
		"--host="+c.Host, "--port="+strconv.Itoa(int(c.Port)), "--username="+c.User, c.Database)...)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+c.Password)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("pg_dump: %s", exit.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func major(version string) int {
	n, _ := strconv.Atoi(strings.FieldsFunc(version, func(r rune) bool { return r < '0' || r > '9' })[0])
	return n
}

// load makes a fresh database of the DDL and returns a session in it.
func load(t testing.TB, server *postgres.Server, name string, ddl []byte) *pgx.Conn {
	t.Helper()
	d := testenv.Scratch(t, server)
	if _, err := d.Load(t.Context(), name, ddl, postgres.LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	return session(t, d)
}

// corpus returns the hand-written DDL files.
func corpus(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/corpus/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	return files
}
