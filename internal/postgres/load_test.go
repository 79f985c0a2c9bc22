package postgres_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
)

func TestEveryRealSchemaLoads(t *testing.T) {
	dir := testenv.Schemas(t)
	server := testenv.Postgres(t)
	var files []string
	for _, pattern := range []string{"*.sql", "spider/*.sql"} {
		found, err := filepath.Glob(filepath.Join(dir, "ddl", pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	statements, skipped, slowest, slowestFile := 0, 0, time.Duration(0), ""
	for _, path := range files {
		report, err := testenv.Scratch(t, server).LoadFile(t.Context(), path)
		if err != nil {
			t.Error(err)
		}
		statements += report.Statements
		skipped += report.SkippedAll
		if report.Elapsed > slowest {
			slowest, slowestFile = report.Elapsed, filepath.Base(path)
		}
	}
	t.Logf("%d files, %d statements run, %d left out; the slowest, %s, took %s", len(files), statements, skipped, slowestFile, slowest)
}

func TestADumpOfAForeignServerLoads(t *testing.T) {
	d, report, err := loadInto(t, `\restrict x
SET statement_timeout = 0;
SET transaction_timeout = 0;
SET a_setting_of_the_future = 1;
SET log_statement = 'all';
CREATE SCHEMA public;
ALTER SCHEMA public OWNER TO clinic;
CREATE SCHEMA app AUTHORIZATION clinic;
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA app;
COMMENT ON EXTENSION citext IS 'text without case';
CREATE TYPE app.mood AS ENUM ('sad');
ALTER TYPE app.mood ADD VALUE 'happy';
CREATE TABLE app.t (i int, m app.mood DEFAULT 'happy', c app.citext);
ALTER TABLE app.t OWNER TO clinic;
COPY app.t (i) FROM stdin;
1
\.
GRANT ALL ON app.t TO reader;
ALTER TABLE app.t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON app.t FOR SELECT TO reader USING (i > 0);
CREATE INDEX CONCURRENTLY t_i ON app.t (i);
BEGIN;
CREATE TABLE app.undone (i int);
ROLLBACK;
BEGIN;
SET a_setting_of_the_future = 2;
CREATE TABLE app.done (i int);
COMMIT;
CREATE FUNCTION app.f(i int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT i + 1; END;
CREATE PUBLICATION everything FOR ALL TABLES;
\unrestrict x
`)
	if err != nil {
		t.Fatal(err)
	}
	for sql, want := range map[string]string{
		"SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind = 'r'": "done,t",
		"SELECT string_agg(rolname, ',') FROM pg_roles, pg_policy WHERE pg_roles.oid = ANY (polroles)":                              "reader",
		"SELECT count(*)::text FROM app.t":                                             "0",
		"SELECT indisvalid::text FROM pg_index WHERE indexrelid = 'app.t_i'::regclass": "true",
		"SELECT array_length(polroles, 1)::text FROM pg_policy":                        "1",
		"SELECT app.f(1)::text":                                                        "2",
	} {
		if got := query[string](t, d, sql); got != want {
			t.Errorf("%s: got %s, want %s", sql, got, want)
		}
	}
	for line, want := range map[int]string{1: "psql", 2: "setting", 4: "setting", 5: "setting", 7: "ownership", 10: "comments", 15: "rows", 18: "privileges", 26: "setting", 30: "replication"} {
		found := false
		for _, s := range report.Skipped {
			found = found || s.Line == line && strings.Contains(s.Reason.String(), want)
		}
		if !found {
			t.Errorf("line %d is not reported as %q: %+v", line, want, report.Skipped)
		}
	}
}

func TestErrorsNameTheirPlace(t *testing.T) {
	filler := strings.Repeat("SELECT 1; -- ä\n", 500) // more than a batch
	cases := []struct {
		name, text   string
		line, column int
		code, want   string
	}{
		{"an unknown table", "CREATE TABLE ä (i int);\n  SELECT 'ö',\n    x FROM nowhere;", 3, 12, "42P01", `relation "nowhere" does not exist`},
		{"a syntax error", "\n\n CREATE TABEL t ();", 3, 9, "42601", `syntax error at or near "TABEL"`},
		{"an error far into the file", filler + "SELECT 1/0;\n" + filler, 501, 1, "22012", "division by zero"},
		{"an error without a place", "CREATE TABLE a (i int);\nCREATE TABLE a (i int);", 2, 1, "42P07", "already exists"},
		{"two statements that look like one", "SELECT (1; SELECT 2;", 1, 10, "42601", `syntax error at or near ";"`},
		{"a string without an end", "SELECT 1;\nSELECT 'x;\n", 2, 8, "42601", "unterminated"},
		{"a transaction without an end", "BEGIN;\nCREATE TABLE t (i int);\n", 3, 1, "", "never committed"},
		{"a constraint that is checked at the commit", "CREATE TABLE t (i int UNIQUE DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO t VALUES (1), (1);\nSELECT 1;", 3, 1, "23505", "duplicate key"},
		{"an error in a block", "DO $$ BEGIN\n PERFORM nothing(); END $$", 1, 1, "42883", "nothing()"},
		{"a zero byte", "SELECT 1;\nSELECT \x002;", 2, 8, "", "zero byte"},
		{"bytes that are no UTF-8", "SELECT 1;\nSELECT '\xff';", 2, 1, "22021", "invalid byte sequence"},
		{"a text that is no SQL", "PK\x03\x04 this is a zip file", 1, 1, "42601", "syntax error"},
		{"an extension that is not there", "SELECT 1;\nCREATE EXTENSION no_such_extension;", 2, 1, "0A000", "install the package"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := loadInto(t, c.text)
			var failed *postgres.LoadError
			if !errors.As(err, &failed) {
				t.Fatalf("got %v, want a LoadError", err)
			}
			if failed.Line != c.line || failed.Column != c.column || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want %d:%d and %q", err, c.line, c.column, c.want)
			}
			var pg *pgconn.PgError
			if errors.As(err, &pg) != (c.code != "") || pg != nil && pg.Code != c.code {
				t.Errorf("got cause %v, want SQLSTATE %q", pg, c.code)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the message has several lines: %q", err)
			}
		})
	}
}

func TestExtensionsThatNeedASuperuserAreMadeBeforeTheFileRuns(t *testing.T) {
	d, report, err := loadInto(t, `CREATE TABLE before (i int);
CREATE SCHEMA extra;
CREATE EXTENSION moddatetime WITH SCHEMA extra;
CREATE EXTENSION earthdistance CASCADE;
CREATE TABLE after (p earth);`)
	if err != nil {
		t.Fatal(err)
	}
	if report.Statements != 2 {
		t.Errorf("%d statements ran, want the two tables", report.Statements)
	}
	if got := query[string](t, d, "SELECT string_agg(extname, ',' ORDER BY extname) FROM pg_extension"); got != "cube,earthdistance,moddatetime,plpgsql" {
		t.Errorf("extensions %s", got)
	}
	_, err = d.Load(t.Context(), "second.sql", []byte("CREATE EXTENSION autoinc"), postgres.LoadOptions{})
	if err == nil || !strings.Contains(err.Error(), "superuser") {
		t.Errorf("in a used database: %v", err)
	}
}

func TestSeveralFilesLoadIntoOneDatabase(t *testing.T) {
	d := testenv.Scratch(t, testenv.Postgres(t))
	for _, text := range []string{"CREATE TABLE a (i int PRIMARY KEY)", "CREATE TABLE b (i int REFERENCES a)"} {
		if _, err := d.Load(t.Context(), "part.sql", []byte(text), postgres.LoadOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFilesThatCannotBeReadAreNamed(t *testing.T) {
	server := small(t, postgres.Limits{FileBytes: 10})
	d := testenv.Scratch(t, server)
	large := filepath.Join(t.TempDir(), "large.sql")
	if err := os.WriteFile(large, []byte("SELECT 1234567;"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"no-such-file.sql": "no-such-file.sql",
		t.TempDir():        "cannot be read",
		large:              "larger than",
		"/dev/zero":        "larger than",
	} {
		if _, err := d.LoadFile(t.Context(), path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
}

func TestLoadsRunSideBySide(t *testing.T) {
	server := testenv.Postgres(t)
	const n = 4
	failed := make(chan error, n)
	for range n {
		d := testenv.Scratch(t, server)
		go func() {
			_, err := d.Load(t.Context(), "side.sql", []byte(strings.Repeat("SELECT pg_sleep(0.02);", 30)), postgres.LoadOptions{})
			failed <- err
		}()
	}
	for range n {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

func TestEveryVersionLoadsTheSameFile(t *testing.T) {
	for _, server := range testenv.PostgresVersions(t) {
		d := testenv.Scratch(t, server)
		if _, err := d.Load(t.Context(), "x.sql", []byte("CREATE EXTENSION pg_trgm; CREATE TABLE t (x text); CREATE INDEX ON t USING gin (x gin_trgm_ops);"), postgres.LoadOptions{}); err != nil {
			t.Errorf("PostgreSQL %s: %v", server.Version(), err)
		}
		t.Logf("PostgreSQL %s", server.Version())
	}
}
