package executor_test

import "github.com/veilschema/veil/compare/schema"

// nameObstacles are those of names: odd ones, and such that the tenant has otherwise.
var nameObstacles = []obstacle{
	{
		says:     "names with dots are told apart in questions",
		tenant:   `CREATE TABLE "x.y" (z text); CREATE TABLE x ("y.z" text); INSERT INTO "x.y" VALUES ('1'); INSERT INTO x VALUES ('2')`,
		template: `CREATE TABLE "x.y" (z int); CREATE TABLE x ("y.z" int)`,
		asks:     []string{`lossy:public.x."y.z": convert skip`, `lossy:public."x.y".z: convert skip`},
		answers:  "lossy:public.x.\"y.z\" skip\nlossy:public.\"x.y\".z convert",
		does:     []string{`skip make public.x."y.z" integer`},
		missing:  []string{`type public.x."y.z": integer`},
	},
	{
		says: "tables and columns take each other's names",
		tenant: `CREATE TABLE a (one int, two int, three int); CREATE TABLE b (x int); CREATE TABLE c (y int);
			INSERT INTO a VALUES (1, 2, 3); CREATE VIEW v AS SELECT a.one, b.x FROM a, b`,
		template: `CREATE TABLE b (two int PRIMARY KEY, one int, four int); CREATE TABLE a (z int); CREATE TABLE d (y int)`,
		mapping: schema.Mapping{
			Tables: map[schema.Relation]string{{Schema: "public", Name: "a"}: "b", {Schema: "public", Name: "b"}: "a", {Schema: "public", Name: "c"}: "d"},
			Columns: map[schema.ColumnName]string{
				{Schema: "public", Table: "a", Column: "one"}: "two", {Schema: "public", Table: "a", Column: "two"}: "one",
				{Schema: "public", Table: "a", Column: "three"}: "four", {Schema: "public", Table: "b", Column: "x"}: "z",
			},
		},
		check: `SELECT concat(two, one, four) FROM b`, want: "123",
	},
	{
		says:     "several schemas are one in the template, and one of them takes what is new",
		tenant:   `CREATE SCHEMA s1; CREATE SCHEMA s2; CREATE TABLE s1.a (x int); CREATE TABLE s2.b (x int)`,
		template: `CREATE SCHEMA s; CREATE TABLE s.a (x int, y int); CREATE TABLE s.b (x bigint); CREATE TABLE s.c (x int)`,
		mapping:  schema.Mapping{Schemas: map[string]string{"s1": "s", "s2": "s"}},
		asks:     []string{"schema:s: schema"},
		answers:  "schema:s schema s2",
		check:    `SELECT count(*)::text FROM s2.c`, want: "0",
	},
	{
		says:     "a schema is new",
		tenant:   `CREATE TABLE t (a int)`,
		template: `CREATE TABLE t (a int); CREATE SCHEMA "New ""one"""; CREATE TABLE "New ""one"""."T" ("A b" serial PRIMARY KEY, CONSTRAINT "c.c" CHECK ("A b" > 0)); CREATE INDEX "i i" ON "New ""one"""."T" ("A b")`,
	},
	{
		says:   "hostile names and labels stay names and labels",
		tenant: `CREATE TABLE x (a int); CREATE TYPE e AS ENUM ('a'); CREATE TABLE u (e e); INSERT INTO u VALUES ('a'); CREATE INDEX ON x (a)`,
		template: `CREATE TABLE x (a int DEFAULT 3, "b""; DROP TABLE u; --" text DEFAULT '''); DROP TABLE u; --\' NOT NULL); CREATE TYPE e AS ENUM ('a', E'''); DROP TABLE u; --\\', 'x'', ''y'); CREATE TABLE u (e e);
			CREATE TABLE "y ADD COLUMN z" ("a NOT NULL" int NOT NULL, CONSTRAINT "k ADD CONSTRAINT k " UNIQUE ("a NOT NULL")); CREATE INDEX "i"" ON x" ON x (a, "b""; DROP TABLE u; --") WHERE "b""; DROP TABLE u; --" <> ''');'`,
		does: []string{"adapt make the enum public.e"},
	},
	{
		says: "the template's schemas are the tenant's under other names",
		tenant: `CREATE SCHEMA "the main"; CREATE SCHEMA lookup; CREATE TABLE lookup.country (id int PRIMARY KEY); CREATE TABLE "the main".t (a int, c int); CREATE TABLE public.country ();
			INSERT INTO lookup.country VALUES (1); INSERT INTO "the main".t VALUES (1, 1)`,
		template: `CREATE SCHEMA ref; CREATE SCHEMA main; CREATE TABLE ref.country (id int PRIMARY KEY); CREATE TABLE main.t (a serial, c int REFERENCES ref.country); CREATE TYPE main.mood AS ENUM ('ref.x');
			CREATE TABLE main.n (m main.mood DEFAULT 'ref.x', CHECK (m <> 'ref.x'::main.mood)); CREATE VIEW main.v AS SELECT t.a, ref.id FROM main.t JOIN ref.country ref ON ref.id = t.c`,
		mapping: schema.Mapping{Schemas: map[string]string{"the main": "main", "lookup": "ref"}},
		check:   `SELECT count(*)::text FROM "the main".v`, want: "1",
	},
}
