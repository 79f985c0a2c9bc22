package introspect_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
)

func design(t testing.TB, conn *pgx.Conn, opts introspect.Options) (*schema.Database, *introspect.Design) {
	t.Helper()
	db, d, err := introspect.ReadDesign(t.Context(), conn, opts)
	if err != nil {
		t.Fatal(err)
	}
	return db, d
}

// needs are "object -> object", or "object is a part of object", one for each need, sorted.
func needs(d *introspect.Design) []string {
	var lines []string
	for _, n := range d.Needs {
		arrow := " -> "
		if n.Part {
			arrow = " is a part of "
		}
		lines = append(lines, n.Object.String()+arrow+n.Needs.String())
	}
	slices.Sort(lines)
	return lines
}

func TestWhatAnObjectNeeds(t *testing.T) {
	tests := []struct {
		name string
		ddl  string
		want []string // all there are
	}{
		{
			"a default needs its function, and a serial column its sequence",
			`CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE t (a int DEFAULT f(), b serial)`,
			[]string{
				`column s.t.a -> function s.f: function () returns integer`,
				`column s.t.b -> sequence s.t.b`,
			},
		},
		{
			"a sequence of nobody's is needed by its name, that of an identity column is the column",
			`CREATE SEQUENCE q; CREATE TABLE t (a int DEFAULT nextval('q'), b int GENERATED ALWAYS AS IDENTITY); CREATE VIEW v AS SELECT last_value FROM t_b_seq`,
			[]string{
				`column s.t.a -> sequence s.q`,
				`view s.v -> column s.t.b`,
			},
		},
		{
			"a check, an index and a generated column need what they compute with",
			`CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';
			 CREATE TABLE t (a int CONSTRAINT c CHECK (f(a) > 0), b int GENERATED ALWAYS AS (f(a)) STORED); CREATE INDEX x ON t (f(a))`,
			[]string{
				`check s.t.c -> column s.t.a`,
				`check s.t.c -> function s.f: function (integer) returns integer`,
				`column s.t.b -> column s.t.a`,
				`column s.t.b -> function s.f: function (integer) returns integer`,
				`index s.t.x -> column s.t.a`,
				`index s.t.x -> function s.f: function (integer) returns integer`,
				`index s.t.x -> table s.t`,
			},
		},
		{
			"views need columns, views and the key by which they group",
			`CREATE TABLE t (a int CONSTRAINT pk PRIMARY KEY, b int, c int); CREATE VIEW v AS SELECT a, b FROM t GROUP BY a;
			 CREATE MATERIALIZED VIEW m AS SELECT a FROM v; CREATE INDEX x ON m (a); CREATE VIEW w AS SELECT t FROM t`,
			[]string{
				`index s.m.x -> view s.m`,
				`primary_key s.t.pk -> column s.t.a`,
				`view s.m -> view s.v`,
				`view s.v -> column s.t.a`,
				`view s.v -> column s.t.b`,
				`view s.v -> primary_key s.t.pk`,
				`view s.w -> table s.t`,
			},
		},
		{
			"a trigger needs its function, and a constraint trigger the other table",
			`CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TABLE t (a int); CREATE TABLE u (a int);
			 CREATE TRIGGER x BEFORE UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION f();
			 CREATE CONSTRAINT TRIGGER y AFTER INSERT ON t FROM u DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f()`,
			[]string{
				`trigger s.t.x -> column s.t.a`,
				`trigger s.t.x -> function s.f: function () returns trigger`,
				`trigger s.t.x -> table s.t`,
				`trigger s.t.y -> function s.f: function () returns trigger`,
				`trigger s.t.y -> table s.t`,
				`trigger s.t.y -> table s.u`,
			},
		},
		{
			"a function needs the types of its arguments, rows and arrays too, and what its body names if the server parsed it",
			`CREATE TYPE mood AS ENUM ('x'); CREATE TABLE t (a int, b int);
			 CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION g(t[], mood[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
			 CREATE FUNCTION h() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(b) FROM t; END`,
			[]string{
				`function s.f: function (s.t) returns integer -> table s.t`,
				`function s.g: function (s.t[], s.mood[]) returns integer -> enum s.mood`,
				`function s.g: function (s.t[], s.mood[]) returns integer -> table s.t`,
				`function s.h: function () returns bigint -> column s.t.b`,
			},
		},
		{
			"of overloaded functions the one that is called is needed",
			`CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 2';
			 CREATE PROCEDURE f(OUT a int) LANGUAGE sql AS 'SELECT 3'; CREATE TABLE t (a int DEFAULT f('x'::text))`,
			[]string{`column s.t.a -> function s.f: function (text) returns integer`},
		},
		{
			"types need the types under them and the functions of their checks, columns their types",
			`CREATE TYPE mood AS ENUM ('x'); CREATE FUNCTION f(mood) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT true';
			 CREATE DOMAIN d AS mood CHECK (f(VALUE)); CREATE TYPE pair AS (x d, y int); CREATE TYPE spanrange AS RANGE (subtype = pair);
			 CREATE TABLE t (a pair, b spanrange, c d[], e int GENERATED ALWAYS AS ((a).y) STORED, f spanmultirange DEFAULT spanmultirange(spanrange(null, null)))`,
			[]string{
				`column s.t.a -> composite s.pair`,
				`column s.t.b -> range s.spanrange`,
				`column s.t.c -> domain s.d`,
				`column s.t.e -> column s.t.a`,
				`column s.t.e -> composite s.pair`,
				`column s.t.f -> composite s.pair`,
				`column s.t.f -> range s.spanrange`,
				`composite s.pair -> domain s.d`,
				`domain s.d -> enum s.mood`,
				`domain s.d -> function s.f: function (s.mood) returns boolean`,
				`function s.f: function (s.mood) returns boolean -> enum s.mood`,
				`range s.spanrange -> composite s.pair`,
			},
		},
		{
			"a foreign key needs its target and the key there, a constraint or an index",
			`CREATE TABLE p (a int CONSTRAINT pk PRIMARY KEY, b int); CREATE UNIQUE INDEX i ON p (b);
			 CREATE TABLE t (x int CONSTRAINT one REFERENCES p, y int CONSTRAINT two REFERENCES p (b))`,
			[]string{
				`foreign_key s.t.one -> column s.p.a`,
				`foreign_key s.t.one -> column s.t.x`,
				`foreign_key s.t.one -> primary_key s.p.pk`,
				`foreign_key s.t.two -> column s.p.b`,
				`foreign_key s.t.two -> column s.t.y`,
				`foreign_key s.t.two -> index s.p.i`,
				`index s.p.i -> column s.p.b`,
				`primary_key s.p.pk -> column s.p.a`,
			},
		},
		{
			"parts need the whole: partitions, their keys and triggers; inheriting tables their parents",
			`CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE FUNCTION g(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';
			 CREATE TABLE t (a int, b int, CONSTRAINT pk PRIMARY KEY (a)) PARTITION BY RANGE (a); CREATE TABLE u (a int CONSTRAINT fk REFERENCES t);
			 CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (2);
			 CREATE TABLE l (b int) PARTITION BY LIST (g(b));
			 CREATE TRIGGER x AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f(); CREATE TABLE c () INHERITS (u)`,
			[]string{
				`column s.l.b -> table s.l`,
				`column s.t.a -> table s.t`,
				`foreign_key s.u.fk -> column s.t.a`,
				`foreign_key s.u.fk -> column s.u.a`,
				`foreign_key s.u.fk -> primary_key s.t.pk`,
				`primary_key s.t.pk -> column s.t.a`,
				`primary_key s.t1.t1_pkey -> column s.t1.a`,
				`primary_key s.t1.t1_pkey is a part of primary_key s.t.pk`,
				`primary_key s.t1.t1_pkey -> table s.t1`,
				`table s.c -> table s.u`,
				`table s.l -> function s.g: function (integer) returns integer`,
				`table s.t1 -> table s.t`,
				`trigger s.t.x -> function s.f: function () returns trigger`,
				`trigger s.t.x -> table s.t`,
				`trigger s.t1.x -> function s.f: function () returns trigger`,
				`trigger s.t1.x -> table s.t1`,
				`trigger s.t1.x is a part of trigger s.t.x`,
			},
		},
		{
			"a policy needs the tables that it asks",
			`CREATE TABLE t (a int); CREATE TABLE u (b int); CREATE POLICY p ON t USING (a IN (SELECT b FROM u))`,
			[]string{
				`row_security s.t.p -> column s.t.a`,
				`row_security s.t.p -> column s.u.b`,
				`row_security s.t.p -> table s.t`,
			},
		},
		{
			"what no fact is about is named where it is needed",
			`CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int); CREATE COLLATION plain (locale = 'C'); CREATE AGGREGATE unused (int) (SFUNC = int4pl, STYPE = int);
			 CREATE TABLE t (a int, b text COLLATE plain); CREATE VIEW v AS SELECT total(a) FROM t`,
			[]string{
				`column s.t.b -> collation s.plain`,
				`view s.v -> aggregate s.total(integer)`,
				`view s.v -> column s.t.a`,
			},
		},
	}
	for _, server := range testenv.PostgresVersions(t) {
		conn := connect(t, server)
		for _, test := range tests {
			t.Run(test.name+" on "+server.Version(), func(t *testing.T) {
				execute(t, conn, `DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; SET search_path = s;`+test.ddl)
				_, d := design(t, conn, introspect.Options{Schemas: []string{"s"}})
				got := needs(d)
				for _, line := range test.want {
					if !slices.Contains(got, line) {
						t.Errorf("missing: %s", line)
					}
				}
				for _, line := range got {
					if !slices.Contains(test.want, line) {
						t.Errorf("too much: %s", line)
					}
				}
			})
		}
	}
}

func TestMembersOfAnExtensionNeedTheExtension(t *testing.T) {
	server := testenv.Postgres(t)
	ddl := `CREATE EXTENSION pg_trgm; CREATE EXTENSION citext; CREATE EXTENSION cube; CREATE EXTENSION earthdistance;`
	d := testenv.Scratch(t, server)
	if _, err := d.Load(t.Context(), "extensions", []byte(ddl), postgres.LoadOptions{}); err != nil {
		t.Skipf("not all extensions are on this machine: %v", err)
	}
	conn := session(t, d)
	execute(t, conn, `CREATE TABLE t (a text DEFAULT similarity('a', 'b')::text, b citext[]); CREATE INDEX x ON t USING gin (a gin_trgm_ops)`)
	_, got := design(t, conn, introspect.Options{})
	want := []string{
		`column public.t.a -> extension pg_trgm`,
		`column public.t.b -> extension citext`,
		`extension earthdistance -> extension cube`,
		`index public.t.x -> column public.t.a`,
		`index public.t.x -> extension pg_trgm`,
	}
	if lines := needs(got); !slices.Equal(lines, want) {
		t.Errorf("the needs are\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

func TestNeedsStayInsideTheSchemasThatAreRead(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `CREATE SCHEMA shared; CREATE TABLE shared.code (a int PRIMARY KEY); CREATE TYPE shared.mood AS ENUM ('x'); CREATE COLLATION shared.plain (locale = 'C');
		CREATE SCHEMA own; CREATE TABLE own.t (x int CONSTRAINT fk REFERENCES shared.code, m shared.mood, r shared.code, c text COLLATE shared.plain)`)
	_, d := design(t, conn, introspect.Options{Schemas: []string{"own"}})
	if got, want := needs(d), []string{`foreign_key own.t.fk -> column own.t.x`}; !slices.Equal(got, want) {
		t.Errorf("the needs are %q, want %q", got, want)
	}
}

func TestTheDesignOfOneRelation(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, tenantDDL+`CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
		CREATE TRIGGER x BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION f(); CREATE VIEW names AS SELECT name FROM people`)
	db, d := design(t, conn, introspect.Options{Relations: []schema.Relation{{Schema: "public", Name: "person"}, {Schema: "public", Name: "people"}}})
	if len(db.Tables) != 1 || len(db.Views) != 1 || len(d.Bodies) != 2 {
		t.Errorf("%d tables, %d views and %d bodies were read, want 1, 1 and 2", len(db.Tables), len(db.Views), len(d.Bodies))
	}
	want := []string{
		`check public.person.person_name_check -> column public.person.name`,
		`column public.person.id -> sequence public.person.id`,
		`primary_key public.person.person_pkey -> column public.person.id`,
		`trigger public.person.x -> table public.person`,
		`view public.people -> column public.person.name`,
	}
	if got := needs(d); !slices.Equal(got, want) {
		t.Errorf("the needs are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestBodiesAreWholeStatements(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `CREATE SCHEMA "odd ""schema"; SET search_path = "odd ""schema";
		CREATE TABLE t (a int, b text); CREATE VIEW v WITH (security_barrier, check_option = local) AS SELECT a AS "A b" FROM t WHERE a > 1; ALTER VIEW v ALTER "A b" SET DEFAULT 5;
		CREATE MATERIALIZED VIEW m AS SELECT b FROM t; CREATE MATERIALIZED VIEW n AS SELECT a FROM t WITH NO DATA;
		CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$ BEGIN RETURN NEW; END $$;
		CREATE FUNCTION f(x int DEFAULT 1) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT x + a FROM t; END;
		CREATE PROCEDURE p(INOUT x int) LANGUAGE sql AS 'SELECT 1';
		CREATE TRIGGER "on" BEFORE UPDATE ON t FOR EACH ROW WHEN (NEW.a > 1) EXECUTE FUNCTION f();
		CREATE TRIGGER replica AFTER DELETE ON t EXECUTE FUNCTION f(); ALTER TABLE t ENABLE REPLICA TRIGGER replica;
		CREATE TRIGGER always AFTER DELETE ON t EXECUTE FUNCTION f(); ALTER TABLE t ENABLE ALWAYS TRIGGER always;
		CREATE TRIGGER "off" AFTER DELETE ON t EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER "off"`)
	db, d := design(t, conn, introspect.Options{Schemas: []string{`odd "schema`}})
	got := make(map[string]string)
	for _, b := range d.Bodies {
		got[b.Kind.String()+" "+b.Name+" "+b.Detail] = strings.Join(strings.Fields(strings.Join(b.SQL, "; ")), " ")
	}
	s := `"odd ""schema"`
	for object, want := range map[string]string{
		"view v ":                                `CREATE VIEW ` + s + `."v" WITH (security_barrier='true', check_option='local') AS SELECT t.a AS "A b" FROM ` + s + `.t WHERE (t.a > 1); ALTER VIEW ` + s + `."v" ALTER COLUMN "A b" SET DEFAULT 5`,
		"view m ":                                `CREATE MATERIALIZED VIEW ` + s + `."m" AS SELECT t.b FROM ` + s + `.t`,
		"view n ":                                `CREATE MATERIALIZED VIEW ` + s + `."n" AS SELECT t.a FROM ` + s + `.t WITH NO DATA`,
		"trigger on ":                            `CREATE TRIGGER "on" BEFORE UPDATE ON ` + s + `.t FOR EACH ROW WHEN ((new.a > 1)) EXECUTE FUNCTION ` + s + `.f()`,
		"trigger replica ":                       `CREATE TRIGGER replica AFTER DELETE ON ` + s + `.t FOR EACH STATEMENT EXECUTE FUNCTION ` + s + `.f(); ALTER TABLE ` + s + `."t" ENABLE REPLICA TRIGGER "replica"`,
		"trigger always ":                        `CREATE TRIGGER always AFTER DELETE ON ` + s + `.t FOR EACH STATEMENT EXECUTE FUNCTION ` + s + `.f(); ALTER TABLE ` + s + `."t" ENABLE ALWAYS TRIGGER "always"`,
		"trigger off ":                           `CREATE TRIGGER off AFTER DELETE ON ` + s + `.t FOR EACH STATEMENT EXECUTE FUNCTION ` + s + `.f(); ALTER TABLE ` + s + `."t" DISABLE TRIGGER "off"`,
		"function f function () returns trigger": `CREATE OR REPLACE FUNCTION ` + s + `.f() RETURNS trigger LANGUAGE plpgsql SET search_path TO 'pg_catalog' AS $function$ BEGIN RETURN NEW; END $function$`,
		"function f function (integer) returns integer": `CREATE OR REPLACE FUNCTION ` + s + `.f(x integer DEFAULT 1) RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT (f.x + t.a) FROM ` + s + `.t; END`,
		"function p procedure (inout x integer)":        `CREATE OR REPLACE PROCEDURE ` + s + `.p(INOUT x integer) LANGUAGE sql AS $procedure$SELECT 1$procedure$`,
	} {
		if got[object] != want {
			t.Errorf("the body of %s is\n%s\nwant\n%s", object, got[object], want)
		}
	}
	rebuild(t, conn, db, d)
}
