package allowlist_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/veilschema/veil/internal/allowlist"
)

// refusals are those of an error of File, Statement or Removal.
func refusals(t *testing.T, err error) []allowlist.Refusal {
	t.Helper()
	var refused *allowlist.Refused
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want a Refused", err)
	}
	return refused.Refusals
}

// hostile are files that are refused, and what the reason has to say. What is refused in a file is refused in a plan too.
var hostile = map[string]struct{ sql, want string }{
	"rows are read from a file":          {`COPY t FROM '/etc/passwd'`, "COPY moves rows"},
	"rows go to a program":               {`COPY t TO PROGRAM 'sh'`, "COPY moves rows"},
	"rows come with the file":            {"COPY t FROM stdin;\n1\n\\.\n", "COPY moves rows"},
	"code runs at once":                  {`DO $$ BEGIN END $$`, "DO runs code"},
	"a library is loaded":                {`LOAD '/tmp/x.so'`, "LOAD"},
	"a transaction begins":               {`BEGIN`, "steer transactions"},
	"a transaction ends":                 {`COMMIT`, "steer transactions"},
	"a transaction is taken back":        {`ROLLBACK`, "steer transactions"},
	"a transaction is taken back partly": {`ROLLBACK TO SAVEPOINT s`, "steer transactions"},
	"a savepoint":                        {`SAVEPOINT s`, "steer transactions"},
	"a prepared transaction":             {`PREPARE TRANSACTION 'x'`, "steer transactions"},
	"a prepared one is committed":        {`COMMIT PREPARED 'x'`, "steer transactions"},
	"an isolation level":                 {`SET TRANSACTION ISOLATION LEVEL SERIALIZABLE`, "setting transaction"},
	"deferred constraints":               {`SET CONSTRAINTS ALL DEFERRED`, "SET CONSTRAINTS"},
	"a database is made":                 {`CREATE DATABASE d`, "CREATE DATABASE"},
	"a database is dropped":              {`DROP DATABASE d`, "DROP DATABASE"},
	"a database is changed":              {`ALTER DATABASE d SET search_path = evil`, "ALTER DATABASE"},
	"a database is renamed":              {`ALTER DATABASE d RENAME TO e`, "database"},
	"a database is given away":           {`ALTER DATABASE d OWNER TO r`, "database"},
	"a database is commented on":         {`COMMENT ON DATABASE d IS 'x'`, "COMMENT of database"},
	"rights on a database":               {`GRANT ALL ON DATABASE d TO PUBLIC`, "GRANT of database"},
	"a role is made":                     {`CREATE ROLE r SUPERUSER`, "CREATE ROLE"},
	"a user is made":                     {`CREATE USER r PASSWORD 'x'`, "CREATE USER"},
	"a role is changed":                  {`ALTER ROLE postgres PASSWORD 'x'`, "ALTER ROLE"},
	"a role is renamed":                  {`ALTER ROLE a RENAME TO b`, "ROLE"},
	"a role is given":                    {`GRANT pg_read_server_files TO r`, "GRANT"},
	"another role is taken":              {`SET ROLE postgres`, "setting role"},
	"another session's role is taken":    {`SET SESSION AUTHORIZATION postgres`, "setting session_authorization"},
	"what a role owns is dropped":        {`DROP OWNED BY r`, "DROP OWNED"},
	"what a role owns is given away":     {`REASSIGN OWNED BY r TO s`, "REASSIGN OWNED"},
	"a tablespace":                       {`CREATE TABLESPACE s LOCATION '/tmp'`, "CREATE TABLESPACE"},
	"a table in a tablespace":            {`CREATE TABLE t (a int) TABLESPACE s`, "TABLESPACE"},
	"a key in a tablespace":              {`CREATE TABLE t (a int PRIMARY KEY USING INDEX TABLESPACE s)`, "TABLESPACE"},
	"an index in a tablespace":           {`CREATE INDEX i ON t (a) TABLESPACE s`, "TABLESPACE"},
	"a tablespace by SET":                {`SET default_tablespace = s`, "default_tablespace"},
	"a table moves":                      {`ALTER TABLE t SET TABLESPACE s`, "SetTableSpace"},
	"a server":                           {`CREATE SERVER s FOREIGN DATA WRAPPER w`, "other servers"},
	"a wrapper":                          {`CREATE FOREIGN DATA WRAPPER w`, "CREATE FOREIGN"},
	"a foreign table":                    {`CREATE FOREIGN TABLE t (a int) SERVER s`, "CREATE FOREIGN"},
	"a foreign schema":                   {`IMPORT FOREIGN SCHEMA x FROM SERVER s INTO y`, "IMPORT FOREIGN"},
	"a user mapping":                     {`CREATE USER MAPPING FOR PUBLIC SERVER s`, "CREATE USER"},
	"a subscription":                     {`CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p`, "CREATE SUBSCRIPTION"},
	"a publication":                      {`CREATE PUBLICATION p FOR ALL TABLES`, "CREATE PUBLICATION"},
	"a language":                         {`CREATE LANGUAGE plperl HANDLER h`, "languages belong"},
	"a language's extension":             {`CREATE LANGUAGE plperl`, "extension plperl"},
	"a cast":                             {`CREATE CAST (a AS b) WITHOUT FUNCTION`, "CREATE CAST"},
	"an aggregate":                       {`CREATE AGGREGATE a (int) (sfunc = f, stype = internal)`, "CREATE AGGREGATE"},
	"an operator":                        {`CREATE OPERATOR = (FUNCTION = f, LEFTARG = int, RIGHTARG = int)`, "CREATE OPERATOR"},
	"an operator class":                  {`CREATE OPERATOR CLASS c FOR TYPE int USING btree AS OPERATOR 1 <`, "CREATE OPERATOR"},
	"a base type":                        {`CREATE TYPE t (INPUT = f, OUTPUT = g)`, "CREATE TYPE"},
	"an access method":                   {`CREATE ACCESS METHOD m TYPE TABLE HANDLER h`, "CREATE ACCESS"},
	"a conversion":                       {`CREATE CONVERSION c FOR 'UTF8' TO 'LATIN1' FROM f`, "CREATE CONVERSION"},
	"a transform":                        {`CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION f(internal))`, "CREATE TRANSFORM"},
	"a rule":                             {`CREATE RULE r AS ON SELECT TO t DO INSTEAD SELECT 1`, "a rule rewrites"},
	"a text search dictionary":           {`CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, STOPWORDS = '../x')`, "CREATE TEXT"},
	"VACUUM":                             {`VACUUM`, "VACUUM"},
	"CLUSTER":                            {`CLUSTER t USING i`, "CLUSTER"},
	"REINDEX":                            {`REINDEX DATABASE d`, "REINDEX"},
	"ANALYZE":                            {`ANALYZE`, "ANALYZE"},
	"CHECKPOINT":                         {`CHECKPOINT`, "CHECKPOINT"},
	"LISTEN":                             {`LISTEN c`, "LISTEN"},
	"NOTIFY":                             {`NOTIFY c, 'x'`, "NOTIFY"},
	"PREPARE":                            {`PREPARE p AS SELECT 1`, "PREPARE"},
	"EXECUTE":                            {`EXECUTE p`, "EXECUTE"},
	"DECLARE":                            {`DECLARE c CURSOR FOR SELECT 1`, "DECLARE"},
	"LOCK":                               {`LOCK TABLE t`, "LOCK"},
	"DISCARD":                            {`DISCARD ALL`, "DISCARD"},
	"TRUNCATE":                           {`TRUNCATE t`, "TRUNCATE"},
	"UPDATE":                             {`UPDATE t SET a = 1`, "UPDATE"},
	"DELETE":                             {`DELETE FROM t`, "DELETE"},
	"CALL":                               {`CALL p()`, "CALL"},
	"EXPLAIN":                            {`EXPLAIN ANALYZE SELECT 1`, "EXPLAIN"},
	"ALTER SYSTEM":                       {`ALTER SYSTEM SET fsync = off`, "ALTER SYSTEM"},
	"a security label":                   {`SECURITY LABEL ON TABLE t IS 'x'`, "SECURITY LABEL"},
	"rows of a query":                    {`SELECT 1`, "SELECT has no place"},
	"a setting through set_config":       {`SELECT pg_catalog.set_config('role', 'postgres', false)`, "SELECT has no place"},
	"a search_path that is calculated":   {`SELECT pg_catalog.set_config('search_path', pg_read_file('x'), false)`, "SELECT has no place"},
	"another function called setval":     {`SELECT evil.setval('s', 1)`, "SELECT has no place"},
	"rows deleted in a view":             {`CREATE VIEW v AS WITH w AS (DELETE FROM t RETURNING a) SELECT * FROM w`, "another statement"},
	"rows deleted for seed rows":         {`INSERT INTO t WITH w AS (DELETE FROM u RETURNING a) SELECT * FROM w`, "another statement"},
	"a table from a query":               {`CREATE TABLE t AS SELECT 1`, "CREATE TABLE AS"},
	"a table by SELECT INTO":             {`SELECT 1 INTO t`, "SELECT"},
	"a setting of the loader":            {`SET session_replication_role = replica`, "session_replication_role"},
	"strings that are read otherwise":    {`SET standard_conforming_strings = off`, "standard_conforming_strings"},
	"another encoding":                   {`SET client_encoding = 'SJIS'`, "client_encoding"},
	"a preloaded library":                {`SET local_preload_libraries = 'x'`, "local_preload_libraries"},
	"all settings":                       {`RESET ALL`, "setting"},
	"another database's table":           {`CREATE TABLE other.public.t (a int)`, "names a database"},
	"another database's table is read":   {`CREATE VIEW v AS SELECT * FROM other.public.t`, "names a database"},
	"another database's column":          {`CREATE VIEW v AS SELECT other.public.t.a FROM t`, "leave the database out"},
	"another database's type":            {`CREATE TABLE t (a other.public.x)`, "leave the database out"},
	"another database's function":        {`CREATE VIEW v AS SELECT other.public.f()`, "leave the database out"},
	"a psql command":                     {`\! sh`, "psql command"},
	"a psql connection":                  {`\connect other`, "psql command"},
	"a psql command in a statement":      {"CREATE TABLE t (a int) \\gexec", "psql command"},
	"an extension that connects":         {`CREATE EXTENSION dblink`, "extension dblink"},
	"an extension that reads files":      {`CREATE EXTENSION file_fdw`, "extension file_fdw"},
	"an extension with a language":       {`CREATE EXTENSION plpython3u`, "extension plpython3u"},
	"an extension in pg_catalog":         {`CREATE EXTENSION hstore SCHEMA pg_catalog`, "cannot go into pg_catalog"},
	"a function of a library":            {`CREATE FUNCTION f() RETURNS int LANGUAGE c AS '/lib/x.so', 'system'`, "language c"},
	"an internal function":               {`CREATE FUNCTION f(text) RETURNS text LANGUAGE internal AS 'pg_read_file'`, "language internal"},
	"a function in Perl":                 {`CREATE FUNCTION f() RETURNS int LANGUAGE plperlu AS 'system("x")'`, "language plperlu"},
	"a function in Python":               {`CREATE FUNCTION f() RETURNS int LANGUAGE plpython3u AS 'import os'`, "language plpython3u"},
	"a function without a language":      {`CREATE FUNCTION f() RETURNS int AS 'SELECT 1'`, "language"},
	"a leakproof function":               {`CREATE FUNCTION f() RETURNS int LEAKPROOF LANGUAGE sql AS 'SELECT 1'`, "leakproof"},
	"a function's support":               {`CREATE FUNCTION f() RETURNS int SUPPORT g LANGUAGE sql AS 'SELECT 1'`, "support"},
	"a function's setting":               {`CREATE FUNCTION f() RETURNS int SET role = postgres LANGUAGE sql AS 'SELECT 1'`, "SET role"},
	"a function's setting of now":        {`CREATE FUNCTION f() RETURNS int SET search_path FROM CURRENT LANGUAGE sql AS 'SELECT 1'`, "search_path"},
	"a table in pg_catalog":              {`CREATE TABLE pg_catalog.t (a int)`, "pg_catalog.t"},
	"a function in pg_catalog":           {`CREATE FUNCTION pg_catalog.f() RETURNS int LANGUAGE sql AS 'SELECT 1'`, "PostgreSQL's own"},
	"a type in information_schema":       {`CREATE TYPE information_schema.e AS ENUM ('a')`, "PostgreSQL's own"},
	"a domain in pg_toast":               {`CREATE DOMAIN pg_toast.d AS int`, "PostgreSQL's own"},
	"a trigger on a catalog":             {`CREATE TRIGGER x BEFORE INSERT ON pg_authid EXECUTE FUNCTION f()`, "pg_authid"},
	"a policy on a catalog":              {`CREATE POLICY x ON pg_catalog.pg_class USING (true)`, "PostgreSQL's own"},
	"a changed catalog":                  {`ALTER TABLE pg_class ADD COLUMN a int`, "pg_class"},
	"a schema of PostgreSQL's":           {`CREATE SCHEMA pg_evil`, "pg_evil"},
	"statements in a schema":             {`CREATE SCHEMA s CREATE TABLE t (a int)`, "other statements"},
	"rows of a catalog":                  {`INSERT INTO pg_authid DEFAULT VALUES`, "pg_authid"},
	"an own access method":               {`CREATE TABLE t (a int) USING evil`, "access method evil"},
	"an own index method":                {`CREATE INDEX i ON t USING evil (a)`, "index method evil"},
	"an unknown option":                  {`CREATE TABLE t (a int) WITH (user_catalog_table = true)`, "user_catalog_table"},
	"a range with a canonical function":  {`CREATE TYPE r AS RANGE (SUBTYPE = int, CANONICAL = f)`, "canonical"},
	"a range with a difference of files": {`CREATE TYPE r AS RANGE (SUBTYPE = text, SUBTYPE_DIFF = pg_read_file)`, "pg_read_file"},
	"a trigger that calls a refused one": {`CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION pg_catalog.pg_notify()`, "pg_notify"},
	"a name of 64 bytes":                 {`CREATE TABLE ` + strings.Repeat("a", 64) + ` (a int)`, "64 bytes"},
	"a quoted name of 64 bytes":          {`CREATE TABLE t ("` + strings.Repeat("ä", 32) + `" int)`, "64 bytes"},
	"a name of 64 bytes in a body":       {`CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT ` + strings.Repeat("a", 64) + `'`, "64 bytes"},
	"a name of 64 bytes in PL/pgSQL":     {`CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'DECLARE ` + strings.Repeat("a", 64) + ` int; BEGIN END'`, "64 bytes"},
	"a zero byte":                        {"CREATE TABLE t (a int)\x00", "zero byte"},
	"bytes that are not UTF-8":           {"CREATE TABLE t (a int DEFAULT '\xff')", "not UTF-8"},
	"a statement of 2 MiB":               {"COMMENT ON TABLE t IS '" + strings.Repeat("x", 2<<20) + "'", "longer than 1024 KiB"},
	"a function of 200 KiB":              {"CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN END" + strings.Repeat(" ", 200<<10) + "'", "longer than 128 KiB"},
	"no SQL":                             {"hello, world", "grammar does not take it"},
	"a string without an end":            {"COMMENT ON TABLE t IS 'x", "grammar does not take it"},
}

func TestHostileFilesAreRefused(t *testing.T) {
	for name, c := range hostile {
		t.Run(name, func(t *testing.T) {
			err := allowlist.File("file.sql", []byte(c.sql))
			if err == nil {
				t.Fatal("it passes")
			}
			refusals(t, err)
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
			if err := allowlist.Statement(c.sql); err == nil {
				t.Error("it passes as a statement of a plan")
			}
		})
	}
}

// expressions are hostile wherever an expression may stand.
var expressions = map[string]struct{ sql, want string }{
	"a file is read":                       {`pg_read_file('/etc/passwd')`, "pg_read_file"},
	"a file is read, with its schema":      {`pg_catalog.pg_read_file('/etc/passwd')`, "pg_read_file"},
	"a file is read, quoted":               {`"pg_read_file"('/etc/passwd')`, "pg_read_file"},
	"a file is read, in capitals":          {`PG_READ_FILE('/etc/passwd')`, "pg_read_file"},
	"a file is read, in Unicode":           {`U&"\0070g_read_file"('/etc/passwd')`, "pg_read_file"},
	"a file is read, by its parts":         {`U&"!0070g_read_file" UESCAPE '!' ('/etc/passwd')`, "pg_read_file"},
	"a file is read, behind a comment":     {`pg_read_file/**/('/etc/passwd')`, "pg_read_file"},
	"a file is read, as a field":           {`('/etc/passwd'::text).pg_read_file`, "pg_read_file"},
	"a file is read, deep in a call":       {`upper(coalesce(NULL, (ARRAY[pg_read_file('/etc/passwd')])[1]))`, "pg_read_file"},
	"a file is read in a CASE":             {`CASE WHEN true THEN pg_read_file('/etc/passwd') END`, "pg_read_file"},
	"a folder is listed":                   {`pg_ls_dir('/')`, "pg_ls_dir"},
	"a file is looked at":                  {`pg_stat_file('x')`, "pg_stat_file"},
	"a large object comes from a file":     {`lo_import('/etc/passwd')`, "lo_import"},
	"a large object goes to a file":        {`lo_export(1, '/tmp/x')`, "lo_export"},
	"another server is asked":              {`dblink('host=x', 'SELECT 1')`, "dblink"},
	"another server is told":               {`public.dblink_exec('host=x', 'DROP TABLE t')`, "dblink_exec"},
	"a schedule is made":                   {`cron.schedule('* * * * *', 'DROP TABLE t')`, "cron.schedule"},
	"a page is fetched":                    {`net.http_get('http://x')`, "net.http_get"},
	"another session is ended":             {`pg_terminate_backend(1)`, "pg_terminate_backend"},
	"another statement is ended":           {`pg_cancel_backend(1)`, "pg_cancel_backend"},
	"the configuration is read again":      {`pg_reload_conf()`, "pg_reload_conf"},
	"the log is changed":                   {`pg_rotate_logfile()`, "pg_rotate_logfile"},
	"a setting is changed":                 {`set_config('role', 'postgres', false)`, "set_config"},
	"a secret is read":                     {`current_setting('primary_conninfo')`, "current_setting"},
	"a setting is read by calculation":     {`current_setting('primary' || '_conninfo')`, "current_setting"},
	"it sleeps":                            {`pg_sleep(1000)`, "pg_sleep"},
	"text is run for XML":                  {`query_to_xml('DROP TABLE t', true, true, '')`, "query_to_xml"},
	"a table is turned to XML":             {`table_to_xml('t', true, true, '')`, "table_to_xml"},
	"a cursor is turned to XML":            {`cursor_to_xml('c', 1, true, true, '')`, "cursor_to_xml"},
	"a database is turned to XML":          {`database_to_xml(true, true, '')`, "database_to_xml"},
	"text is run for text search":          {`ts_rewrite('a'::tsquery, 'SELECT 1')`, "ts_rewrite"},
	"text is run for statistics":           {`ts_stat('SELECT 1')`, "ts_stat"},
	"text is run for a cross table":        {`crosstab('DELETE FROM t')`, "may only be a SELECT"},
	"a calculated text is run":             {`crosstab('SELECT ' || a)`, "constant text"},
	"hostile text is run":                  {`crosstab('SELECT pg_read_file(''x'')')`, "pg_read_file"},
	"a lock is taken":                      {`pg_advisory_lock(1)`, "pg_advisory_lock"},
	"a lock is tried":                      {`pg_try_advisory_xact_lock(1)`, "pg_try_advisory_xact_lock"},
	"others are notified":                  {`pg_notify('c', 'x')`, "pg_notify"},
	"the log of changes is written":        {`pg_logical_emit_message(true, 'a', 'b')`, "pg_logical_emit_message"},
	"the server is promoted":               {`pg_promote()`, "pg_promote"},
	"statistics are reset":                 {`pg_stat_reset()`, "pg_stat_reset"},
	"a sequence is set":                    {`setval('s', 1)`, "setval"},
	"a function that no version has":       {`pg_something_new()`, "pg_something_new"},
	"a function of pg_catalog none has":    {`pg_catalog.something_new()`, "something_new"},
	"an operator of another database":      {`a OPERATOR(x.pg_catalog.=) b`, "operator"},
	"a collation of another database":      {`a COLLATE x.y.z`, "collation"},
	"a cast to another database's type":    {`a::x.y.z`, "leave the database out"},
	"a column of another database's table": {`x.y.z.a`, "leave the database out"},
}

// places are where an expression may stand.
var places = map[string]string{
	"a default":             `CREATE TABLE t (a text DEFAULT %)`,
	"a later default":       `ALTER TABLE t ALTER COLUMN a SET DEFAULT %`,
	"a new column":          `ALTER TABLE t ADD COLUMN b text DEFAULT %`,
	"a generated column":    `CREATE TABLE t (a text GENERATED ALWAYS AS (%) STORED)`,
	"a check":               `ALTER TABLE t ADD CONSTRAINT c CHECK ((%) IS NULL)`,
	"a domain":              `CREATE DOMAIN d AS text DEFAULT % CHECK ((%) IS NULL)`,
	"an index":              `CREATE INDEX i ON t ((%))`,
	"a partial index":       `CREATE INDEX i ON t (a) WHERE (%) IS NULL`,
	"an exclusion":          `ALTER TABLE t ADD EXCLUDE USING gist ((%) WITH =) WHERE ((%) IS NULL)`,
	"a partition key":       `CREATE TABLE t (a text) PARTITION BY LIST ((%))`,
	"a partition's bounds":  `CREATE TABLE t PARTITION OF p FOR VALUES IN ((%))`,
	"a changed type":        `ALTER TABLE t ALTER COLUMN a TYPE text USING %`,
	"a view":                `CREATE VIEW v AS SELECT 1 WHERE (%) IS NULL ORDER BY %`,
	"a view of a subquery":  `CREATE VIEW v AS WITH w AS (SELECT (%)) SELECT * FROM w JOIN LATERAL (SELECT (%)) x ON (%) IS NULL`,
	"a view's limit":        `CREATE VIEW v AS SELECT 1 LIMIT (%)`,
	"a view's window":       `CREATE VIEW v AS SELECT rank() OVER (PARTITION BY (%)) FROM t`,
	"a view of rows":        `CREATE VIEW v AS VALUES ((%))`,
	"a materialized view":   `CREATE MATERIALIZED VIEW v AS SELECT (%)`,
	"a policy":              `CREATE POLICY p ON t USING ((%) IS NULL) WITH CHECK ((%) IS NULL)`,
	"a trigger's condition": `CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW WHEN ((%) IS NULL) EXECUTE FUNCTION f()`,
	"statistics":            `CREATE STATISTICS s ON (%), (a || b) FROM t`,
	"an argument's default": `CREATE FUNCTION f(a text DEFAULT %) RETURNS int LANGUAGE sql AS 'SELECT 1'`,
	"an SQL body":           `CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $f$SELECT 1; SELECT (%)$f$`,
	"a parsed body":         `CREATE FUNCTION f() RETURNS text RETURN (%)`,
	"an atomic body":        `CREATE FUNCTION f() RETURNS text BEGIN ATOMIC SELECT 1; SELECT (%); END`,
	"a changed row":         `CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $f$UPDATE t SET a = (%) WHERE (%) IS NULL$f$`,
	"a new row":             `CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $f$INSERT INTO t VALUES ((%)) ON CONFLICT DO UPDATE SET a = (%) RETURNING (%)$f$`,
	"a merged row":          `CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $f$MERGE INTO t USING u ON (%) IS NULL WHEN MATCHED THEN UPDATE SET a = (%)$f$`,
	"a call":                `CREATE PROCEDURE p() LANGUAGE sql AS $f$CALL q((%))$f$`,
	"a PL/pgSQL default":    `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$DECLARE a text := %; BEGIN END$f$`,
	"a record's default":    `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$DECLARE a record DEFAULT ROW(%); BEGIN END$f$`,
	"a record of a table":   `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$DECLARE x t.begin%TYPE; a record = ROW(%); BEGIN END$f$`,
	"an inner default":      `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$BEGIN DECLARE b "begin"; a record := ROW(%); BEGIN END; END$f$`,
	"a cursor":              `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$DECLARE c CURSOR FOR SELECT (%); BEGIN END$f$`,
	"an assignment":         `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$DECLARE a text; BEGIN a := %; END$f$`,
	"a subscript":           `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$DECLARE a text[]; BEGIN a[length(%)] := 'x'; END$f$`,
	"a return":              `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$BEGIN RETURN %; END$f$`,
	"a returned row":        `CREATE FUNCTION f() RETURNS SETOF text LANGUAGE plpgsql AS $f$BEGIN RETURN NEXT %; END$f$`,
	"a returned query":      `CREATE FUNCTION f() RETURNS SETOF text LANGUAGE plpgsql AS $f$BEGIN RETURN QUERY SELECT (%); END$f$`,
	"a condition":           `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$BEGIN IF (%) IS NULL THEN END IF; END$f$`,
	"another condition":     `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$BEGIN IF true THEN ELSIF (%) IS NULL THEN END IF; END$f$`,
	"a case":                `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$BEGIN CASE (%) WHEN 'a' THEN NULL; END CASE; END$f$`,
	"a case's value":        `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$BEGIN CASE WHEN (%) IS NULL THEN NULL; END CASE; END$f$`,
	"a loop":                `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$BEGIN WHILE (%) IS NULL LOOP NULL; END LOOP; END$f$`,
	"a loop's bounds":       `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$BEGIN FOR i IN 1..length(%) BY length(%) LOOP NULL; END LOOP; END$f$`,
	"a loop over rows":      `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$DECLARE r record; BEGIN FOR r IN SELECT (%) LOOP NULL; END LOOP; END$f$`,
	"a loop over an array":  `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$DECLARE a text; BEGIN FOREACH a IN ARRAY ARRAY[%] LOOP NULL; END LOOP; END$f$`,
	"an exit":               `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$BEGIN LOOP EXIT WHEN (%) IS NULL; END LOOP; END$f$`,
	"a message":             `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$BEGIN RAISE NOTICE '%%', %; END$f$`,
	"a message's detail":    `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$BEGIN RAISE NOTICE 'x' USING DETAIL = %; END$f$`,
	"an assertion":          `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$BEGIN ASSERT true, %; END$f$`,
	"a PERFORM":             `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$BEGIN PERFORM %; END$f$`,
	"a SELECT INTO":         `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$DECLARE a text; BEGIN SELECT (%) INTO a; END$f$`,
	"an opened cursor":      `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$DECLARE c refcursor; BEGIN OPEN c FOR SELECT (%); END$f$`,
	"a cursor's argument":   `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$DECLARE c CURSOR (a text) FOR SELECT a; BEGIN OPEN c(%); END$f$`,
	"a fetch":               `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$DECLARE c refcursor; a text; BEGIN FETCH ABSOLUTE length(%) FROM c INTO a; END$f$`,
	"a handler":             `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$BEGIN NULL; EXCEPTION WHEN OTHERS THEN PERFORM %; END$f$`,
	"a procedure's call":    `CREATE PROCEDURE p() LANGUAGE plpgsql AS $f$BEGIN CALL q(%); END$f$`,
}

// fill puts an expression in a place: at each % that no word or % follows.
func fill(place, expression string) string {
	place = strings.NewReplacer("%TYPE", "\x01TYPE", "%ROWTYPE", "\x01ROWTYPE", "%%", "\x01").Replace(place)
	return strings.ReplaceAll(strings.ReplaceAll(place, "%", expression), "\x01", "%")
}

func TestHostileExpressionsAreRefusedWhereverTheyStand(t *testing.T) {
	for where, place := range places {
		t.Run(where, func(t *testing.T) {
			if err := allowlist.Statement(fill(place, "lower('A')")); err != nil {
				t.Fatalf("an innocent one is refused: %v", err)
			}
			for name, c := range expressions {
				sql := fill(place, c.sql)
				err := allowlist.Statement(sql)
				if err == nil {
					t.Errorf("%s passes: %s", name, sql)
				} else if !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: got %v, want %q in it", name, err, c.want)
				}
				if err := allowlist.File("file.sql", []byte(sql)); err == nil {
					t.Errorf("%s passes in a file: %s", name, sql)
				}
			}
		})
	}
}

func TestLargeFilesAreRefusedSoon(t *testing.T) {
	many := "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$DECLARE a int; BEGIN " + strings.Repeat("a:=1;", 20_000) + " END$$;\n"
	for name, c := range map[string]struct{ sql, want string }{
		"a file of 17 MiB":         {strings.Repeat("CREATE TABLE t (a int); ", 17<<20/24), "larger than 16 MiB"},
		"a file of hostile lines":  {strings.Repeat("VACUUM;\n", 1<<20), "and 980 more"},
		"a file of 100,000 parts":  {strings.Repeat(many, 10), "more statements and expressions"},
		"a body of 10,000 records": {"CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$DECLARE " + strings.Repeat("a record;", 10_000) + " BEGIN END$$", "duplicate declaration"},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			err := allowlist.File("large.sql", []byte(c.sql))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if took := time.Since(start); took > 2*time.Minute {
				t.Errorf("it took %s", took)
			}
			t.Log(time.Since(start).Round(time.Millisecond))
		})
	}
}

// A refusal says where it is: at the part that is refused where that is known, else where the statement begins.
func TestRefusalsHaveTheirLines(t *testing.T) {
	err := allowlist.File("f.sql", []byte("-- a comment\nVACUUM;\n\nCREATE TABLE t (\n  a int,\n  b text DEFAULT\n    pg_read_file('x'),\n  c text DEFAULT pg_ls_dir('x')\n);\n\\q\nCREATE TABLE t ();"))
	var got []int
	for _, r := range refusals(t, err) {
		got = append(got, r.Line)
	}
	if want := []int{2, 7, 8, 10}; !slices.Equal(got, want) {
		t.Errorf("got lines %d, want %d: %v", got, want, err)
	}
}
