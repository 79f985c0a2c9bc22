package memento_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/memento"
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
	must(t, err)
	t.Cleanup(func() { conn.Close(t.Context()) })
	return conn
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func execute(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%v in %.200s", err, sql)
	}
}

// load makes a fresh database of a real schema and returns a session in it.
func load(t testing.TB, server *postgres.Server, name string) *pgx.Conn {
	t.Helper()
	ddl, err := os.ReadFile(filepath.Join(testenv.Schemas(t), "ddl", name+".sql"))
	must(t, err)
	d := testenv.Scratch(t, server)
	if _, err := d.Load(t.Context(), name, ddl, postgres.LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	return session(t, d)
}

// schemas are those of the database that are not the system's.
func schemas(t testing.TB, conn *pgx.Conn) []string {
	t.Helper()
	var list []string
	must(t, conn.QueryRow(t.Context(), `SELECT array_agg(nspname::text) FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'`).Scan(&list))
	return list
}

func structure(t testing.TB, conn *pgx.Conn) []byte {
	t.Helper()
	b, err := memento.Structure(t.Context(), conn, schemas(t, conn))
	must(t, err)
	return b
}

// same fails the test where two structures differ.
func same(t testing.TB, what string, before, after []byte) {
	t.Helper()
	if d := memento.Diff(before, after); len(d) > 0 {
		t.Errorf("%s:\n%s", what, strings.Join(d, "\n"))
	}
}

// dump returns what pg_dump writes of a database, and skips the test where the machine has no pg_dump for the server's version.
func dump(t testing.TB, conn *pgx.Conn, options ...string) string {
	t.Helper()
	path, err := exec.LookPath("pg_dump")
	if err != nil {
		t.Skip("no pg_dump on this machine")
	}
	version, err := exec.Command(path, "--version").Output()
	must(t, err)
	server := conn.PgConn().ParameterStatus("server_version")
	if fields := strings.Fields(string(version)); major(fields[2]) < major(server) {
		t.Skipf("pg_dump %s does not dump PostgreSQL %s", fields[2], server)
	}
	c := conn.Config()
	cmd := exec.CommandContext(t.Context(), path, append(options,
		"--host="+c.Host, "--port="+strconv.Itoa(int(c.Port)), "--username="+c.User, c.Database)...)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+c.Password)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("pg_dump: %s", exit.Stderr)
	}
	must(t, err)
	return string(out)
}

func major(version string) int {
	n, _ := strconv.Atoi(strings.FieldsFunc(version, func(r rune) bool { return r < '0' || r > '9' })[0])
	return n
}
