package fill_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/internal/testenv/fill"
)

func execute(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%v in %s", err, sql)
	}
}

// ask returns the one value of the query's one row.
func ask[T any](t testing.TB, conn *pgx.Conn, sql string) T {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%v in %s", err, sql)
	}
	return v
}

// contents is every row of every table, as text.
func contents(t testing.TB, conn *pgx.Conn, report fill.Report) string {
	t.Helper()
	var b strings.Builder
	names := slices.SortedFunc(maps.Keys(report.Rows), func(a, b fill.Table) int { return strings.Compare(a.String(), b.String()) })
	for _, n := range names {
		b.WriteString(ask[string](t, conn, fmt.Sprintf("SELECT coalesce(string_agg(x::text, E'\\n' ORDER BY x.ctid), '') FROM %s AS x",
			pgx.Identifier{n.Schema, n.Name}.Sanitize())))
	}
	return b.String()
}

func noGaps(t testing.TB, report fill.Report) {
	t.Helper()
	for _, gap := range report.Gaps {
		t.Errorf("%s has no rows: %s", gap.Table, gap.Reason)
	}
}

// pairs repeats the format for the numbers below n.
func pairs(n int, format string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf(format, i)
	}
	return strings.Join(parts, ", ")
}

// A structure and a query that is true when the rows are as they should be.
var structures = []struct{ name, ddl, holds string }{
	{
		"a table that must point to itself",
		`CREATE TABLE t (id int PRIMARY KEY, parent int NOT NULL REFERENCES t)`,
		`SELECT count(*) = 10 AND bool_or(parent <> id) FROM t`,
	},
	{
		"a cycle of three tables, none of which may be NULL",
		`CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL); CREATE TABLE b (id int PRIMARY KEY, c text NOT NULL);
		CREATE TABLE c (id text PRIMARY KEY, a int NOT NULL REFERENCES a); ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b; ALTER TABLE b ADD FOREIGN KEY (c) REFERENCES c`,
		`SELECT (SELECT count(*) FROM a) = 10 AND (SELECT count(*) FROM b) = 10 AND (SELECT count(*) FROM c) = 10`,
	},
	{
		"a cycle that NULL breaks has both NULL and rows that point on",
		`CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a); ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b`,
		`SELECT bool_or(a.b IS NULL) AND bool_or(a.b IS NOT NULL) AND bool_or(b.a IS NULL) AND bool_or(b.a IS NOT NULL) FROM a, b`,
	},
	{
		"a deferred cycle",
		`CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL); CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a DEFERRABLE INITIALLY DEFERRED);
		ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE INITIALLY DEFERRED`,
		`SELECT count(*) = 100 FROM a, b`,
	},
	{
		"two composite foreign keys that share a column",
		`CREATE TABLE a (p int, x int, PRIMARY KEY (p, x)); CREATE TABLE b (p int, y text, UNIQUE (p, y));
		CREATE TABLE c (p int NOT NULL, x int NOT NULL, y text, FOREIGN KEY (p, x) REFERENCES a, FOREIGN KEY (p, y) REFERENCES b (p, y))`,
		`SELECT count(*) = 10 AND bool_or(y IS NOT NULL) FROM c`,
	},
	{
		"MATCH FULL is all NULL or not at all",
		`CREATE TABLE a (x int, y int, PRIMARY KEY (x, y)); CREATE TABLE b (x int, y int, FOREIGN KEY (x, y) REFERENCES a MATCH FULL)`,
		`SELECT bool_and((x IS NULL) = (y IS NULL)) AND bool_or(x IS NULL) AND bool_or(x IS NOT NULL) FROM b`,
	},
	{
		"a foreign key to a unique index, not to the primary key",
		`CREATE TABLE a (id int PRIMARY KEY, code text NOT NULL); CREATE UNIQUE INDEX ON a (code); CREATE TABLE b (code text NOT NULL REFERENCES a (code))`,
		`SELECT count(*) = 10 FROM b`,
	},
	{
		"a key that is a foreign key",
		`CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY REFERENCES a); CREATE TABLE c (id int PRIMARY KEY REFERENCES b REFERENCES a)`,
		`SELECT (SELECT count(*) FROM b) = 10 AND (SELECT count(*) FROM c) = 10`,
	},
	{
		"a key of few values gives few rows",
		`CREATE TABLE t (a bool, b bool, PRIMARY KEY (a, b)); CREATE TABLE one (it bool PRIMARY KEY CHECK (it))`,
		`SELECT (SELECT count(*) FROM t) = 4 AND (SELECT count(*) FROM one) = 1`,
	},
	{
		"unique indexes over an expression, with a condition, without distinct NULLs, deferred",
		`CREATE TABLE t (a text NOT NULL, b int, c int, d int UNIQUE DEFERRABLE INITIALLY DEFERRED, UNIQUE NULLS NOT DISTINCT (c));
		CREATE UNIQUE INDEX ON t (lower(left(a, 2))); CREATE UNIQUE INDEX ON t ((b % 11)) WHERE b > 0`,
		`SELECT count(*) >= 8 FROM t`,
	},
	{
		"an exclusion constraint",
		`CREATE TABLE t (during daterange NOT NULL, EXCLUDE USING gist (during WITH &&))`,
		`SELECT count(*) >= 5 FROM t`,
	},
	{
		"generated and identity columns and sequences that go on behind the rows",
		`CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n serial, half numeric GENERATED ALWAYS AS (coalesce(price, 0) / 2) STORED UNIQUE, price numeric(8,2));
		CREATE TABLE down (id int PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY (INCREMENT -1 MAXVALUE 100 MINVALUE -100 START 100))`,
		`WITH i AS (INSERT INTO t (price) VALUES (999999) RETURNING id, n), j AS (INSERT INTO down DEFAULT VALUES RETURNING id)
			SELECT i.id > 10 AND i.n > 10 AND (SELECT count(*) FROM down) = 10 FROM i, j`,
	},
	{
		"checks of the common forms",
		`CREATE TABLE t (a int NOT NULL CHECK (a BETWEEN 10 AND 12), b text NOT NULL CHECK (b IN ('x', 'y z', 'it''s')), c text NOT NULL CHECK (char_length(c) = 32),
			d date NOT NULL CHECK (d >= '2031-05-01' AND d < '2031-06-01'), e bytea NOT NULL CHECK (octet_length(e) = 20), f numeric(5,2) NOT NULL CHECK (f > 0 AND f <= 1),
			g int, h int, i int, CHECK (num_nonnulls(g, h, i) = 1), j timestamptz NOT NULL, k timestamptz NOT NULL, CHECK (j < k),
			l text, m text, CHECK ((l = 'on') = (m IS NOT NULL)), n jsonb NOT NULL CHECK (jsonb_typeof(n) = 'object'), o text NOT NULL CHECK (o ~ '^[0-9]{6}$'),
			p int[] NOT NULL CHECK (cardinality(p) BETWEEN 1 AND 2), q text CHECK (q IS NOT NULL), r int CHECK (r > 5 OR r IS NULL AND a = 10))`,
		`SELECT count(*) >= 10 AND bool_or(g IS NOT NULL) AND bool_or(h IS NOT NULL) AND bool_or(i IS NOT NULL) AND bool_or(l = 'on') FROM t`,
	},
	{
		"a column that may be NULL in rare company only is NULL somewhere",
		`CREATE TABLE t (a int, b int NOT NULL, c int NOT NULL, CHECK (a IS NULL AND b = 7 AND c = 1 OR a IS NOT NULL AND b > 100))`,
		`SELECT bool_or(a IS NULL) AND bool_or(a IS NOT NULL) FROM t`,
	},
	{
		"many checks that no single draw satisfies",
		`CREATE TABLE t (` + pairs(14, "a%[1]d text, b%[1]d int, CHECK ((a%[1]d IS NULL) = (b%[1]d IS NOT NULL))") + `)`,
		`SELECT count(*) >= 8 FROM t`,
	},
	{
		"a check that stumbles over most values",
		`CREATE TABLE t (a text NOT NULL CHECK (a::int > 5), b int)`,
		`SELECT count(*) >= 5 FROM t`,
	},
	{
		"partitions by range, list and hash, with a default one, and a table that points to them",
		`CREATE TABLE p (id int, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
		CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2024-02-01'); CREATE TABLE p2 PARTITION OF p DEFAULT;
		CREATE TABLE l (kind text, n int) PARTITION BY LIST (kind); CREATE TABLE l1 PARTITION OF l FOR VALUES IN ('a', 'b') PARTITION BY HASH (n);
		CREATE TABLE l10 PARTITION OF l1 FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE l11 PARTITION OF l1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
		CREATE TABLE l2 PARTITION OF l FOR VALUES IN (NULL);
		CREATE TABLE r (id int, at timestamptz, FOREIGN KEY (id, at) REFERENCES p)`,
		`SELECT (SELECT count(*) FROM p1) = 10 AND (SELECT count(*) FROM p2) = 10 AND (SELECT count(*) FROM l10) = 10 AND (SELECT count(*) FROM l2) = 10
			AND (SELECT count(id) FROM r) > 0`,
	},
	{
		"a table that inherits",
		`CREATE TABLE base (id int PRIMARY KEY, note text); CREATE TABLE child (more int) INHERITS (base); CREATE TABLE r (id int NOT NULL REFERENCES base)`,
		`SELECT (SELECT count(*) FROM ONLY base) = 10 AND (SELECT count(*) FROM child) = 10`,
	},
	{
		"odd names",
		`CREATE SCHEMA "My Schema"; CREATE TABLE "My Schema"."it's ""x""" ("Größe %s" int PRIMARY KEY, "select" text CHECK ("select" <> ''), "a.b" int REFERENCES "My Schema"."it's ""x""")`,
		`SELECT count(*) = 10 FROM "My Schema"."it's ""x"""`,
	},
	{
		"a table without columns, and one whose columns are all generated",
		`CREATE TABLE nothing (); CREATE TABLE made (a int GENERATED ALWAYS AS (1 + 1) STORED)`,
		`SELECT (SELECT count(*) FROM nothing) = 10 AND (SELECT sum(a) FROM made) = 20`,
	},
}

func TestStructuresThatAreHardToFillAreFilled(t *testing.T) {
	for _, server := range testenv.PostgresVersionsIfLong(t) {
		for _, s := range structures {
			t.Run(s.name+" on "+server.Version(), func(t *testing.T) {
				conn := connect(t, server, s.name, []byte(s.ddl))
				noGaps(t, rows(t, conn, fill.Options{RowsPerTable: 10, Seed: 1}))
				if !ask[bool](t, conn, s.holds) {
					t.Errorf("not true: %s", s.holds)
				}
			})
		}
	}
}

const everyType = `CREATE TYPE mood AS ENUM ('sad', 'it''s', 'größe'); CREATE DOMAIN rate AS numeric(5,2) NOT NULL CHECK (VALUE BETWEEN 0 AND 100);
	CREATE DOMAIN code AS varchar(6) CHECK (VALUE ~ '^[a-z]+$') CHECK (length(VALUE) > 1); CREATE TYPE pair AS (a int, m mood, list text[], c code);
	CREATE TYPE span AS RANGE (subtype = float8);
	CREATE TABLE everything (i2 int2, i4 int4, i8 int8, num numeric, num2 numeric(12,3), num3 numeric(3,0), num4 numeric(2,4), num5 numeric(4,-2), f4 float4, f8 float8, b bool,
		t text, v varchar, v3 varchar(3), c char(5), c1 char, d date, tm time, tz timetz, ts timestamp, ts0 timestamp(0), tstz timestamptz, iv interval, ivd interval day to second, ba bytea,
		js json, jb jsonb, u uuid, ip inet, net cidr, mac macaddr, mac8 macaddr8, ai int[], at text[], av varchar(2)[], aj jsonb[], am mood[], m mood, r rate DEFAULT 1, co code, p pair, ap pair[],
		r4 int4range, rn numrange, rd daterange, rts tsrange, mr int4multirange, sp span, tv tsvector, tq tsquery, b4 bit(4), vb varbit(9), pt point, l line, ls lseg, bx box,
		pa path, po polygon, ci circle, mo money, o oid, n name, ch "char", lsn pg_lsn, jp jsonpath, rc regclass, abx box[])`

func TestEveryTypeHasValuesAndNULL(t *testing.T) {
	for _, server := range testenv.PostgresVersionsIfLong(t) {
		t.Run(server.Version(), func(t *testing.T) {
			conn := connect(t, server, "types", []byte(everyType))
			noGaps(t, rows(t, conn, fill.Options{RowsPerTable: 80, Seed: 3}))
			for _, column := range oneSided(t, conn) {
				t.Error(column)
			}
			for what, sql := range map[string]string{
				"an empty string":                `SELECT bool_or(t = '') FROM everything`,
				"a character beyond 16 bits":     `SELECT bool_or(t ~ '[\U00010000-\U0010ffff]') FROM everything`,
				"a backslash":                    `SELECT bool_or(t LIKE '%\\%') FROM everything`,
				"a line break":                   `SELECT bool_or(t LIKE E'%\n%') FROM everything`,
				"a full varchar":                 `SELECT bool_or(length(v3) = 3) FROM everything`,
				"the largest integer":            `SELECT bool_or(i8 = 9223372036854775807) FROM everything`,
				"an empty array":                 `SELECT bool_or(ai = '{}') FROM everything`,
				"a NULL in an array":             `SELECT bool_or(at::text ~ 'NULL') FROM everything`,
				"three labels":                   `SELECT count(DISTINCT m) = 3 FROM everything`,
				"an infinite or very early time": `SELECT bool_or(NOT isfinite(ts) OR ts < '0001-01-01') FROM everything`,
			} {
				if !ask[bool](t, conn, sql) {
					t.Errorf("no row has %s", what)
				}
			}
		})
	}
}

func TestModerateValuesFitOtherTypes(t *testing.T) {
	conn := connect(t, testenv.Postgres(t), "moderate", []byte(`CREATE TABLE t (i2 int2, i4 int4, i8 int8, n numeric, n2 numeric(18,9), f float8, r real, d date, ts timestamp, tz timestamptz, v interval)`))
	noGaps(t, rows(t, conn, fill.Options{RowsPerTable: 300, Moderate: true, Seed: 5}))
	execute(t, conn, `ALTER TABLE t ALTER i4 TYPE int2, ALTER i8 TYPE numeric(18,9), ALTER n TYPE int4, ALTER n2 TYPE numeric(12,9), ALTER f TYPE numeric(12,3), ALTER r TYPE int8, ALTER d TYPE timestamptz`)
	if !ask[bool](t, conn, `SELECT bool_and(coalesce(isfinite(ts) AND isfinite(tz) AND extract(year FROM ts) BETWEEN 1900 AND 2100, true)) FROM t`) {
		t.Error("a time is infinite or far away")
	}
}

func TestTypesOfExtensionsAreFoundByTrying(t *testing.T) {
	conn := connect(t, testenv.Postgres(t), "none", nil)
	for _, name := range []string{"hstore", "ltree", "citext", "cube"} {
		if _, err := conn.Exec(t.Context(), `CREATE EXTENSION `+name); err != nil {
			t.Skipf("no %s on this machine: %v", name, err)
		}
	}
	execute(t, conn, `CREATE TABLE t (h hstore NOT NULL, l ltree NOT NULL, c citext NOT NULL UNIQUE, ah hstore[], q cube NOT NULL)`)
	noGaps(t, rows(t, conn, fill.Options{RowsPerTable: 10, Seed: 1}))
}

func TestTheSameSeedGivesTheSameRowsOnEveryVersionAndAnotherGivesOthers(t *testing.T) {
	var ddl strings.Builder
	ddl.WriteString(everyType + ";")
	for _, s := range structures[:9] {
		name := fmt.Sprintf("s%d", ddl.Len())
		fmt.Fprintf(&ddl, "CREATE SCHEMA %s; SET search_path = %s; %s;", name, name, s.ddl)
	}
	filled := func(server *postgres.Server, seed uint64) string {
		conn := connect(t, server, "structures", nil)
		execute(t, conn, ddl.String())
		return contents(t, conn, rows(t, conn, fill.Options{Seed: seed}))
	}
	servers := testenv.PostgresVersionsIfLong(t)
	want := filled(servers[0], 7)
	for _, server := range servers {
		if filled(server, 7) != want {
			t.Errorf("the same seed gives other rows on %s", server.Version())
		}
	}
	if filled(servers[0], 8) == want {
		t.Error("another seed gives the same rows")
	}
}

func TestOnlyTheSchemasAskedForAreFilledAndFullTablesAreLeftAlone(t *testing.T) {
	conn := connect(t, testenv.Postgres(t), "two", []byte(`CREATE SCHEMA a; CREATE TABLE a.t (id int PRIMARY KEY); CREATE SCHEMA b;
		CREATE TABLE b.t (id int REFERENCES a.t); CREATE TABLE b.must (id int NOT NULL REFERENCES a.t)`))
	report := rows(t, conn, fill.Options{Schemas: []string{"b"}, RowsPerTable: 5})
	if n := ask[int](t, conn, `SELECT count(*) FROM a.t`); n != 0 {
		t.Errorf("the other schema has %d rows, want none", n)
	}
	if len(report.Rows) != 2 || len(report.Gaps) != 1 || report.Gaps[0].Table != (fill.Table{Schema: "b", Name: "must"}) || !strings.Contains(report.Gaps[0].Reason, "must_id_fkey") {
		t.Errorf("the report is %v, want two tables, one of them empty because of must_id_fkey", report)
	}
	execute(t, conn, `INSERT INTO a.t VALUES (77)`)
	report = rows(t, conn, fill.Options{RowsPerTable: 5})
	noGaps(t, report)
	if n := ask[int](t, conn, `SELECT sum(id) FROM b.must`); n != 5*77 {
		t.Errorf("the rows point to %d in all, want five times the one row that was there", n)
	}
	if n := report.Rows[fill.Table{Schema: "a", Name: "t"}]; n != 1 {
		t.Errorf("the table that had a row has %d", n)
	}
}

func TestColumnsThatAreToBeFilledHaveNoNULL(t *testing.T) {
	conn := connect(t, testenv.Postgres(t), "filled", []byte(`CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY REFERENCES a, note text);
		ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b`))
	noGaps(t, rows(t, conn, fill.Options{RowsPerTable: 30, Filled: []fill.Column{{Schema: "public", Table: "a", Name: "b"}, {Schema: "public", Table: "b", Name: "note"}}}))
	if !ask[bool](t, conn, `SELECT (SELECT count(*) = count(b) AND count(*) = 30 FROM a) AND (SELECT count(*) = count(note) FROM b)`) {
		t.Error("a column that is to be filled has NULLs")
	}
}

const guarded = `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
	CREATE TABLE t (id int PRIMARY KEY, p int REFERENCES t);
	CREATE TRIGGER usual BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION refuse(); CREATE TRIGGER "always ""x""" BEFORE INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION refuse();
	ALTER TABLE t ENABLE ALWAYS TRIGGER "always ""x"""; CREATE TRIGGER never BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION refuse(); ALTER TABLE t DISABLE TRIGGER never;
	CREATE TRIGGER replica BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION refuse(); ALTER TABLE t ENABLE REPLICA TRIGGER replica;
	CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
	CREATE RULE swallow AS ON INSERT TO t DO INSTEAD NOTHING;
	ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY nobody ON t USING (false);
	CREATE TABLE p (id int) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1, 2); CREATE TRIGGER usual AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION refuse()`

func TestWhatStandsInTheWayIsPutBackAsItWas(t *testing.T) {
	for _, server := range testenv.PostgresVersionsIfLong(t) {
		t.Run(server.Version(), func(t *testing.T) {
			conn := connect(t, server, "guarded", []byte(guarded))
			state := func() []string {
				t.Helper()
				answer, err := conn.Query(t.Context(), `
					SELECT format('%s %s %s', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
					UNION ALL SELECT format('%s %s %s', ev_class::regclass, rulename, ev_enabled) FROM pg_rewrite WHERE rulename = 'swallow'
					UNION ALL SELECT format('%s %s %s', oid::regclass, relrowsecurity, relforcerowsecurity) FROM pg_class WHERE relname IN ('t', 'p', 'p1') ORDER BY 1`)
				if err != nil {
					t.Fatal(err)
				}
				list, err := pgx.CollectRows(answer, pgx.RowTo[string])
				if err != nil {
					t.Fatal(err)
				}
				return list
			}
			settings := func() string {
				return ask[string](t, conn, `SELECT current_setting('TimeZone') || current_setting('search_path') || current_setting('DateStyle') || current_setting('jit')`)
			}
			execute(t, conn, `SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'`)
			before, setBefore := state(), settings()
			report := rows(t, conn, fill.Options{RowsPerTable: 6})
			noGaps(t, report)
			if n := report.Rows[fill.Table{Schema: "public", Name: "t"}]; n != 6 {
				t.Errorf("the guarded table has %d rows, want 6", n)
			}
			if after := state(); !slices.Equal(after, before) {
				t.Errorf("got %q, want %q", after, before)
			}
			if after := settings(); after != setBefore {
				t.Errorf("the session's settings are %q, want %q", after, setBefore)
			}
		})
	}
}

func TestFillingChangesNoStructure(t *testing.T) {
	testenv.Schemas(t)
	conn := connect(t, testenv.Postgres(t), "osm_website_2021", real(t, "osm_website_2021"))
	facts := func() schema.Facts {
		d, err := introspect.Read(t.Context(), conn, introspect.Options{})
		if err != nil {
			t.Fatal(err)
		}
		f, _, err := d.Facts(schema.Mapping{})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	before := facts()
	rows(t, conn, fill.Options{RowsPerTable: 8})
	if after := facts(); !slices.Equal(after, before) {
		t.Errorf("%d facts are gone and %d are new", len(before.Minus(after)), len(after.Minus(before)))
	}
}

func TestATableThatNobodyCanFillIsAGapWithTheServersReason(t *testing.T) {
	conn := connect(t, testenv.Postgres(t), "gaps", []byte(`
		CREATE TABLE never (a int NOT NULL CONSTRAINT contradiction CHECK (a > 5 AND a < 3), id int PRIMARY KEY);
		CREATE TABLE hollow (a int) PARTITION BY LIST (a); CREATE TABLE behind (id int NOT NULL CONSTRAINT to_never REFERENCES never); CREATE TABLE fine (a int)`))
	report := rows(t, conn, fill.Options{RowsPerTable: 5})
	want := map[string]string{"public.never": "contradiction", "public.hollow": "no partition", "public.behind": "to_never"}
	if len(report.Gaps) != len(want) {
		t.Errorf("%d gaps, want %d: %v", len(report.Gaps), len(want), report.Gaps)
	}
	for _, gap := range report.Gaps {
		if part := want[gap.Table.String()]; part == "" || !strings.Contains(gap.Reason, part) {
			t.Errorf("%s has no rows because %q, want a word of %q", gap.Table, gap.Reason, part)
		}
	}
	if n := report.Rows[fill.Table{Schema: "public", Name: "fine"}]; n != 5 {
		t.Errorf("the table beside them has %d rows, want 5", n)
	}
}

func TestErrorsSayWhatHappenedAndChangeNothing(t *testing.T) {
	conn := connect(t, testenv.Postgres(t), "one", []byte(`CREATE TABLE t (a int)`))
	for _, n := range []int{-1, 10_001} {
		if _, err := fill.Rows(t.Context(), conn, fill.Options{RowsPerTable: n}); err == nil || !strings.Contains(err.Error(), "between 1 and 10000") {
			t.Errorf("%d rows give the error %v", n, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := fill.Rows(ctx, conn, fill.Options{}); err == nil || !strings.Contains(err.Error(), "could not be filled") {
		t.Errorf("a cancelled context gives the error %v", err)
	}
}
