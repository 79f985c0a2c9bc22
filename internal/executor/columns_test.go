package executor_test

import "github.com/veilschema/veil/compare/schema"

// columnObstacles are those of tables and columns.
var columnObstacles = []obstacle{
	{
		says:     "a name is taken by a view, which gets another one",
		tenant:   `CREATE VIEW t AS SELECT 1 AS one; CREATE VIEW w AS SELECT one FROM t`,
		template: `CREATE TABLE t (a int)`,
		asks:     []string{"name_taken:public.t: rename skip"},
		answers:  `name_taken:public.t rename t "old"`,
		does:     []string{"adapt create the table public.t"},
		check:    `SELECT one FROM w`, want: "1",
	},
	{
		says:     "a table with rows gets a column that refuses NULL",
		tenant:   `CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)`,
		template: `CREATE TABLE t (a int, b text NOT NULL)`,
		asks:     []string{"rows:public.t.b: fill number skip"},
		answers:  `rows:public.t.b fill it's a \ 'x'`,
		does:     []string{"adapt add the column public.t.b"},
		check:    `SELECT min(b) FROM t`, want: `it's a \ 'x'`,
	},
	{
		says: "a column is filled while triggers look away",
		tenant: `CREATE TABLE t (a int, n text DEFAULT 'mine'); INSERT INTO t VALUES (1), (2);
			CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.n := 'changed'; RETURN NEW; END $$;
			CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f(); CREATE RULE r AS ON UPDATE TO t DO INSTEAD NOTHING`,
		template: `CREATE TABLE t (a int, b int NOT NULL)`,
		answers:  `rows:public.t.b number`,
		does:     []string{"adapt add the column public.t.b"},
		check:    `SELECT string_agg(b || n, ' ' ORDER BY b) FROM t`, want: `1mine 2mine`,
	},
	{
		says: "a column is filled under deferred checks",
		tenant: `CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int REFERENCES p DEFERRABLE INITIALLY DEFERRED, b int UNIQUE DEFERRABLE INITIALLY DEFERRED);
			INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, NULL), (NULL, 2)`,
		template: `CREATE TABLE t (a int NOT NULL, b int NOT NULL)`,
		answers:  "rows:public.t.b:not_null fill 3\nrows:public.t.a:not_null fill 1",
		does:     []string{"adapt refuse NULL in public.t.a", "adapt refuse NULL in public.t.b"},
	},
	{
		says:     "a column keeps its storage where its new type can, and gets it back",
		tenant:   `CREATE TABLE t (a text, b text COMPRESSION pglz); ALTER TABLE t ALTER a SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL; INSERT INTO t VALUES ('1', '2')`,
		template: `CREATE TABLE t (a integer, b varchar)`,
		answers:  "lossy:public.t.a convert",
		does:     []string{"adapt around the changes of types", "adapt around the changes of types"},
		check:    `SELECT string_agg(attstorage, '' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'public.t'::regclass AND attnum > 0`, want: "pe",
	},
	{
		says:     "a column gets a sequence of its own",
		tenant:   `CREATE TABLE t (a int NOT NULL); INSERT INTO t VALUES (7); CREATE TABLE "t_a_seq" ()`,
		template: `CREATE TABLE t (a serial)`,
		check:    `SELECT pg_get_serial_sequence('t', 'a') || ' ' || last_value || ' ' || is_called FROM t_a_seq_1`, want: "public.t_a_seq_1 7 true",
	},
	{
		says:     "a sequence has other options",
		tenant:   `CREATE SEQUENCE s AS bigint INCREMENT 3 MAXVALUE 1000 CYCLE; SELECT nextval('s'), nextval('s')`,
		template: `CREATE SEQUENCE s AS integer INCREMENT -1 MINVALUE -5 MAXVALUE 50 START 50`,
		does:     []string{"adapt make the sequence public.s"},
		check:    `SELECT last_value FROM s`, want: "4",
	},
	{
		says:      "forbidden columns and tables go with their data, for good",
		tenant:    `CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 1); CREATE TABLE u (a int); INSERT INTO u VALUES (1)`,
		template:  `CREATE TABLE t (a int)`,
		forbidden: []schema.Fact{{Kind: schema.KindColumn, Schema: "public", Table: "t", Name: "b"}, {Kind: schema.KindTable, Schema: "public", Table: "u"}},
		asks:      []string{"lossy:public.t.b: remove skip", "lossy:public.u: remove skip"},
		answers:   "lossy:public.t.b remove\nlossy:public.u remove",
		forward:   true,
	},
	{
		says:      "forbidden NOT NULL and defaults go",
		tenant:    `CREATE TABLE t (a int NOT NULL DEFAULT 5); INSERT INTO t VALUES (1)`,
		template:  `CREATE TABLE t (a int)`,
		forbidden: []schema.Fact{{Kind: schema.KindNotNull, Schema: "public", Table: "t", Name: "a"}, {Kind: schema.KindDefault, Schema: "public", Table: "t", Name: "a", Detail: "5"}},
	},
	{
		says:     "a generated column cannot be had from a plain one",
		tenant:   `CREATE TABLE t (a int, g int); INSERT INTO t VALUES (1, 2)`,
		template: `CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a + 1) STORED)`,
		asks:     []string{"no_statement_for_it:public.t.g:generated: skip"},
		answers:  "no_statement_for_it:public.t.g:generated skip",
		does:     []string{"skip generate public.t.g from other columns"},
		missing:  []string{"generated public.t.g: stored (a + 1)"},
	},
	{
		says:     "a column with NULL refuses it, and its children do",
		tenant:   `CREATE TABLE t (a int, b int); CREATE TABLE c () INHERITS (t); INSERT INTO t VALUES (1, 1), (2, NULL); INSERT INTO c VALUES (3, NULL), (3, 9)`,
		template: `CREATE TABLE t (a int, b int NOT NULL)`,
		asks:     []string{"rows:public.t.b:not_null: fill number skip"},
		answers:  `rows:public.t.b:not_null fill 5`,
		does:     []string{"adapt refuse NULL in public.t.b"},
		check:    `SELECT string_agg(b::text, ' ' ORDER BY b) FROM t`, want: `1 5 5 9`,
	},
	{
		says:     "a child refuses NULL already",
		tenant:   `CREATE TABLE t (a int, b int); CREATE TABLE c (b int NOT NULL) INHERITS (t); INSERT INTO t VALUES (1, 1)`,
		template: `CREATE TABLE t (a int, b int NOT NULL)`,
	},
	{
		says:     "defaults are replaced",
		tenant:   `CREATE TABLE t (a int DEFAULT 1, b int GENERATED ALWAYS AS IDENTITY, c int); INSERT INTO t (c) VALUES (1), (2); ALTER TABLE t ALTER b RESTART 77`,
		template: `CREATE TABLE t (a int DEFAULT 2, b int DEFAULT 3, c int DEFAULT 4)`,
		does:     []string{"adapt set the default of public.t.b"},
	},
	{
		says:     "a serial column becomes an identity column and goes on behind its sequence",
		tenant:   `CREATE TABLE t (a serial); SELECT setval('t_a_seq', 100); INSERT INTO t DEFAULT VALUES; INSERT INTO t VALUES (5); DELETE FROM t WHERE a > 100`,
		template: `CREATE TABLE t (a int GENERATED BY DEFAULT AS IDENTITY)`,
		does:     []string{"adapt make public.t.a an identity column"},
		check:    `SELECT last_value || ' ' || is_called FROM t_a_seq1`, want: "101 true",
	},
	{
		says:     "an identity column is one of another kind, and nothing is given out twice",
		tenant:   `CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 5)); COMMENT ON SEQUENCE t_a_seq IS 'mine'; ALTER TABLE t ALTER a RESTART 200`,
		template: `CREATE TABLE t (a int GENERATED BY DEFAULT AS IDENTITY)`,
		does:     []string{"adapt make public.t.a an identity column"},
	},
	{
		says:     "tables and columns are new, serial and identity ones too",
		tenant:   `CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); CREATE SEQUENCE n_id_seq; CREATE TABLE t_s_seq ()`,
		template: `CREATE TABLE t (a int, s serial, i int GENERATED ALWAYS AS IDENTITY, g int GENERATED ALWAYS AS (a + 1) STORED, d date DEFAULT '2000-01-01' NOT NULL); CREATE TABLE n (id serial PRIMARY KEY, at timestamptz(3) DEFAULT now())`,
	},
	{
		says:     "a name is taken by an enum and by an array type, which makes room by itself",
		tenant:   `CREATE TYPE t AS ENUM ('x'); CREATE TABLE u (a t)`,
		template: `CREATE TABLE t (a int); CREATE TABLE _u (a int)`,
		asks:     []string{"name_taken:public.t: rename skip"},
		answers:  `name_taken:public.t rename t2`,
		does:     []string{"adapt create the table public.t"},
	},
	{
		says:     "defaults of children are their own",
		tenant:   `CREATE TABLE t (a int DEFAULT 1, b text DEFAULT '7'); CREATE TABLE c () INHERITS (t); ALTER TABLE c ALTER a SET DEFAULT 5, ALTER b SET DEFAULT '8'; CREATE TABLE e (x int) INHERITS (t); ALTER TABLE e ALTER a DROP DEFAULT; INSERT INTO c VALUES (1, '1')`,
		template: `CREATE TABLE t (a int DEFAULT 2, b int)`,
		answers:  "lossy:public.t.b convert",
		does:     []string{"adapt make public.t.b integer"},
		check:    `SELECT string_agg(c.relname || '.' || attname || ' ' || coalesce(pg_get_expr(adbin, adrelid), '-'), ', ' ORDER BY c.relname, attname) FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE relname IN ('t', 'c', 'e') AND attname IN ('a', 'b')`,
		want:     "c.a 5, c.b ('8'::text)::integer, e.a -, e.b ('7'::text)::integer, t.a 2, t.b ('7'::text)::integer",
	},
	{
		says:     "defaults of partitions are their own",
		tenant:   `CREATE TABLE t (k int, a int, b int DEFAULT 1) PARTITION BY LIST (k); CREATE TABLE t1 PARTITION OF t DEFAULT; ALTER TABLE t1 ALTER a SET DEFAULT 5; CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2)`,
		template: `CREATE TABLE t (k int, a int DEFAULT 2, b int DEFAULT 3) PARTITION BY LIST (k)`,
	},
	{
		says:     "a column's own sequence has another name here",
		tenant:   `CREATE SEQUENCE mine AS int; CREATE TABLE t (a int NOT NULL); ALTER SEQUENCE mine OWNED BY t.a`,
		template: `CREATE TABLE t (a serial)`,
		check:    `SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 't'::regclass`, want: "nextval('mine'::regclass)",
	},
}
