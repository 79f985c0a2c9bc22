package allowlist_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/veilschema/veil/internal/allowlist"
)

// bodies are hostile texts of functions, by language.
var bodies = map[string]struct{ language, text, want string }{
	"it makes a table":                {"sql", `CREATE TABLE t (a int)`, "may read and change rows"},
	"it drops a table":                {"sql", `SELECT 1; DROP TABLE t`, "may read and change rows"},
	"it copies":                       {"sql", `COPY t TO PROGRAM 'sh'`, "COPY moves rows"},
	"it grants":                       {"sql", `GRANT ALL ON t TO PUBLIC`, "may read and change rows"},
	"it makes a role":                 {"sql", `CREATE ROLE r SUPERUSER`, "CREATE ROLE"},
	"it sets":                         {"sql", `SET search_path = evil`, "may read and change rows"},
	"it makes a table from a query":   {"sql", `SELECT 1 INTO t`, "SELECT INTO"},
	"it writes a catalog":             {"sql", `UPDATE pg_authid SET rolsuper = true`, "pg_authid"},
	"it writes a catalog by name":     {"sql", `DELETE FROM pg_catalog.pg_class`, "PostgreSQL's own"},
	"it writes settings":              {"sql", `UPDATE pg_settings SET setting = 'x'`, "pg_settings"},
	"it writes in a WITH":             {"sql", `WITH w AS (DELETE FROM pg_depend RETURNING *) SELECT * FROM w`, "pg_depend"},
	"it reads passwords":              {"sql", `SELECT rolpassword FROM pg_authid`, "pg_authid"},
	"it reads passwords quietly":      {"sql", `SELECT 1 WHERE EXISTS (TABLE pg_shadow)`, "pg_shadow"},
	"it reads others' connections":    {"sql", `SELECT umoptions FROM pg_user_mappings`, "pg_user_mappings"},
	"it reads them by another view":   {"sql", `SELECT option_value FROM information_schema.user_mapping_options`, "user_mapping_options"},
	"it reads a hidden view":          {"sql", `SELECT * FROM information_schema._pg_user_mappings`, "_pg_user_mappings"},
	"it reads large objects":          {"sql", `SELECT data FROM pg_largeobject`, "pg_largeobject"},
	"it reads what others do":         {"sql", `SELECT query FROM pg_stat_activity`, "pg_stat_activity"},
	"it reads the server's files":     {"sql", `SELECT * FROM pg_hba_file_rules`, "pg_hba_file_rules"},
	"it has a field that is a call":   {"sql", `SELECT f.pg_read_file FROM lower('/ETC/PASSWD') f`, "pg_read_file"},
	"it has a loop without an end":    {"plpgsql", `BEGIN LOOP BEGIN PERFORM 1; EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END`, "query_canceled"},
	"it catches it by number":         {"plpgsql", `BEGIN NULL; EXCEPTION WHEN unique_violation OR SQLSTATE '57014' THEN NULL; END`, "57014"},
	"it runs text":                    {"plpgsql", `BEGIN EXECUTE 'DROP TABLE t'; END`, "EXECUTE runs text"},
	"it runs text with values":        {"plpgsql", `DECLARE a int; BEGIN EXECUTE 'SELECT $1' INTO a USING 1; END`, "EXECUTE runs text"},
	"it loops over text":              {"plpgsql", `DECLARE r record; BEGIN FOR r IN EXECUTE 'SELECT 1' LOOP NULL; END LOOP; END`, "EXECUTE runs text"},
	"it returns a text's rows":        {"plpgsql", `BEGIN RETURN QUERY EXECUTE 'SELECT 1'; END`, "EXECUTE runs text"},
	"it opens a text":                 {"plpgsql", `DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE 'SELECT 1'; END`, "EXECUTE runs text"},
	"it commits":                      {"plpgsql", `BEGIN COMMIT; END`, "cannot end transactions"},
	"it rolls back":                   {"plpgsql", `BEGIN ROLLBACK AND CHAIN; END`, "cannot end transactions"},
	"it locks":                        {"plpgsql", `BEGIN LOCK TABLE t; END`, "LOCK"},
	"it truncates":                    {"plpgsql", `BEGIN TRUNCATE t; END`, "TRUNCATE"},
	"it listens":                      {"plpgsql", `BEGIN LISTEN c; END`, "LISTEN"},
	"it makes a temporary table":      {"plpgsql", `BEGIN CREATE TEMP TABLE t (a int); END`, "CREATE TEMP"},
	"it runs a block":                 {"plpgsql", `BEGIN DO $d$ BEGIN END $d$; END`, "DO runs code"},
	"it sets the role":                {"plpgsql", `BEGIN SET LOCAL role = postgres; END`, "SET LOCAL"},
	"it alters a role in a handler":   {"plpgsql", `BEGIN NULL; EXCEPTION WHEN OTHERS THEN ALTER ROLE r SUPERUSER; END`, "ALTER ROLE"},
	"it alters a role in a branch":    {"plpgsql", `BEGIN IF a THEN IF b THEN NULL; ELSE ALTER ROLE r SUPERUSER; END IF; END IF; END`, "ALTER ROLE"},
	"it is no SQL":                    {"sql", `hello`, "grammar does not take it"},
	"it is no PL/pgSQL":               {"plpgsql", `hello`, "grammar does not take it"},
	"it has a statement behind one":   {"plpgsql", `BEGIN a := 1; b := (SELECT 1; DROP TABLE t); END`, "grammar does not take it"},
	"it has another database's table": {"plpgsql", `BEGIN PERFORM 1 FROM other.public.t; END`, "names a database"},
}

func TestHostileBodiesAreRefused(t *testing.T) {
	for name, c := range bodies {
		t.Run(name, func(t *testing.T) {
			returns := "int"
			if strings.Contains(c.text, "RETURN QUERY") {
				returns = "SETOF int"
			}
			sql := fmt.Sprintf("CREATE FUNCTION f() RETURNS %s LANGUAGE %s AS $f$%s$f$", returns, c.language, c.text)
			err := allowlist.Statement(sql)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
			if err := allowlist.File("f", []byte(sql)); err == nil && !strings.Contains(sql, "pg_stat_activity") {
				t.Error("it passes in a file")
			}
		})
	}
}

// onlyInFiles passes in a file, whose database contains it, and not in a plan.
var onlyInFiles = map[string]struct{ sql, want string }{
	"an owner":                    {`ALTER TABLE t OWNER TO r`, "ChangeOwner"},
	"an owner of a schema":        {`ALTER SCHEMA s OWNER TO r`, "ALTER SCHEMA has no place"},
	"a schema for another":        {`CREATE SCHEMA s AUTHORIZATION r`, "AUTHORIZATION"},
	"a right":                     {`GRANT SELECT ON t TO r`, "GRANT SELECT has no place"},
	"a right less":                {`REVOKE ALL ON SCHEMA public FROM PUBLIC`, "REVOKE ALL has no place"},
	"rights to come":              {`ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO r`, "ALTER DEFAULT has no place"},
	"a dropped table":             {`DROP TABLE IF EXISTS t CASCADE`, "DROP TABLE has no place"},
	"a dropped column":            {`ALTER TABLE t DROP COLUMN a`, "DropColumn"},
	"a disabled trigger":          {`ALTER TABLE t DISABLE TRIGGER x`, "DisableTrig"},
	"disabled row security":       {`ALTER TABLE t DISABLE ROW LEVEL SECURITY`, "DisableRowSecurity"},
	"a partition taken off":       {`ALTER TABLE p DETACH PARTITION t`, "DetachPartition"},
	"a change behind another":     {`ALTER TABLE t ADD COLUMN a int, DROP COLUMN b`, "DropColumn"},
	"a renamed table":             {`ALTER TABLE t RENAME TO u`, "ALTER TABLE has no place"},
	"a renamed value":             {`ALTER TYPE e RENAME VALUE 'a' TO 'b'`, "only adds values"},
	"a changed policy":            {`ALTER POLICY p ON t USING (true)`, "ALTER POLICY has no place"},
	"a looser domain":             {`ALTER DOMAIN d DROP NOT NULL`, "only adds constraints"},
	"seed rows":                   {`INSERT INTO t VALUES (1, 'a'), (2, 'b')`, "INSERT INTO has no place"},
	"a search_path":               {`SELECT pg_catalog.set_config('search_path', '', false)`, "SELECT"},
	"a sequence's state":          {`SELECT pg_catalog.setval('public.s', 1, false)`, "SELECT"},
	"a setting":                   {`SET check_function_bodies = false`, "SET CHECK_FUNCTION_BODIES has no place"},
	"an event trigger":            {`CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()`, "CREATE EVENT has no place"},
	"an extension's comment":      {`COMMENT ON EXTENSION hstore IS 'x'`, "COMMENT of extension"},
	"a function in a view's":      {`CREATE OR REPLACE VIEW v AS SELECT 1`, "OR REPLACE"},
	"a function in another's":     {`CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`, "OR REPLACE"},
	"a trigger in another's":      {`CREATE OR REPLACE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION f()`, "OR REPLACE"},
	"a temporary table":           {`CREATE TEMP TABLE t (a int)`, "temporary"},
	"a temporary view":            {`CREATE TEMP VIEW v AS SELECT 1`, "temporary"},
	"a function with its owner's": {`CREATE FUNCTION f() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'`, "SECURITY DEFINER"},
	"a view on what others do":    {`CREATE VIEW v AS SELECT query FROM pg_stat_activity`, "pg_stat_activity"},
	"a function in PostgreSQL's":  {`CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT $1::text'`, "PostgreSQL's own"},
}

func TestWhatFilesMayHaveAndPlansMayNot(t *testing.T) {
	for name, c := range onlyInFiles {
		t.Run(name, func(t *testing.T) {
			if err := allowlist.File("file.sql", []byte(c.sql)); err != nil {
				t.Errorf("the file is refused: %v", err)
			}
			if err := allowlist.Statement(c.sql); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

// innocent are statements as plans have them.
var innocent = []string{
	`CREATE SCHEMA "CDM"`,
	`CREATE TABLE cdm.visit (id bigint NOT NULL, "Room No." character varying(20) DEFAULT 'x'::character varying, tags text[] DEFAULT ARRAY[]::text[])`,
	`CREATE TABLE t (id integer GENERATED BY DEFAULT AS IDENTITY (START WITH 5 CACHE 10), total numeric(10,2) GENERATED ALWAYS AS ((price * (qty)::numeric)) STORED)`,
	`CREATE UNLOGGED TABLE t (LIKE u INCLUDING ALL, CHECK (a <> ''), FOREIGN KEY (b) REFERENCES u (b) ON DELETE SET NULL DEFERRABLE) INHERITS (w) WITH (fillfactor = 70)`,
	`CREATE TABLE p (a date, b int) PARTITION BY RANGE (a, (b + 1))`,
	`CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2020-01-01', MINVALUE) TO ('2021-01-01', MAXVALUE)`,
	`ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM ('2021-01-01', 1) TO ('2022-01-01', 1)`,
	`ALTER TABLE ONLY t INHERIT u`,
	`ALTER TABLE t ADD COLUMN c timestamp with time zone DEFAULT now() NOT NULL`,
	`ALTER TABLE t ADD COLUMN c uuid DEFAULT gen_random_uuid(), ADD COLUMN d text COLLATE "C" DEFAULT concat('a', md5(random()::text))`,
	`ALTER TABLE t ALTER COLUMN c TYPE bigint USING c::bigint`,
	`ALTER TABLE t ALTER COLUMN c SET DEFAULT nextval('public.s'::regclass)`,
	`ALTER TABLE t ALTER COLUMN c SET NOT NULL`,
	`ALTER TABLE t ALTER COLUMN c ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME public.t_c_seq START WITH 1 NO MINVALUE)`,
	`ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a, b)`,
	`ALTER TABLE t ADD CONSTRAINT k UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b)`,
	`ALTER TABLE t ADD CONSTRAINT k CHECK (((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))) NOT VALID`,
	`ALTER TABLE t VALIDATE CONSTRAINT k`,
	`ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (room WITH =, tstzrange(a, b, '[)'::text) WITH &&) WHERE ((NOT cancelled))`,
	`ALTER TABLE t ENABLE ROW LEVEL SECURITY`,
	`ALTER TABLE t FORCE ROW LEVEL SECURITY`,
	`ALTER TABLE t ENABLE ALWAYS TRIGGER x`,
	`CREATE UNIQUE INDEX i ON public.t USING btree (lower((name)::text) COLLATE "C" varchar_pattern_ops DESC NULLS LAST) INCLUDE (b) WHERE (deleted_at IS NULL)`,
	`CREATE INDEX i ON t USING gin (to_tsvector('english'::regconfig, COALESCE(body, ''::text)), (data -> 'a') jsonb_path_ops) WITH (fastupdate = off)`,
	`CREATE INDEX CONCURRENTLY i ON t USING gist (name gist_trgm_ops (siglen = 32))`,
	`CREATE SEQUENCE public.s AS integer INCREMENT BY 2 MINVALUE 0 CACHE 5 CYCLE`,
	`ALTER SEQUENCE public.s OWNED BY public.t.id`,
	`CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s fine')`,
	`ALTER TYPE mood ADD VALUE 'happy' AFTER 'ok'`,
	`CREATE TYPE pair AS (a integer, b text COLLATE "C")`,
	`CREATE TYPE span AS RANGE (SUBTYPE = double precision, SUBTYPE_DIFF = float8mi)`,
	`CREATE DOMAIN email AS citext DEFAULT '' NOT NULL CHECK (VALUE ~ '^[^@]+@[^@]+$'::citext)`,
	`ALTER DOMAIN email ADD CONSTRAINT short CHECK (length(VALUE) < 100)`,
	`CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public`,
	`CREATE VIEW v WITH (security_barrier = 'true') AS SELECT a.*, count(*) FILTER (WHERE b.ok) OVER (PARTITION BY a.id ORDER BY b.at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS n FROM a LEFT JOIN b USING (id) WHERE a.at > CURRENT_DATE - '7 days'::interval`,
	`CREATE VIEW v AS WITH RECURSIVE w(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM w WHERE n < 100) SELECT sum(n), array_agg(n ORDER BY n DESC) FROM w GROUP BY ROLLUP (n) HAVING sum(n) > 1 LIMIT 5`,
	`CREATE VIEW v AS SELECT x.a, extract(year FROM x.d), x.d AT TIME ZONE 'UTC', substring(x.a FROM 1 FOR 2), xmlelement(name a, x.a), CAST(x.a AS int), (x.r).b, ROW(1, 2), GREATEST(1, 2), x.a[1:2] FROM unnest(ARRAY[1]) WITH ORDINALITY x(a, b), LATERAL (SELECT 1) y, c TABLESAMPLE system (10) ORDER BY 1 USING <`,
	`CREATE VIEW v AS SELECT * FROM crosstab('SELECT 1, 2, 3'::text, 'VALUES (1)') AS ct(a int, b int, c int)`,
	`CREATE VIEW v AS SELECT c.relname, pg_get_indexdef(i.indexrelid), pg_relation_size(c.oid) FROM pg_class c JOIN pg_catalog.pg_index i ON i.indrelid = c.oid JOIN information_schema.columns k ON k.table_name = c.relname`,
	`CREATE VIEW v AS SELECT JSON_OBJECT('a': 1), JSON_ARRAYAGG(a), a IS JSON, JSON_VALUE(a, '$.b' RETURNING int) FROM t, JSON_TABLE(a, '$' COLUMNS (b int PATH '$.c')) j`,
	`CREATE MATERIALIZED VIEW v AS SELECT public.own_function(a), digest(b, 'sha256'), similarity(a, b) FROM t WITH NO DATA`,
	`CREATE FUNCTION f(a integer DEFAULT 1, OUT b text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10 SET search_path TO 'public', 'pg_temp' AS $$ SELECT ($1 + 1)::text $$`,
	`CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE n integer := 0; r record; BEGIN IF TG_OP = 'INSERT' AND NEW.a IS DISTINCT FROM OLD.a THEN NEW.at := now(); END IF; FOR r IN SELECT * FROM t LOOP n := n + 1; END LOOP; UPDATE t SET a = n WHERE id = NEW.id RETURNING a INTO n; GET DIAGNOSTICS n = ROW_COUNT; RAISE EXCEPTION 'no %', n USING ERRCODE = 'check_violation'; EXCEPTION WHEN unique_violation THEN RETURN NULL; END $$`,
	`CREATE FUNCTION f() RETURNS TABLE(a int, b text) LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT 1, 'a'; RETURN; END $$`,
	`CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'ALTER TABLE t ALTER a TYPE bigint'; END $$`,
	`CREATE FUNCTION f() RETURNS text LANGUAGE sql RETURN current_setting('app.tenant')`,
	`CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN current_setting(concat('lock.', TG_TABLE_NAME), true); END $$`,
	`CREATE PROCEDURE p(INOUT x integer) LANGUAGE sql BEGIN ATOMIC INSERT INTO t VALUES (x) ON CONFLICT (a) DO UPDATE SET a = excluded.a RETURNING a; DELETE FROM u USING t WHERE u.a = t.a; END`,
	`CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ MERGE INTO t USING u ON t.a = u.a WHEN MATCHED AND u.b THEN UPDATE SET b = u.b WHEN NOT MATCHED THEN INSERT VALUES (u.a) $$`,
	`CREATE TRIGGER x BEFORE INSERT OR UPDATE OF a, b ON public.t FOR EACH ROW WHEN (((new.a IS NOT NULL) AND (pg_trigger_depth() = 0))) EXECUTE FUNCTION public.f('arg')`,
	`CREATE TRIGGER x AFTER DELETE ON t REFERENCING OLD TABLE AS old_table FOR EACH STATEMENT EXECUTE FUNCTION f()`,
	`CREATE CONSTRAINT TRIGGER x AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f()`,
	`CREATE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger('v', 'pg_catalog.english', 'body')`,
	`CREATE POLICY p ON t AS RESTRICTIVE FOR UPDATE TO PUBLIC USING ((tenant = current_setting('app.tenant'::text)) AND (owner = CURRENT_USER)) WITH CHECK (EXISTS (SELECT 1 FROM u WHERE u.id = t.id))`,
	`CREATE STATISTICS s (ndistinct, dependencies) ON a, b, (lower(c)) FROM t`,
	`COMMENT ON COLUMN public.t.a IS 'what it is'`,
	`COMMENT ON FUNCTION public.f(integer) IS 'x'`,
	`COMMENT ON CONSTRAINT k ON t IS 'x';`,
	`COMMENT ON TABLE ` + strings.Repeat("a", 63) + ` IS '64 bytes of text are no name: ` + strings.Repeat("x", 64) + `'`,
}

func TestInnocentStatementsPass(t *testing.T) {
	for _, sql := range innocent {
		if err := allowlist.Statement(sql); err != nil {
			t.Error(err)
		}
		if err := allowlist.File("file.sql", []byte(sql)); err != nil {
			t.Errorf("in a file: %v", err)
		}
	}
}

func TestAPlanHasOneStatementAtATime(t *testing.T) {
	for _, sql := range []string{
		"", ";", "-- nothing", "ALTER TABLE t ADD COLUMN c int; DROP TABLE x", "CREATE TABLE t (a int);;CREATE TABLE u (a int)",
		"CREATE TABLE t (a int) CREATE TABLE u (a int)", "CREATE TABLE t (a int);\n\\. \nDROP TABLE t",
	} {
		if err := allowlist.Statement(sql); err == nil {
			t.Errorf("%q passes", sql)
		}
	}
	if err := allowlist.Statement("/* one */ CREATE TABLE t (a int); -- and no more"); err != nil {
		t.Error(err)
	}
}

func TestRemovalsTakeOneThingAway(t *testing.T) {
	for sql, want := range map[string]string{
		`DROP TABLE public.t`:                                       "",
		`DROP VIEW v`:                                               "",
		`DROP TYPE public.mood`:                                     "",
		`DROP DOMAIN d`:                                             "",
		`DROP INDEX public.i`:                                       "",
		`DROP TRIGGER x ON public.t`:                                "",
		`DROP POLICY p ON t`:                                        "",
		`DROP FUNCTION public.f(integer, text)`:                     "",
		`ALTER TABLE t DROP COLUMN a`:                               "",
		`ALTER TABLE t DROP CONSTRAINT k`:                           "",
		`ALTER TABLE t ALTER COLUMN a DROP NOT NULL`:                "",
		`ALTER TABLE t ALTER COLUMN a DROP DEFAULT`:                 "",
		`ALTER TABLE t ALTER COLUMN a DROP IDENTITY`:                "",
		`ALTER TABLE t DISABLE ROW LEVEL SECURITY`:                  "",
		`DROP TABLE t CASCADE`:                                      "CASCADE",
		`ALTER TABLE t DROP COLUMN a CASCADE`:                       "CASCADE",
		`DROP TABLE t, u`:                                           "one object",
		`ALTER TABLE t DROP COLUMN a, DROP COLUMN b`:                "one thing away",
		`DROP SCHEMA public`:                                        "another matter",
		`DROP EXTENSION hstore`:                                     "another matter",
		`DROP DATABASE d`:                                           "DROP DATABASE",
		`DROP ROLE r`:                                               "DROP ROLE",
		`DROP TABLE pg_catalog.pg_class`:                            "PostgreSQL's own",
		`DROP TABLE other.public.t`:                                 "leave the database out",
		`ALTER TABLE t ALTER COLUMN a SET DEFAULT pg_read_file('')`: "does not take away",
		`ALTER TABLE t DISABLE TRIGGER ALL`:                         "does not take away",
		`CREATE TABLE t (a int)`:                                    "does not take away",
		`DROP TABLE t; DROP TABLE u`:                                "more than one",
	} {
		err := allowlist.Removal(sql)
		if want == "" && err != nil {
			t.Errorf("%s is refused: %v", sql, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q in it", sql, err, want)
		}
	}
}
