package introspect_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/testenv"
)

// inSchema runs the DDL in a schema of its own and returns its facts as those of the schema "s".
func inSchema(t *testing.T, conn *pgx.Conn, name, ddl string) schema.Facts {
	t.Helper()
	execute(t, conn, fmt.Sprintf(`CREATE SCHEMA %s; SET search_path = %s; %s`, name, name, ddl))
	return facts(t, read(t, conn, name), schema.Mapping{Schemas: map[string]string{name: "s"}})
}

func TestTheSameStructureGivesTheSameFacts(t *testing.T) {
	tests := map[string][]string{
		"spellings of a type": {
			`CREATE TABLE t (a int4, b varchar(3), c timestamptz, d bool, e float8, f decimal(5), g char)`,
			`CREATE TABLE t (a integer, b character varying(3), c timestamp with time zone, d boolean, e double precision, f numeric(5,0), g character(1))`,
		},
		"serial and what it stands for": {
			`CREATE TABLE t (id serial)`,
			`CREATE SEQUENCE t_id_seq AS integer; CREATE TABLE t (id integer NOT NULL DEFAULT nextval('t_id_seq')); ALTER SEQUENCE t_id_seq OWNED BY t.id`,
			`CREATE SEQUENCE other_name AS int MINVALUE 1 START 1; CREATE TABLE t (id int NOT NULL); ALTER TABLE t ALTER id SET DEFAULT nextval('other_name'::regclass); ALTER SEQUENCE other_name OWNED BY t.id`,
		},
		"defaults with and without casts": {
			`CREATE TABLE t (a bigint DEFAULT 0, b varchar(5) DEFAULT 'x', c date DEFAULT now(), d integer DEFAULT -1, e text[] DEFAULT '{}')`,
			`CREATE TABLE t (a bigint DEFAULT 0::bigint, b varchar(5) DEFAULT 'x'::varchar, c date DEFAULT now()::date, d integer DEFAULT '-1', e text[] DEFAULT ARRAY[]::text[])`,
			`CREATE TABLE t (a bigint DEFAULT '0'::bigint, b varchar(5) DEFAULT 'x'::text, c date DEFAULT (now())::date, d integer DEFAULT (-1)::int, e text[] DEFAULT '{}'::text[])`,
		},
		"a NULL default": {
			`CREATE TABLE t (a varchar(5))`,
			`CREATE TABLE t (a varchar(5) DEFAULT NULL)`,
			`CREATE TABLE t (a varchar(5) DEFAULT NULL::varchar)`,
		},
		"IN on varchar": {
			`CREATE TABLE t (v varchar(5) CHECK (v IN ('a', 'b')))`,
			`CREATE TABLE t (v varchar(5) CHECK (v::text = ANY (ARRAY['a'::varchar, 'b'::varchar]::text[])))`,
			`CREATE TABLE t (v varchar(5) CHECK (v::text = ANY (ARRAY[('a'::varchar)::text, ('b'::varchar)::text])))`,
			`CREATE TABLE t (v varchar(5) CHECK (((v)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))))`,
		},
		"BETWEEN and nested AND": {
			`CREATE TABLE t (a int, b int, CHECK (a BETWEEN 1 AND 5 AND b > 0))`,
			`CREATE TABLE t (a int, b int, CHECK (a >= 1 AND (a <= 5 AND b > 0)))`,
			`CREATE TABLE t (a int, b int, CHECK (((a >= 1) AND (a <= 5)) AND b > 0))`,
		},
		"constraints by whichever name and place": {
			`CREATE TABLE p (x int PRIMARY KEY); CREATE TABLE t (a int PRIMARY KEY CHECK (a > 0), b int UNIQUE REFERENCES p)`,
			`CREATE TABLE p (x int CONSTRAINT this PRIMARY KEY); CREATE TABLE t (b int, a int);
			 ALTER TABLE t ADD CONSTRAINT one CHECK (a > 0), ADD CONSTRAINT two FOREIGN KEY (b) REFERENCES p (x) ON DELETE NO ACTION,
			 ADD CONSTRAINT three UNIQUE (b), ADD CONSTRAINT four PRIMARY KEY (a)`,
		},
		"pairs of a foreign key in another order": {
			`CREATE TABLE p (x int, y int, PRIMARY KEY (x, y)); CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES p (x, y))`,
			`CREATE TABLE p (x int, y int, PRIMARY KEY (x, y)); CREATE TABLE t (a int, b int, FOREIGN KEY (b, a) REFERENCES p (y, x))`,
		},
		"an index by whichever name and spelling": {
			`CREATE TABLE t (a text, b int); CREATE INDEX one ON t (lower(a), b) WHERE b > 0 AND (a <> '' AND b < 9)`,
			`CREATE TABLE t (a text, b int); CREATE INDEX two ON t USING btree (lower(a) ASC NULLS LAST, b int4_ops) WHERE (b > 0 AND a <> '') AND b < 9`,
		},
		"a partition attached later": {
			`CREATE TABLE t (a int, b text) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); CREATE INDEX ON t (b)`,
			`CREATE TABLE t (a int, b text) PARTITION BY LIST (a); CREATE TABLE t1 (b text, a int); CREATE INDEX ON t1 (b); CREATE INDEX ON t (b); ALTER TABLE t ATTACH PARTITION t1 FOR VALUES IN (1)`,
		},
		"types of the own schema": {
			`CREATE TYPE m AS ENUM ('a'); CREATE TABLE t (x m DEFAULT 'a', y m[] CHECK (y <> '{}'))`,
			`CREATE TYPE m AS ENUM ('a'); CREATE TABLE t (x m DEFAULT 'a'::m, y m[] CHECK (y <> '{}'::m[]))`,
		},
		"a column that was dropped": {
			`CREATE TABLE t (a int, b int, PRIMARY KEY (b)); CREATE INDEX ON t ((a + b))`,
			`CREATE TABLE t (z int, a int, y text, b int, PRIMARY KEY (b)); ALTER TABLE t DROP z; ALTER TABLE t DROP y; CREATE INDEX ON t ((a + b))`,
		},
		"comments, storage and rights": {
			`CREATE TABLE t (a text)`,
			`CREATE UNLOGGED TABLE t (a text) WITH (fillfactor = 50); ALTER TABLE t ALTER a SET STORAGE EXTERNAL; COMMENT ON COLUMN t.a IS 'x'; GRANT SELECT ON t TO PUBLIC`,
		},
	}
	for _, server := range testenv.PostgresVersions(t) {
		conn := connect(t, server)
		n := 0
		for name, ddls := range tests {
			t.Run(name+" on "+server.Version(), func(t *testing.T) {
				n++
				want := inSchema(t, conn, fmt.Sprintf("s%d_0", n), ddls[0])
				for i, ddl := range ddls[1:] {
					sameFacts(t, ddl, inSchema(t, conn, fmt.Sprintf("s%d_%d", n, i+1), ddl), want)
				}
			})
		}
	}
}

func TestDistinctStructuresGiveDistinctFacts(t *testing.T) {
	tests := map[string][2]string{
		"serial and identity": {
			`CREATE TABLE t (id serial)`, `CREATE TABLE t (id integer GENERATED BY DEFAULT AS IDENTITY)`,
		},
		"identity always and by default": {
			`CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY)`, `CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY)`,
		},
		"a sequence that the column owns and one that it uses": {
			`CREATE TABLE t (id serial)`, `CREATE SEQUENCE t_id_seq AS int; CREATE TABLE t (id int NOT NULL DEFAULT nextval('t_id_seq'))`,
		},
		"varchar lengths":                 {`CREATE TABLE t (a varchar(10))`, `CREATE TABLE t (a varchar(11))`},
		"a type and its array":            {`CREATE TABLE t (a text)`, `CREATE TABLE t (a text[])`},
		"the order of a primary key":      {`CREATE TABLE t (a int, b int, PRIMARY KEY (a, b))`, `CREATE TABLE t (a int, b int, PRIMARY KEY (b, a))`},
		"the order of an enum":            {`CREATE TYPE m AS ENUM ('a', 'b')`, `CREATE TYPE m AS ENUM ('b', 'a')`},
		"a label with a comma":            {`CREATE TYPE m AS ENUM ('a'', ''b')`, `CREATE TYPE m AS ENUM ('a', 'b')`},
		"a unique index and a constraint": {`CREATE TABLE t (a int UNIQUE)`, `CREATE TABLE t (a int); CREATE UNIQUE INDEX ON t (a)`},
		"AND and OR":                      {`CREATE TABLE t (a int, CHECK (a > 1 AND (a < 5 OR a = 9)))`, `CREATE TABLE t (a int, CHECK ((a > 1 AND a < 5) OR a = 9))`},
		"a column called true":            {`CREATE TABLE t ("true" bool, b bool CHECK (b = "true"))`, `CREATE TABLE t ("true" bool, b bool CHECK (b = true))`},
		"a text and a number":             {`CREATE TABLE t (a text DEFAULT 'now')`, `CREATE TABLE t (a text DEFAULT now())`},
		"actions of a foreign key": {
			`CREATE TABLE p (x int PRIMARY KEY); CREATE TABLE t (a int REFERENCES p ON DELETE SET NULL)`,
			`CREATE TABLE p (x int PRIMARY KEY); CREATE TABLE t (a int REFERENCES p ON DELETE CASCADE)`,
		},
		"a constraint that is not valid": {
			`CREATE TABLE t (a int); ALTER TABLE t ADD CHECK (a > 0)`, `CREATE TABLE t (a int); ALTER TABLE t ADD CHECK (a > 0) NOT VALID`,
		},
		"nulls in a unique constraint": {`CREATE TABLE t (a int UNIQUE)`, `CREATE TABLE t (a int UNIQUE NULLS NOT DISTINCT)`},
		"the order of an index":        {`CREATE TABLE t (a int); CREATE INDEX ON t (a)`, `CREATE TABLE t (a int); CREATE INDEX ON t (a DESC)`},
		"an operator class":            {`CREATE TABLE t (a text); CREATE INDEX ON t (a)`, `CREATE TABLE t (a text); CREATE INDEX ON t (a text_pattern_ops)`},
		"the default operator class of another type": {
			`CREATE TABLE t (a varchar); CREATE INDEX ON t (a)`, `CREATE TABLE t (a varchar); CREATE INDEX ON t (a bpchar_ops)`,
		},
		"options of an operator class": {`CREATE TABLE t (a tsvector); CREATE INDEX ON t USING gist (a tsvector_ops (siglen = 100))`, `CREATE TABLE t (a tsvector); CREATE INDEX ON t USING gist (a)`},
		"a collation":                  {`CREATE TABLE t (a text)`, `CREATE TABLE t (a text COLLATE "C")`},
		"bounds of a partition": {
			`CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE u PARTITION OF t FOR VALUES IN (1)`,
			`CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE u PARTITION OF t FOR VALUES IN (2)`,
		},
		"a view and a materialized view": {`CREATE VIEW v AS SELECT 1 AS a`, `CREATE MATERIALIZED VIEW v AS SELECT 1 AS a`},
		"overloaded functions": {
			`CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'`, `CREATE FUNCTION f(a bigint) RETURNS int LANGUAGE sql AS 'SELECT 1'`,
		},
		"enabled and disabled triggers": {
			`CREATE TABLE t (a int); CREATE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
			`CREATE TABLE t (a int); CREATE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger(); ALTER TABLE t DISABLE TRIGGER x`,
		},
		"row security": {`CREATE TABLE t (a int)`, `CREATE TABLE t (a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY`},
		"a domain's check": {
			`CREATE DOMAIN d AS int CHECK (VALUE > 0)`, `CREATE DOMAIN d AS int CHECK (VALUE > 1)`,
		},
		"a NULL default over a domain's": {
			`CREATE DOMAIN d AS int DEFAULT 1; CREATE TABLE t (a d)`, `CREATE DOMAIN d AS int DEFAULT 1; CREATE TABLE t (a d DEFAULT NULL)`,
		},
	}
	conn := connect(t, testenv.Postgres(t))
	n := 0
	for name, ddl := range tests {
		t.Run(name, func(t *testing.T) {
			n++
			a := inSchema(t, conn, fmt.Sprintf("s%d_a", n), ddl[0])
			b := inSchema(t, conn, fmt.Sprintf("s%d_b", n), ddl[1])
			if len(a.Minus(b)) == 0 && len(b.Minus(a)) == 0 {
				t.Errorf("both give\n%s", text(a))
			}
		})
	}
}

// PostgreSQL 18 catalogues more than its predecessors.
func TestWhatOnlyLaterVersionsHave(t *testing.T) {
	for _, server := range testenv.PostgresVersions(t) {
		if server.Major() < 18 {
			continue
		}
		conn := connect(t, server)
		f := inSchema(t, conn, "new", `
			CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL, c int, d int4range CONSTRAINT named NOT NULL, r tsrange,
				CHECK (a > 0) NOT ENFORCED, UNIQUE (d, r WITHOUT OVERLAPS));
			ALTER TABLE t ADD CONSTRAINT later NOT NULL c NOT VALID;
			CREATE TABLE u (x int4range, during tsrange, FOREIGN KEY (x, PERIOD during) REFERENCES t (d, PERIOD r))`)
		for _, want := range []schema.Fact{
			{Kind: schema.KindGenerated, Schema: "s", Table: "t", Name: "b", Detail: "virtual (a * 2)"},
			{Kind: schema.KindNotNull, Schema: "s", Table: "t", Name: "d"},
			{Kind: schema.KindUnique, Schema: "s", Table: "t", Detail: "(d, r without overlaps)"},
			{Kind: schema.KindForeignKey, Schema: "s", Table: "u", Detail: "(x, period during) references s.t (d, period r)"},
		} {
			if !f.Has(want) {
				t.Errorf("%s is missing", want)
			}
		}
		if n := f.Count(); n[schema.KindNotNull] != 1 || n[schema.KindCheck] != 0 {
			t.Errorf("%d not-null and %d check facts, want 1 and 0:\n%s", n[schema.KindNotNull], n[schema.KindCheck], text(f))
		}
		return
	}
	t.Skip("no PostgreSQL 18 in VEIL_PG_BINS")
}
