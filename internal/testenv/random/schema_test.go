package random_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/internal/testenv/fill"
	"github.com/veilschema/veil/internal/testenv/random"
)

func connect(t testing.TB, server *postgres.Server) *pgx.Conn {
	t.Helper()
	conn, err := testenv.Scratch(t, server).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func execute(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%v in %s", err, sql)
	}
}

// load makes the database one with the seed's schema and nothing else.
func load(t testing.TB, conn *pgx.Conn, seed uint64) {
	t.Helper()
	execute(t, conn, `DO $$ DECLARE name text; BEGIN
			FOR name IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
				EXECUTE format('DROP SCHEMA %I CASCADE', name);
			END LOOP;
		END $$;
		CREATE SCHEMA public`)
	for _, sql := range random.Schema(seed) {
		if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Errorf("seed %d: %v in %s", seed, err, sql)
		}
	}
}

func facts(t testing.TB, conn *pgx.Conn) schema.Facts {
	t.Helper()
	d, err := introspect.Read(t.Context(), conn, introspect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, _, err := d.Facts(schema.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// seeds is how many cases a test tries on the version with the number given, from 0: fewer on those behind the first.
func seeds(version int) uint64 {
	switch {
	case testing.Short() || version > 0:
		return 40
	case testenv.Long():
		return 300
	}
	return 80
}

func TestRandomSchemasLoadAndHaveFactsOfManyKinds(t *testing.T) {
	for version, server := range testenv.PostgresVersionsIfLong(t) {
		t.Run(server.Version(), func(t *testing.T) {
			conn := connect(t, server)
			with := make(map[schema.Kind]int) // schemas that have a fact of the kind
			texts := make(map[string]uint64)
			for seed := range seeds(version) {
				text := strings.Join(random.Schema(seed), ";\n")
				if other, ok := texts[text]; ok {
					t.Errorf("the seeds %d and %d give the same schema", other, seed)
				}
				texts[text] = seed
				load(t, conn, seed)
				for kind := range facts(t, conn).Count() {
					with[kind]++
				}
			}
			// Extensions and partitions are left to the real schemas.
			without := []schema.Kind{schema.KindExtension, schema.KindPartition, schema.KindPartitionKey, schema.KindInheritance}
			for _, kind := range schema.Kinds() {
				if version == 0 && testenv.Long() && with[kind] < int(seeds(0)/50) && !slices.Contains(without, kind) {
					t.Errorf("only %d of %d schemas have a fact about %s", with[kind], seeds(0), kind)
				}
			}
			t.Log(with)
		})
	}
}

func TestRandomSchemasCanBeFilled(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	tables, empty := 0, 0
	for seed := range seeds(0) {
		load(t, conn, seed)
		report, err := fill.Rows(t.Context(), conn, fill.Options{RowsPerTable: 6, Seed: seed})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, gap := range report.Gaps {
			t.Logf("seed %d: %s: %s", seed, gap.Table, gap.Reason)
			empty++
		}
		tables += len(report.Rows)
	}
	t.Logf("%d tables, %d of them empty", tables, empty)
	if empty*100 > tables {
		t.Errorf("%d of %d tables could not be filled, want one in a hundred at most", empty, tables)
	}
}
