package executor_test

// typeObstacles are those of types of columns, enums and domains.
var typeObstacles = []obstacle{
	{
		says: "a type grows under all that uses the column",
		tenant: `CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int REFERENCES p, b int CHECK (b > 0)); CREATE INDEX ON t (b) WHERE (b > 1);
			CREATE VIEW v AS SELECT a + 1 AS x FROM t; CREATE MATERIALIZED VIEW m AS SELECT x FROM v; INSERT INTO p VALUES (1), (2); INSERT INTO t VALUES (1, 1), (2, 2); REFRESH MATERIALIZED VIEW m`,
		template: `CREATE TABLE p (a bigint PRIMARY KEY); CREATE TABLE t (a bigint REFERENCES p, b int CHECK (b > 0))`,
		does:     []string{"adapt around the changes of types", "adapt around the changes of types"},
	},
	{
		says:     "checks and indexes of the template appear by the change of a type itself",
		tenant:   `CREATE TABLE t (b int CHECK (b > 0)); CREATE INDEX ON t (b) WHERE (b > 1); INSERT INTO t VALUES (1), (2)`,
		template: `CREATE TABLE t (b numeric CHECK (b > 0)); CREATE INDEX ON t (b) WHERE (b > 1)`,
		does:     []string{"adapt around the changes of types", "adapt around the changes of types"},
		check:    `SELECT (SELECT count(*) FROM pg_constraint WHERE conrelid = 't'::regclass) || ' ' || (SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass)`, want: "1 1",
	},
	{
		says:     "a lossy change is left out, and the rest is done",
		tenant:   `CREATE TABLE t (k int, a text); INSERT INTO t VALUES (1, '007')`,
		template: `CREATE TABLE t (k int PRIMARY KEY, a int)`,
		answers:  "lossy:public.t.a skip",
		does:     []string{"skip make public.t.a integer"},
		missing:  []string{"type public.t.a: integer"},
	},
	{
		says: "a partitioned table's values come back",
		tenant: `CREATE TABLE t (k int, a text) PARTITION BY LIST (k); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE t2 PARTITION OF t DEFAULT;
			INSERT INTO t VALUES (1, '007'), (2, '008')`,
		template: `CREATE TABLE t (k int, a int) PARTITION BY LIST (k)`,
		answers:  "lossy:public.t.a convert",
	},
	{
		says:     "a generated column holds a type",
		tenant:   `CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a + 1) STORED); INSERT INTO t VALUES (1)`,
		template: `CREATE TABLE t (a bigint)`,
		asks:     []string{"no_statement_for_it:public.t.a: skip"},
		answers:  "no_statement_for_it:public.t.a skip",
		does:     []string{"skip make public.t.a bigint"},
		missing:  []string{"type public.t.a: bigint"},
	},
	{
		says: "an enum lacks labels",
		tenant: `CREATE TYPE mood AS ENUM ('b', 'it''s'); COMMENT ON TYPE mood IS 'mine'; CREATE TABLE t (a mood DEFAULT 'b', l mood[] DEFAULT '{b}'); INSERT INTO t VALUES ('b', '{b,it''s}');
			CREATE INDEX ON t (a); CREATE VIEW v AS SELECT a FROM t WHERE a > 'b'`,
		template: `CREATE TYPE mood AS ENUM ('a', 'b', 'x\y, ''z''', 'it''s', '', 'end'); CREATE TABLE t (a mood DEFAULT 'b', l mood[])`,
		does:     []string{"adapt make the enum public.mood"},
	},
	{
		says: "an enum's new label is needed at once, so another enum takes its place",
		tenant: `CREATE TYPE mood AS ENUM ('a', 'b'); COMMENT ON TYPE mood IS 'mine'; GRANT USAGE ON TYPE mood TO current_user; CREATE TABLE t (a mood DEFAULT 'b', l mood[] DEFAULT '{b}', k int PRIMARY KEY); INSERT INTO t VALUES ('b', '{b,a}', 1);
			CREATE INDEX ON t (a); CREATE VIEW v AS SELECT a FROM t WHERE a > 'a'`,
		template: `CREATE TYPE mood AS ENUM ('a', 'b', 'c'); CREATE TABLE t (a mood DEFAULT 'c', l mood[], k int PRIMARY KEY)`,
		does:     []string{"adapt make the enum public.mood"},
		check:    `INSERT INTO t (k) VALUES (2) RETURNING a::text || l::text`, want: "c{b}",
	},
	{
		says:     "an enum has labels too many that rows use",
		tenant:   `CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE t (a mood); INSERT INTO t VALUES ('b')`,
		template: `CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t (a mood)`,
		asks:     []string{"lossy:public.mood: convert skip"},
		answers:  "lossy:public.mood skip",
		does:     []string{"skip make the enum public.mood"},
		missing:  []string{"enum public.mood: ('a')"},
	},
	{
		says:     "a domain over the domain forbids to replace it",
		tenant:   `CREATE DOMAIN d AS text; CREATE DOMAIN e AS d; CREATE TABLE t (a e); INSERT INTO t VALUES ('abc')`,
		template: `CREATE DOMAIN d AS varchar(2); CREATE TABLE t (a text)`,
		asks:     []string{"dependents:public.d: skip", "lossy:public.t.a: convert skip"},
		answers:  "dependents:public.d skip\nlossy:public.t.a skip",
		does:     []string{"skip make the domain public.d", "skip make public.t.a text"},
		missing:  []string{"domain public.d: as character varying(2)", "type public.t.a: text"},
	},
	{
		says:     "a type of the name is another one",
		tenant:   `CREATE TYPE c AS (a int); CREATE TYPE e AS (a int)`,
		template: `CREATE TYPE c AS (a int, b int); CREATE TYPE e AS ENUM ('x')`,
		asks:     []string{"other_definition:public.e: skip", "other_definition:public.c:composite:1ac7445b: skip"},
		answers:  "other_definition:public.c:composite:1ac7445b skip\nother_definition:public.e skip",
		does:     []string{"skip make the enum public.e", "skip make the composite type public.c"},
		missing:  []string{"enum public.e: ('x')", "composite public.c: (a integer, b integer)"},
	},
}
