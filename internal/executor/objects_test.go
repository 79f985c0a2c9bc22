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
}
