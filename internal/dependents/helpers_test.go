package dependents_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/dependents"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
)

// database is a scratch database with a session of its owner's.
type database struct {
	testing.TB
	server *postgres.Server
	conn   *pgx.Conn
}

// everyVersion runs a test on a scratch database of each version of PostgreSQL that the machine has, made of the DDL.
func everyVersion(t *testing.T, ddl string, test func(*database)) {
	t.Helper()
	for _, server := range testenv.PostgresVersionsIfLong(t) {
		t.Run("PostgreSQL "+strconv.Itoa(server.Major()), func(t *testing.T) { test(open(t, server, ddl)) })
	}
}

func open(t testing.TB, server *postgres.Server, ddl string) *database {
	t.Helper()
	conn, err := testenv.Scratch(t, server).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	d := &database{t, server, conn}
	d.run(ddl)
	return d
}

// run executes statements as a script.
func (d *database) run(sql ...string) {
	d.Helper()
	for _, s := range sql {
		if _, err := d.conn.PgConn().Exec(d.Context(), s).ReadAll(); err != nil {
			d.Fatalf("%v in %s", err, s)
		}
	}
}

// ask returns a set and fails if asking changed a setting.
func (d *database) ask(of func(context.Context, dependents.Querier) (*dependents.Set, error)) *dependents.Set {
	d.Helper()
	set, err := of(d.Context(), d.conn)
	if err != nil {
		d.Fatal(err)
	}
	return set
}

func of(targets ...dependents.Target) func(context.Context, dependents.Querier) (*dependents.Set, error) {
	return func(ctx context.Context, q dependents.Querier) (*dependents.Set, error) {
		return dependents.Of(ctx, q, targets)
	}
}

func ofType(schema, name string) func(context.Context, dependents.Querier) (*dependents.Set, error) {
	return func(ctx context.Context, q dependents.Querier) (*dependents.Set, error) {
		return dependents.OfType(ctx, q, schema, name)
	}
}

// column is public.TABLE.COLUMN, written TABLE.COLUMN.
func column(name string) dependents.Target {
	table, column, _ := strings.Cut(name, ".")
	return dependents.Target{Schema: "public", Table: table, Column: column}
}

// with makes a change between a set's Drop and Restore in one transaction, and returns the set.
func (d *database) with(ask func(context.Context, dependents.Querier) (*dependents.Set, error), change ...string) *dependents.Set {
	d.Helper()
	d.run("BEGIN", "SET LOCAL search_path = ''")
	set := d.ask(ask)
	d.unblocked(set)
	d.run(set.Drop...)
	d.run(change...)
	d.run(set.Own...)
	d.run(set.Restore...)
	d.run(set.Refresh...)
	d.run("COMMIT")
	return set
}

// undo takes a change back with the statements of the set that it was made with.
func (d *database) undo(first *dependents.Set, ask func(context.Context, dependents.Querier) (*dependents.Set, error), change ...string) {
	d.Helper()
	d.run("BEGIN", "SET LOCAL search_path = ''")
	set := d.ask(ask)
	d.unblocked(set)
	d.run(set.Drop...)
	d.run(change...)
	d.run(first.Own...)
	d.run(first.Restore...)
	d.run(first.Refresh...)
	d.run("COMMIT")
}

func (d *database) unblocked(set *dependents.Set) {
	d.Helper()
	for _, b := range set.Blocked {
		d.Fatalf("%s is in the way: %s", b.What, b.Why)
	}
}

// state is what pg_dump shows of the database, where the machine has one for the server, and what the catalog says, which is more.
func (d *database) state() string { return d.dump() + d.picture() }

// dump is what pg_dump writes, or empty if the machine has none for the server's version.
func (d *database) dump(options ...string) string {
	d.Helper()
	path, err := exec.LookPath("pg_dump")
	if err != nil {
		return ""
	}
	version, err := exec.Command(path, "--version").Output()
	if err != nil {
		d.Fatal(err)
	}
	major, _, _ := strings.Cut(strings.Fields(string(version))[2], ".")
	if n, err := strconv.Atoi(major); err != nil || n < d.server.Major() {
		return ""
	}
	c := d.conn.Config()
	cmd := exec.CommandContext(d.Context(), path, append(options, "--schema-only",
		"--host="+c.Host, "--port="+strconv.Itoa(int(c.Port)), "--username="+c.User, c.Database)...)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+c.Password)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		d.Fatalf("pg_dump: %s", exit.Stderr)
	}
	if err != nil {
		d.Fatal(err)
	}
	return nonce.ReplaceAllString(string(out), "")
}

// nonce is the word that newer versions of pg_dump draw for each dump.
var nonce = regexp.MustCompile(`(?m)^\\(un)?restrict .*$`)

// same fails unless two states are equal.
func (d *database) same(what, got, want string) {
	d.Helper()
	if got == want {
		return
	}
	only, gone := lineDifference(got, want)
	d.Errorf("%s: only now:\n%s\nonly before:\n%s", what, strings.Join(only, "\n"), strings.Join(gone, "\n"))
}

// lineDifference is which lines each of two texts has more of than the other.
func lineDifference(a, b string) (onlyA, onlyB []string) {
	count := make(map[string]int)
	for line := range strings.Lines(b) {
		count[line]++
	}
	for line := range strings.Lines(a) {
		if count[line]--; count[line] < 0 {
			onlyA = append(onlyA, line)
		}
	}
	count = make(map[string]int)
	for line := range strings.Lines(a) {
		count[line]++
	}
	for line := range strings.Lines(b) {
		if count[line]--; count[line] < 0 {
			onlyB = append(onlyB, line)
		}
	}
	return onlyA, onlyB
}

// names lists what is blocked.
func names(blocked []dependents.Blocked) []string {
	var list []string
	for _, b := range blocked {
		list = append(list, b.What)
	}
	slices.Sort(list)
	return list
}

// testPostgres is one server, for what does not depend on its version.
func testPostgres(t testing.TB) *postgres.Server {
	t.Helper()
	return testenv.Postgres(t)
}
