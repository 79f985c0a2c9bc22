package allowlist_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/veilschema/veil/internal/allowlist"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
)

// contained are files that only running tells to be hostile: they pass here, and the scratch database stops them.
var contained = map[string]struct{ sql, want string }{
	"an endless query":                   {`CREATE MATERIALIZED VIEW v AS SELECT max(i) FROM (SELECT generate_series(1, 1000000000000) AS i) x`, "longer than 1.5s"},
	"an endless function":                {`CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN LOOP END LOOP; END'; CREATE MATERIALIZED VIEW v AS SELECT f()`, "longer than 1.5s"},
	"an endless function that catches":   {`CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN LOOP BEGIN PERFORM count(*) FROM generate_series(1, 1000000); EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END'; CREATE MATERIALIZED VIEW v AS SELECT f()`, "longer than 1.5s"},
	"an endless check":                   {`CREATE FUNCTION f() RETURNS bool LANGUAGE plpgsql AS 'BEGIN LOOP END LOOP; END'; CREATE TABLE t (a int CHECK (f())); INSERT INTO t VALUES (1)`, "longer than 1.5s"},
	"an endless index":                   {`CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN LOOP END LOOP; END'; CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE INDEX i ON t (f(a))`, "longer than 1.5s"},
	"an endless default":                 {`CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN LOOP END LOOP; END'; CREATE TABLE t (a int); INSERT INTO t VALUES (1); ALTER TABLE t ADD COLUMN b int DEFAULT f()`, "longer than 1.5s"},
	"an endless trigger":                 {`CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN LOOP END LOOP; END'; CREATE TABLE t (a int); CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); INSERT INTO t VALUES (1)`, "longer than 1.5s"},
	"an endless partition bound":         {`CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN LOOP END LOOP; END'; CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t FOR VALUES IN (f())`, "longer than 1.5s"},
	"a function that calls itself":       {`CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN f(); END'; CREATE MATERIALIZED VIEW v AS SELECT f()`, "stack depth"},
	"a value that fills the memory":      {`CREATE MATERIALIZED VIEW v AS SELECT string_agg(repeat('x', 10000000), '') FROM generate_series(1, 90)`, "out of memory"},
	"a table that fills the disk":        {`CREATE TABLE t (a bigint); INSERT INTO t SELECT generate_series(1, 1000000000)`, "it may have 32 MiB"},
	"a view that fills the disk":         {`CREATE MATERIALIZED VIEW v AS SELECT generate_series(1, 1000000000)`, "it may have 32 MiB"},
	"a sort that fills the disk":         {`CREATE MATERIALIZED VIEW v AS SELECT DISTINCT md5(i::text) FROM generate_series(1, 30000000) i`, "temp_file_limit"},
	"a function with its owner's rights": {`CREATE FUNCTION f() RETURNS bool SECURITY DEFINER LANGUAGE sql AS 'SELECT rolsuper FROM pg_roles WHERE rolname = current_user'; CREATE TABLE t (a int CHECK (f())); INSERT INTO t VALUES (1)`, "violates check constraint"},
}

// What the list cannot see is contained when it is loaded: limits of time, memory and disk end it, and the server goes on.
func TestWhatPassesAndIsHostileIsContained(t *testing.T) {
	hasty, patient := limited(t, 1500*time.Millisecond), limited(t, time.Minute)
	for name, c := range contained {
		t.Run(name, func(t *testing.T) {
			server := patient
			if strings.HasPrefix(c.want, "longer") {
				server = hasty
			}
			if err := allowlist.File("file.sql", []byte(c.sql)); err != nil {
				t.Fatalf("it is refused: %v", err)
			}
			start := time.Now()
			_, err := testenv.Scratch(t, server).Load(t.Context(), "file.sql", []byte(c.sql), postgres.LoadOptions{})
			var failed *postgres.LoadError
			if !errors.As(err, &failed) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a LoadError with %q", err, c.want)
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("it took %s", took)
			}
			t.Logf("%s: %v", time.Since(start).Round(time.Millisecond), err)
		})
	}
	for _, server := range []*postgres.Server{hasty, patient} {
		if _, err := testenv.Scratch(t, server).Load(t.Context(), "after.sql", []byte("CREATE TABLE t (a int)"), postgres.LoadOptions{}); err != nil {
			t.Errorf("the server does not work afterwards: %v", err)
		}
	}
}

// limited is a server whose limits a test can reach.
func limited(t *testing.T, statement time.Duration) *postgres.Server {
	t.Helper()
	bins, err := postgres.Find("")
	if err != nil {
		t.Skip(err)
	}
	server, err := postgres.Start(t.Context(), postgres.Options{Binaries: bins, Limits: postgres.Limits{
		Statement: statement, DiskBytes: 32 << 20, MemoryBytes: 512 << 20, TempFileBytes: 16 << 20,
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}
