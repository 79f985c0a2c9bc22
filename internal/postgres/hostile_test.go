package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
)

// loadInto loads text into a fresh scratch database of the shared server.
func loadInto(t *testing.T, text string) (*postgres.Scratch, postgres.LoadReport, error) {
	t.Helper()
	d := testenv.Scratch(t, testenv.Postgres(t))
	report, err := d.Load(t.Context(), "file.sql", []byte(text), postgres.LoadOptions{})
	return d, report, err
}

// query returns the one value of a query by the scratch database's owner.
func query[T any](t *testing.T, d *postgres.Scratch, sql string) T {
	t.Helper()
	c, err := d.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	var v T
	if err := c.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestHostileStatementsAreRefused(t *testing.T) {
	mark := filepath.Join(openDir(t), "mark") // where the server's user could write
	cases := map[string]string{
		"a program is run by COPY TO":           `COPY (SELECT 1) TO PROGRAM 'touch ` + mark + `'`,
		"a program is run by COPY FROM":         `CREATE TABLE t (l text); COPY t FROM PROGRAM 'touch ` + mark + `'`,
		"a program is run from a DO block":      `DO $$ BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch ` + mark + `'''; END $$`,
		"a file is written by COPY":             `COPY (SELECT 1) TO '` + mark + `'`,
		"a file is read by COPY":                `CREATE TABLE t (l text); COPY t FROM '/etc/passwd'`,
		"a file is read by pg_read_file":        `SELECT pg_read_file('/etc/passwd')`,
		"a folder is listed":                    `SELECT pg_ls_dir('/')`,
		"a file becomes a large object":         `SELECT lo_import('/etc/passwd')`,
		"a large object becomes a file":         `SELECT lo_export(lo_create(0), '` + mark + `')`,
		"a C function is made":                  `CREATE FUNCTION f(cstring) RETURNS int AS '/lib/x86_64-linux-gnu/libc.so.6', 'system' LANGUAGE c`,
		"an internal function is made":          `CREATE FUNCTION f() RETURNS int AS 'pg_read_file' LANGUAGE internal`,
		"an untrusted language is made":         `CREATE EXTENSION plpython3u`,
		"a trusted language is made":            `CREATE TRUSTED LANGUAGE pltcl`,
		"a language is made in a block":         `DO $$ BEGIN EXECUTE 'CREATE LANGUAGE plperl HANDLER plpgsql_call_handler'; END $$`,
		"a trusted language's extension":        `CREATE EXTENSION plperl`,
		"another trusted language's extension":  `CREATE EXTENSION pltcl CASCADE`,
		"an extension brings a language along":  `CREATE EXTENSION bool_plperl CASCADE`,
		"an extension that connects out":        `CREATE EXTENSION dblink`,
		"an extension that reads files":         `CREATE EXTENSION file_fdw`,
		"an extension is made in a block":       `DO $$ BEGIN CREATE EXTENSION postgres_fdw; END $$`,
		"the configuration is changed":          `ALTER SYSTEM SET fsync = on`,
		"the configuration is read from a file": `SELECT pg_read_binary_file('postgresql.conf')`,
		"a superuser is made in a block":        `DO $$ BEGIN CREATE ROLE boss SUPERUSER; END $$`,
		"the owner makes itself a superuser":    `DO $$ BEGIN EXECUTE format('ALTER ROLE %I SUPERUSER', current_user); END $$`,
		"the session becomes the superuser":     `SELECT set_config('session_authorization', 'veil_admin', false)`,
		"the role becomes the superuser":        `SELECT set_config('role', 'veil_admin', false)`,
		"an event trigger is made in a block":   `CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; DO $$ BEGIN CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f(); END $$`,
		"the guard is dropped":                  `DROP EVENT TRIGGER veil_guard; DO $$ BEGIN EXECUTE 'DROP EVENT TRIGGER veil_guard'; END $$`,
		"the guard's function is replaced":      `CREATE OR REPLACE FUNCTION pg_catalog.veil_guard() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'`,
		"a database is made":                    `CREATE DATABASE other`,
		"a tablespace is made in a block":       `DO $$ BEGIN EXECUTE 'CREATE TABLESPACE x LOCATION ''/tmp'''; END $$`,
		"a subscription connects out":           `DO $$ BEGIN EXECUTE 'CREATE SUBSCRIPTION s CONNECTION ''host=127.0.0.1'' PUBLICATION p WITH (connect=false)'; END $$`,
		"another session is ended":              `SELECT 1/(pg_terminate_backend(pid)::int) FROM pg_stat_activity WHERE usename = 'veil_admin'`,
		"a secret is read":                      `SELECT rolpassword FROM pg_authid`,
		"a catalog is written":                  `UPDATE pg_class SET relname = 'x'`,
		"a psql command runs a program":         "\\! touch " + mark,
		"a psql command follows a statement":    "SELECT 1 \\g |touch " + mark,
		"a psql variable comes from a program":  "\\set x `touch " + mark + "`",
		"a file is included":                    `\i /etc/passwd`,
		"another database is connected to":      `\connect postgres`,
		"rows go to standard output":            `COPY (SELECT 1) TO STDOUT`,
		"a library is loaded":                   `LOAD '/lib/x86_64-linux-gnu/libc.so.6'`,
	}
	for _, server := range testenv.PostgresVersions(t) {
		for name, text := range cases {
			t.Run(fmt.Sprintf("PostgreSQL %d/%s", server.Major(), name), func(t *testing.T) {
				t.Parallel()
				report, err := testenv.Scratch(t, server).Load(t.Context(), "file.sql", []byte(text), postgres.LoadOptions{})
				var failed *postgres.LoadError
				if !errors.As(err, &failed) {
					t.Fatalf("got report %+v and error %v, want a LoadError", report, err)
				}
				if failed.Line != 1 {
					t.Errorf("line %d, want 1", failed.Line)
				}
				if _, err := os.Stat(mark); err == nil {
					t.Fatal("the file was written")
				}
			})
		}
	}
}

// small are limits that a test can reach.
func small(t *testing.T, l postgres.Limits) *postgres.Server {
	t.Helper()
	bins, err := postgres.Find("")
	if err != nil {
		t.Skip(err)
	}
	s, err := postgres.Start(t.Context(), postgres.Options{Binaries: bins, Limits: l})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestGreedyStatementsAreStopped(t *testing.T) {
	server := small(t, postgres.Limits{
		Statement: 1500 * time.Millisecond, Load: 20 * time.Second,
		DiskBytes: 32 << 20, MemoryBytes: 512 << 20, TempFileBytes: 16 << 20,
	})
	cases := []struct{ name, text, want string }{
		{"an endless block", `DO $$ BEGIN LOOP END LOOP; END $$`, "longer than 1.5s"},
		{"an endless block that switches the timeout off", `SELECT set_config('statement_timeout', '0', false); DO $$ BEGIN LOOP END LOOP; END $$`, "longer than 1.5s"},
		{"an endless block that catches the timeout", `DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$`, "longer than 1.5s"},
		{"a long sleep", `SELECT pg_sleep(3600)`, "longer than 1.5s"},
		{"a recursive function", `CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN f(); END'; SELECT f()`, "stack depth"},
		{"a table that fills the disk", `CREATE TABLE t AS SELECT generate_series(1, 1000000000)`, "it may have 32 MiB"},
		{"a procedure that commits as it fills the disk", `CREATE TABLE t (i bigint); DO $$ BEGIN LOOP INSERT INTO t SELECT generate_series(1, 10000); COMMIT; END LOOP; END $$`, "it may have 32 MiB"},
		{"large objects that fill the disk", `DO $$ DECLARE b bytea := (SELECT decode(string_agg(md5(i::text), ''), 'hex') FROM generate_series(1, 60000) i); BEGIN LOOP PERFORM lo_from_bytea(0, b); END LOOP; END $$`, "it may have 32 MiB"},
		{"a sort that fills the disk", `SELECT count(*) FROM (SELECT DISTINCT md5(i::text) FROM generate_series(1, 3000000) i) s`, "temp_file_limit"},
		{"a value that fills the memory", `DO $$ DECLARE a text[]; BEGIN LOOP a := a || repeat('x', 10000000); END LOOP; END $$`, "memory"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := testenv.Scratch(t, server)
			start := time.Now()
			_, err := d.Load(t.Context(), "file.sql", []byte(c.text), postgres.LoadOptions{})
			var failed *postgres.LoadError
			if !errors.As(err, &failed) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a LoadError with %q", err, c.want)
			}
			if took := time.Since(start); took > 15*time.Second {
				t.Errorf("it took %s", took)
			}
			t.Logf("%s: %v", time.Since(start).Round(time.Millisecond), err)
		})
	}
	if _, err := testenv.Scratch(t, server).Load(t.Context(), "after.sql", []byte("CREATE TABLE t (i int)"), postgres.LoadOptions{}); err != nil {
		t.Errorf("the server does not work afterwards: %v", err)
	}
}

func TestAFileTakesNoLongerThanItsLimit(t *testing.T) {
	server := small(t, postgres.Limits{Load: time.Second})
	_, err := testenv.Scratch(t, server).Load(t.Context(), "slow.sql", []byte(strings.Repeat("SELECT pg_sleep(0.3);\n", 20)), postgres.LoadOptions{})
	if err == nil || !strings.Contains(err.Error(), "longer than 1s to load") {
		t.Errorf("got %v", err)
	}
}

func TestACancelledLoadEndsItsSession(t *testing.T) {
	server := testenv.Postgres(t)
	d := testenv.Scratch(t, server)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := d.Load(ctx, "slow.sql", []byte("SELECT pg_sleep(30)"), postgres.LoadOptions{})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's error", err)
	}
	if n := query[int](t, d, `SELECT count(*) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()`); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}

func TestOtherDatabasesAreOutOfReach(t *testing.T) {
	server := testenv.Postgres(t)
	a, b := testenv.Scratch(t, server), testenv.Scratch(t, server)
	other := query[string](t, b, "SELECT current_database()")
	c, err := a.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	for _, database := range []string{other, "postgres", "template1"} {
		cfg := c.Config().Config.Copy()
		cfg.Database = database
		conn, err := pgconn.ConnectConfig(t.Context(), cfg)
		if err == nil {
			_ = conn.Close(context.Background())
			t.Errorf("the owner of one database reached %s", database)
		} else if !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("%s: %v", database, err)
		}
	}
}

func TestSettingsOfAFileDoNotOutliveItsLoad(t *testing.T) {
	d, _, err := loadInto(t, `
		DO $$ BEGIN
			EXECUTE format('ALTER ROLE %I SET search_path = evil, pg_catalog', current_user);
			EXECUTE format('ALTER ROLE %I IN DATABASE %I SET statement_timeout = 7', current_user, current_database());
			EXECUTE format('ALTER DATABASE %I SET work_mem = ''1GB''', current_database());
		END $$;`)
	if err != nil {
		t.Fatal(err)
	}
	for setting, want := range map[string]string{"search_path": `"$user", public`, "statement_timeout": "1min", "work_mem": "16MB"} {
		if got := query[string](t, d, fmt.Sprintf("SELECT current_setting('%s')", setting)); got != want {
			t.Errorf("%s = %s, want %s", setting, got, want)
		}
	}
	if n := query[int](t, d, "SELECT count(*) FROM pg_event_trigger"); n != 0 {
		t.Errorf("%d event triggers are left", n)
	}
	if n := query[int](t, d, "SELECT count(*) FROM pg_proc WHERE proname = 'veil_guard'"); n != 0 {
		t.Error("the guard's function is left")
	}
}

func TestEventTriggersAreSkippedOrRefused(t *testing.T) {
	const text = `CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f();
COMMENT ON EVENT TRIGGER e IS 'x';
CREATE TABLE t (i int);`
	d, report, err := loadInto(t, text)
	if err != nil {
		t.Fatal(err)
	}
	if report.SkippedAll != 2 || report.Skipped[0].Line != 2 || report.Skipped[0].Reason.String() != "event triggers are not run" {
		t.Errorf("skipped %+v", report.Skipped)
	}
	if n := query[int](t, d, "SELECT count(*) FROM pg_class WHERE relname = 't'"); n != 1 {
		t.Error("the table after it is missing")
	}
	_, err = testenv.Scratch(t, testenv.Postgres(t)).Load(t.Context(), "template.sql", []byte(text), postgres.LoadOptions{RefuseEventTriggers: true})
	var failed *postgres.LoadError
	if !errors.As(err, &failed) || failed.Line != 2 {
		t.Errorf("got %v, want a refusal at line 2", err)
	}
}
