package provision_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/internal/postgres"
)

// photo is what a database holds. Two of them are compared as text; none of it but structure and sums comes from the code under test.
type photo struct {
	// catalog has a checksum of the rows of each system catalog with their object ids and file numbers, rows one of the rows of each table with
	// their places and the transactions that wrote them. A transaction that was rolled back leaves both as they were; one
	// that was undone by another transaction does not.
	catalog, rows map[string]string
	logical
}

// logical is what anybody sees who asks by SQL: equal after a rollback, too.
type logical struct {
	structure string            // as memento sees it
	sums      map[string]string // as memento sums rows up
	schema    []string          // what pg_dump --schema-only prints, nil where there is no pg_dump
	copies    map[string]string // COPY of each table, sorted
	sequences map[string]string // where each sequence is
}

// quick takes the parts that only rolling a transaction back leaves as they were: they include all else.
func quick(t testing.TB, conn *pgx.Conn) photo {
	t.Helper()
	return photo{catalog: catalogs(t, conn), rows: places(t, conn), logical: logical{sequences: sequences(t, conn)}}
}

// full takes everything.
func full(t testing.TB, d *tenant, conn *pgx.Conn) photo {
	t.Helper()
	p := quick(t, conn)
	p.logical = seen(t, d, conn)
	return p
}

// seen takes what anybody sees.
func seen(t testing.TB, d *tenant, conn *pgx.Conn) logical {
	t.Helper()
	structure, err := memento.Structure(t.Context(), conn, schemasOf(t, conn))
	if err != nil {
		t.Fatal(err)
	}
	return logical{string(structure), sums(t, conn), dump(t, d, "--schema-only"), copies(t, conn), sequences(t, conn)}
}

// same fails where two photos of one kind differ, and says where.
func same[P photo | logical](t testing.TB, when string, want, got P) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(photo{}, logical{})); diff != "" {
		t.Fatalf("%s: the database is not what it was (-was +is):\n%.6000s", when, diff)
	}
}

// pairs reads rows of two texts.
func pairs(t testing.TB, conn *pgx.Conn, sql string) map[string]string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	var key, value string
	if _, err := pgx.ForEachRow(rows, []any{&key, &value}, func() error {
		out[key] = value
		return nil
	}); err != nil {
		t.Fatalf("%v in %.300s", err, sql)
	}
	return out
}

// union asks for a name and a value for each name.
func union(t testing.TB, conn *pgx.Conn, names, each string) map[string]string {
	t.Helper()
	var parts []string
	for name := range pairs(t, conn, names) {
		parts = append(parts, strings.ReplaceAll(each, "@", name))
	}
	if len(parts) == 0 {
		return map[string]string{}
	}
	return pairs(t, conn, strings.Join(parts, " UNION ALL "))
}

const (
	ownTables = `SELECT c.oid::regclass::text, c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`
	ownCatalogs = `SELECT relname::text, '' FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' AND NOT relisshared
		AND has_table_privilege(oid, 'SELECT') AND relname <> 'pg_class'`
	ownSequences = `SELECT oid::regclass::text, '' FROM pg_class WHERE relkind = 'S'`

	// hashed is the text of a row as two numbers that do not depend on the order of rows.
	hashed = `count(*) || ' ' || coalesce(sum(hashtextextended(x, 1)), 0) || ' ' || coalesce(sum(hashtextextended(x, 2)), 0)`
)

// large are catalogs with thousands of rows of PostgreSQL's own, which have lower ids, by the column that has the id.
var large = map[string]string{
	"pg_rewrite": "oid", "pg_proc": "oid", "pg_operator": "oid", "pg_type": "oid", "pg_amproc": "oid", "pg_conversion": "oid", "pg_collation": "oid",
	"pg_aggregate": "aggfnoid::oid", "pg_description": "objoid", "pg_attribute": "attrelid",
}

// catalogs sums up the system catalogs. Left out is what PostgreSQL writes into pg_class outside of transactions.
func catalogs(t testing.TB, conn *pgx.Conn) map[string]string {
	t.Helper()
	parts := []string{`SELECT 'pg_class', ` + hashed + ` FROM (SELECT (to_jsonb(c) - '{relpages,reltuples,relallvisible,relallfrozen,relhasindex,relhasrules,
		relhastriggers,relfrozenxid,relminmxid}'::text[])::text AS x FROM pg_class c WHERE oid >= 16384) s`}
	for name := range pairs(t, conn, ownCatalogs) {
		from := name + " t"
		if id, ok := large[name]; ok {
			from += " WHERE " + id + " >= 16384"
		}
		parts = append(parts, `SELECT '`+name+`', `+hashed+` FROM (SELECT t::text AS x FROM `+from+`) s`)
	}
	return pairs(t, conn, strings.Join(parts, " UNION ALL "))
}

// places sums up the rows with where they are and who wrote them.
func places(t testing.TB, conn *pgx.Conn) map[string]string {
	t.Helper()
	return union(t, conn, ownTables, `SELECT '@', `+hashed+` FROM (SELECT concat(ctid, ' ', xmin, ' ', t::text) AS x FROM ONLY @ t) s`)
}

func sequences(t testing.TB, conn *pgx.Conn) map[string]string {
	t.Helper()
	return union(t, conn, ownSequences, `SELECT '@', last_value || ' ' || is_called FROM @`)
}

// copies copies every table, with the names of its columns, its lines sorted.
func copies(t testing.TB, conn *pgx.Conn) map[string]string {
	t.Helper()
	out := make(map[string]string)
	for name := range pairs(t, conn, ownTables) {
		var b bytes.Buffer
		if _, err := conn.PgConn().CopyTo(t.Context(), &b, "COPY (SELECT * FROM ONLY "+name+") TO STDOUT (HEADER)"); err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(b.String(), "\n")
		slices.Sort(lines[1:])
		out[name] = strings.Join(lines, "")
	}
	return out
}

// sums are memento's checksums of all tables.
func sums(t testing.TB, conn *pgx.Conn) map[string]string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT n.nspname::text, c.relname::text, array_agg(a.attname::text ORDER BY a.attnum)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' GROUP BY 1, 2`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (memento.Table, error) {
		var (
			table   memento.Table
			columns []string
		)
		err := row.Scan(&table.Schema, &table.Name, &columns)
		for _, name := range columns {
			table.Columns = append(table.Columns, memento.Column{Name: name})
		}
		return table, err
	})
	if err != nil {
		t.Fatal(err)
	}
	list, err := memento.Checksums(t.Context(), conn, tables)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	for name, sum := range list {
		out[name.String()] = fmt.Sprint(sum)
	}
	return out
}

func schemasOf(t testing.TB, conn *pgx.Conn) []string {
	t.Helper()
	var out []string
	for name := range pairs(t, conn, `SELECT nspname::text, '' FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'`) {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// withoutDump is said once.
var withoutDump sync.Once

// dump runs pg_dump, nil where the installation has none. What it draws by chance is left out.
func dump(t testing.TB, d *tenant, args ...string) []string {
	t.Helper()
	bins, err := postgres.Find("")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(bins.Dir, "pg_dump")
	if _, err := os.Stat(program); err != nil {
		withoutDump.Do(func() { t.Logf("nothing is compared with pg_dump: %v", err) })
		return nil
	}
	out, err := exec.CommandContext(context.WithoutCancel(t.Context()), program, append(args, d.dsn)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(strings.SplitAfter(string(out), "\n"), func(line string) bool {
		return strings.HasPrefix(line, `\restrict `) || strings.HasPrefix(line, `\unrestrict `)
	})
}
