package executor_test

import "github.com/veilschema/veil/compare/schema"

// objectObstacles are those of views, functions, triggers, policies and partitions.
var objectObstacles = []obstacle{
	{
		says: "forbidden triggers and policies go and come back",
		tenant: `CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
			COMMENT ON TRIGGER g ON t IS 'mine'; CREATE POLICY p ON t FOR SELECT USING (a > 0); COMMENT ON POLICY p ON t IS 'mine'; ALTER TABLE t ENABLE ROW LEVEL SECURITY`,
		template: `CREATE TABLE t (a int)`,
		forbidden: []schema.Fact{
			{Kind: schema.KindTrigger, Schema: "public", Table: "t", Name: "g", Detail: "before insert row execute public.f()"},
			{Kind: schema.KindRowSecurity, Schema: "public", Table: "t", Name: "p", Detail: "policy permissive for select to PUBLIC using (a > 0)"},
			{Kind: schema.KindRowSecurity, Schema: "public", Table: "t", Detail: "enabled"},
		},
	},
	{
		says:     "functions are overloaded, and one returns something else",
		tenant:   `CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION g(int) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$`,
		template: `CREATE FUNCTION f(text, OUT a int, VARIADIC b int[]) LANGUAGE sql AS 'SELECT 2'; CREATE PROCEDURE p(INOUT x int) LANGUAGE sql AS 'SELECT 3'; CREATE FUNCTION f(a int DEFAULT 4) RETURNS int LANGUAGE sql AS 'SELECT 4'; CREATE FUNCTION g(int) RETURNS int LANGUAGE sql AS 'SELECT 5'; CREATE FUNCTION s(int) RETURNS TABLE (x int, y text) LANGUAGE sql AS $$ SELECT 1, 'x' $$`,
		asks:     []string{"other_definition:public.g:function:66433cb7: skip"},
		answers:  "other_definition:public.g:function:66433cb7 skip",
		does:     []string{"skip make the function public.g"},
		missing:  []string{"function public.g: function (integer) returns integer"},
		check:    `SELECT f(1)`, want: "1",
	},
	{
		says:     "a partitioned table and its parts are new",
		tenant:   `CREATE TABLE x (a int)`,
		template: `CREATE TABLE t (k int NOT NULL, a int DEFAULT 3, PRIMARY KEY (k)) PARTITION BY LIST (k); CREATE INDEX ON t (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE t2 PARTITION OF t DEFAULT PARTITION BY RANGE (k); CREATE TABLE t2a PARTITION OF t2 FOR VALUES FROM (5) TO (9); CREATE TABLE x (a int); CREATE TABLE c (z int) INHERITS (x)`,
	},
	{
		says:     "a table cannot be divided into partitions",
		tenant:   `CREATE TABLE t (k int)`,
		template: `CREATE TABLE t (k int) PARTITION BY LIST (k)`,
		asks:     []string{"no_statement_for_it:public.t:partition_key:ccb41eab: skip"},
		answers:  "no_statement_for_it:public.t:partition_key:ccb41eab skip",
		does:     []string{"skip divide public.t into partitions"},
		missing:  []string{"partition_key public.t: LIST (k)"},
	},
	{
		says:     "a table inherits",
		tenant:   `CREATE TABLE t (a int NOT NULL); CREATE TABLE c (a int NOT NULL, b int); INSERT INTO c VALUES (1, 2)`,
		template: `CREATE TABLE t (a int NOT NULL); CREATE TABLE c (b int) INHERITS (t)`,
	},
	{
		says: "a view has other columns and is made anew",
		tenant: `CREATE TABLE t (a int, b int); CREATE VIEW v WITH (security_barrier) AS SELECT a FROM t; CREATE VIEW w AS SELECT a + 1 AS x FROM v; COMMENT ON VIEW v IS 'mine'; GRANT SELECT ON v TO PUBLIC;
			ALTER VIEW v ALTER a SET DEFAULT 5; INSERT INTO t VALUES (1, 2)`,
		template: `CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT a, b FROM t`,
		does:     []string{"adapt make the view public.v"},
		check:    `SELECT x FROM w`, want: "2",
	},
	{
		says:     "a materialized view stands where a view shall be",
		tenant:   `CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 2); CREATE MATERIALIZED VIEW v AS SELECT a FROM t WITH NO DATA; CREATE INDEX i ON v (a)`,
		template: `CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT a, b FROM t`,
		asks:     []string{"other_definition:public.v: skip"},
		answers:  "other_definition:public.v skip",
		does:     []string{"skip make the view public.v"},
		missing:  []string{"view public.v: view (a integer, b integer)"},
	},
	{
		says: "a trigger and a policy of the name do something else",
		tenant: `CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
			ALTER TABLE t ENABLE REPLICA TRIGGER g; COMMENT ON TRIGGER g ON t IS 'mine'; CREATE POLICY p ON t FOR SELECT USING (a > 0); COMMENT ON POLICY p ON t IS 'mine'; INSERT INTO t VALUES (1)`,
		template: `CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER g AFTER UPDATE ON t FOR EACH STATEMENT EXECUTE FUNCTION f();
			CREATE POLICY p ON t FOR UPDATE USING (a > 1) WITH CHECK (a > 2); ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY`,
		does: []string{"adapt make the trigger g of public.t", "adapt make the policy p of public.t"},
	},
	{
		says:     "rows that a policy hides from their owner are seen",
		tenant:   `CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1), (2); ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY`,
		template: `CREATE TABLE t (a bigint, b int NOT NULL)`,
		asks:     []string{"rows:public.t.b:not_null: fill number skip"},
		answers:  "rows:public.t.b:not_null fill 4",
		does:     []string{"adapt refuse NULL in public.t.b"},
	},
	{
		says:     "a table becomes a partition of one with keys",
		tenant:   `CREATE TABLE t (k int NOT NULL, a int, PRIMARY KEY (k)) PARTITION BY LIST (k); CREATE TABLE t1 (k int NOT NULL, a int); INSERT INTO t1 VALUES (1, 1)`,
		template: `CREATE TABLE t (k int NOT NULL, a int, PRIMARY KEY (k)) PARTITION BY LIST (k); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)`,
	},
	{
		says:     "an extension's things keep their schema",
		tenant:   `CREATE SCHEMA app; CREATE EXTENSION pg_trgm SCHEMA public; CREATE TABLE app.t (a text)`,
		template: `CREATE EXTENSION pg_trgm SCHEMA public; CREATE TABLE public.t (a text); CREATE INDEX ON public.t USING gin (a public.gin_trgm_ops)`,
		mapping:  schema.Mapping{Schemas: map[string]string{"app": "public"}},
		schemas:  []string{"app"},
	},
	{
		says: "what uses a column from schemas that are not read steps aside too",
		tenant: `CREATE SCHEMA app; CREATE SCHEMA beside; CREATE TABLE app.t (a int PRIMARY KEY, b text); CREATE TABLE beside.x (a int REFERENCES app.t, n text); CREATE VIEW beside.v AS SELECT a + 1 AS one, b FROM app.t;
			INSERT INTO app.t VALUES (1, '7'); INSERT INTO beside.x VALUES (1, 'x')`,
		template: `CREATE TABLE public.t (a bigint PRIMARY KEY, b int)`,
		mapping:  schema.Mapping{Schemas: map[string]string{"app": "public"}},
		schemas:  []string{"app"},
		answers:  "lossy:public.t.b convert",
		does:     []string{"adapt around the changes of types", "adapt around the changes of types"},
	},
	{
		says:     "a schema is new where only some are read",
		tenant:   `CREATE SCHEMA app; CREATE TABLE app.t (a int)`,
		template: `CREATE TABLE public.t (a int); CREATE SCHEMA more; CREATE TABLE more.x (a int)`,
		mapping:  schema.Mapping{Schemas: map[string]string{"app": "public"}},
		schemas:  []string{"app"},
	},
	{
		says:     "a schema that is not read has the name",
		tenant:   `CREATE SCHEMA app; CREATE TABLE app.t (a int); CREATE SCHEMA more; CREATE TABLE more.x (b int); INSERT INTO more.x VALUES (1)`,
		template: `CREATE TABLE public.t (a int); CREATE SCHEMA more; CREATE TABLE more.x (a int)`,
		mapping:  schema.Mapping{Schemas: map[string]string{"app": "public"}},
		schemas:  []string{"app"},
		asks:     []string{"name_taken:more: skip"},
		answers:  "name_taken:more skip",
		does:     []string{"skip make the schema more", "skip create the table more.x"},
		guarded:  []string{"skip make the schema more", "skip create the table more.x", "skip add the column more.x.a", "skip make more.x.a integer"},
		missing:  []string{"column more.x.a", "type more.x.a: integer"},
	},
	{
		says:     "a materialized view with an index is new",
		tenant:   `CREATE TABLE t (a int); INSERT INTO t VALUES (1)`,
		template: `CREATE TABLE t (a int); CREATE MATERIALIZED VIEW m AS SELECT a FROM t; CREATE UNIQUE INDEX ON m (a)`,
		check:    `SELECT count(*)::text FROM m`, want: "1",
	},
	{
		says:   "tables are new that point at each other, with functions in defaults, checks, indexes and generated columns",
		tenant: `CREATE TABLE old (a int); INSERT INTO old VALUES (1), (2)`,
		template: `CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'; CREATE SEQUENCE shared; CREATE TABLE old (a int, s int DEFAULT nextval('shared'), g int GENERATED ALWAYS AS (public.f(a)) STORED);
			CREATE TABLE a (id int PRIMARY KEY DEFAULT public.f(3), b int, s int DEFAULT nextval('shared')); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a, CHECK (public.f(a) > 0)); ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b; CREATE INDEX ON old (public.f(a));
			CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE CONSTRAINT TRIGGER c AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION t(); CREATE TRIGGER x AFTER UPDATE ON old REFERENCING OLD TABLE AS o FOR EACH STATEMENT EXECUTE FUNCTION t()`,
		check: `SELECT string_agg(s::text || g::text, ' ') FROM old`, want: "12 23",
	},
	{
		says:     "a policy names a role that is not there",
		tenant:   `CREATE TABLE t (a int)`,
		template: `CREATE TABLE t (a int); CREATE POLICY p ON t TO pg_monitor USING (a > 0)`,
	},
}
