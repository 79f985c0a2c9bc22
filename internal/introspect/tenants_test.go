package introspect_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/testenv"
)

const tenantDDL = `CREATE TYPE mood AS ENUM ('sad', 'ok');
	CREATE TABLE person (id serial PRIMARY KEY, name varchar(50) NOT NULL CHECK (name <> ''), m mood DEFAULT 'ok');
	CREATE TABLE visit (id bigint GENERATED ALWAYS AS IDENTITY, person integer REFERENCES person, at date DEFAULT now());
	CREATE INDEX ON visit (person) WHERE at > '2000-01-01';
	CREATE VIEW people AS SELECT name FROM person;
	CREATE FUNCTION greet(person) RETURNS text LANGUAGE sql AS $$ SELECT 'hello' $$;`

// makeTenants makes n schemas tenant_0, tenant_1, ... with the same structure.
func makeTenants(t testing.TB, conn *pgx.Conn, n int) {
	t.Helper()
	for i := range n {
		execute(t, conn, fmt.Sprintf(`CREATE SCHEMA tenant_%d; SET search_path = tenant_%d; %s`, i, i, tenantDDL))
	}
}

func TestOneSchemaAmongManyIsReadAlone(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	makeTenants(t, conn, 30)
	execute(t, conn, `SET search_path = tenant_7; ALTER TABLE tenant_7.visit ADD special text`)
	var first schema.Facts
	for _, name := range []string{"tenant_3", "tenant_11", "tenant_7"} {
		d := read(t, conn, name)
		if len(d.Tables) != 2 || len(d.Enums) != 1 || len(d.Functions) != 1 || len(d.Views) != 1 || !slices.Equal(d.Schemas, []string{name}) {
			t.Errorf("%s has %d tables, %d enums, %d functions, %d views in %v; want 2, 1, 1, 1 in it alone",
				name, len(d.Tables), len(d.Enums), len(d.Functions), len(d.Views), d.Schemas)
		}
		f := facts(t, d, schema.Mapping{Schemas: map[string]string{name: "s"}})
		if first == nil {
			first = f
		}
		if name == "tenant_7" {
			if only := f.Minus(first); len(only) != 2 {
				t.Errorf("the schema that differs has %d facts of its own, want a column and its type: %v", len(only), only)
			}
			continue
		}
		sameFacts(t, name, f, first)
	}
	if all := read(t, conn); len(all.Schemas) != 31 || len(all.Tables) != 60 {
		t.Errorf("without names %d schemas and %d tables were read, want 31 and 60", len(all.Schemas), len(all.Tables))
	}
}

func TestAForeignKeyIntoASchemaThatIsNotRead(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `CREATE SCHEMA shared; CREATE TABLE shared.code (a int, b int, PRIMARY KEY (b, a)); CREATE TYPE shared.mood AS ENUM ('x');
		CREATE SCHEMA own; CREATE TABLE own.t (x int, y int, m shared.mood DEFAULT 'x', FOREIGN KEY (x, y) REFERENCES shared.code)`)
	f := facts(t, read(t, conn, "own"), schema.Mapping{})
	for _, want := range []schema.Fact{
		{Kind: schema.KindForeignKey, Schema: "own", Table: "t", Detail: "(x, y) references shared.code (b, a)"},
		{Kind: schema.KindColumnType, Schema: "own", Table: "t", Name: "m", Detail: "shared.mood"},
	} {
		if !f.Has(want) {
			t.Errorf("%s is missing among\n%s", want, text(f))
		}
	}
}

func TestObjectsOfExtensionsAreCountedAndAreNoFacts(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	if _, err := conn.Exec(t.Context(), `CREATE EXTENSION pg_trgm`); err != nil {
		t.Skipf("no pg_trgm on this machine: %v", err)
	}
	execute(t, conn, `CREATE TABLE t (a text); CREATE INDEX ON t USING gin (a gin_trgm_ops)`)
	f, coverage, err := read(t, conn).Facts(schema.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	if n := f.Count(); n[schema.KindFunction] != 0 || n[schema.KindExtension] != 1 {
		t.Errorf("%d functions and %d extensions, want 0 and 1", n[schema.KindFunction], n[schema.KindExtension])
	}
	want := schema.Fact{Kind: schema.KindIndex, Schema: "public", Table: "t", Detail: "gin (a public.gin_trgm_ops)"}
	if !f.Has(want) {
		t.Errorf("%s is missing among\n%s", want, text(f))
	}
	if !slices.ContainsFunc(coverage.NotJudged, func(n schema.NotJudged) bool { return n.What == "objects of extensions" && n.Count > 10 }) {
		t.Errorf("the extension's objects are not counted: %v", coverage.NotJudged)
	}
}

func TestWhatIsNotJudgedIsCounted(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `CREATE TABLE t (a int, b int) WITH (fillfactor = 70);
		COMMENT ON TABLE t IS 'x'; COMMENT ON COLUMN t.a IS 'y'; GRANT SELECT ON t TO PUBLIC; GRANT UPDATE (a) ON t TO PUBLIC;
		ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; CREATE STATISTICS s ON a, b FROM t;
		CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING; CREATE AGGREGATE g (int) (SFUNC = int4pl, STYPE = int);
		CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq); CREATE COLLATION co (locale = 'C');
		CREATE TEXT SEARCH CONFIGURATION tc (COPY = english); CREATE UNLOGGED TABLE u (a int);
		CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE INDEX broken ON ONLY p (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)`)
	_, coverage, err := read(t, conn).Facts(schema.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]int)
	for _, n := range coverage.NotJudged {
		got[n.What] += n.Count
	}
	for what, want := range map[string]int{
		"comments": 2, "privileges of tables, views and sequences": 1, "privileges of columns": 1, "constraints": 1,
		"statistics objects": 1, "rules": 1, "aggregates": 1, "operators": 1, "collations": 1, "text search configurations": 1,
		"unlogged tables and sequences": 1, "storage parameters of tables and options of views": 1,
	} {
		if got[what] != want {
			t.Errorf("%d %s are counted, want %d", got[what], what, want)
		}
	}
}

func TestARoleThatMayOnlyConnectReadsTheStructure(t *testing.T) {
	server := testenv.Postgres(t)
	owner, other := connect(t, server), connect(t, server)
	execute(t, owner, `CREATE SCHEMA private; REVOKE ALL ON SCHEMA private FROM PUBLIC; SET search_path = private;`+tenantDDL)
	execute(t, owner, `GRANT CONNECT ON DATABASE `+owner.Config().Database+` TO `+other.Config().User)
	defer execute(t, owner, `REVOKE ALL ON DATABASE `+owner.Config().Database+` FROM `+other.Config().User)
	c := other.Config().Copy()
	c.Database = owner.Config().Database
	stranger, err := pgx.ConnectConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close(context.WithoutCancel(t.Context()))
	if _, err := stranger.Exec(t.Context(), `SELECT FROM private.person`); err == nil {
		t.Error("the stranger reads the table; the test tests nothing")
	}
	sameFacts(t, "read by a stranger", facts(t, read(t, stranger, "private"), schema.Mapping{}), facts(t, read(t, owner, "private"), schema.Mapping{}))
}

func TestSettingsOfTheSessionDoNotChangeFacts(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, tenantDDL+`CREATE TABLE odd (t timestamptz DEFAULT '2020-06-01 12:00+00', i interval DEFAULT '1 day', f float8 DEFAULT 0.1::float8,
		b bytea DEFAULT '\xff', d date DEFAULT '2020-12-31', CHECK (t > '2001-01-01 00:00+00'));`)
	want := facts(t, read(t, conn), schema.Mapping{})
	execute(t, conn, `SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; SET IntervalStyle = 'iso_8601'; SET bytea_output = 'escape';
		SET extra_float_digits = 0; SET quote_all_identifiers = on; SET search_path = public, pg_catalog`)
	sameFacts(t, "with other settings", facts(t, read(t, conn), schema.Mapping{}), want)
	var zone string
	if err := conn.QueryRow(t.Context(), `SHOW TimeZone`).Scan(&zone); err != nil || zone != "Asia/Tokyo" {
		t.Errorf("afterwards the time zone is %q (error %v), want the session's own", zone, err)
	}
}

func TestWhatCannotBeReadIsSaidInOneSentence(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	makeTenants(t, conn, 12)
	_, err := introspect.Read(t.Context(), conn, introspect.Options{Schemas: []string{"tenant_1", "tenant_99"}})
	if err == nil || !strings.Contains(err.Error(), `has no schema "tenant_99"; it has "public", "tenant_0"`) || !strings.HasSuffix(err.Error(), "and 3 more") {
		t.Errorf("an unknown schema gives the error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := introspect.Read(ctx, conn, introspect.Options{}); err == nil || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("a cancelled context gives the error %v", err)
	}
}

// The cost of one schema should not grow with its neighbours.
func BenchmarkOneSchemaAmong(b *testing.B) {
	for _, n := range []int{1, 100, 400} {
		b.Run(fmt.Sprintf("%d tenants", n), func(b *testing.B) {
			conn := connect(b, testenv.Postgres(b))
			makeTenants(b, conn, n)
			for b.Loop() {
				read(b, conn, "tenant_0")
			}
		})
	}
}
