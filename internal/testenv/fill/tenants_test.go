package fill_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/internal/testenv/fill"
)

// connect opens a session in a fresh scratch database with the structure.
func connect(t testing.TB, server *postgres.Server, name string, ddl []byte) *pgx.Conn {
	t.Helper()
	d := testenv.Scratch(t, server)
	if _, err := d.Load(t.Context(), name, ddl, postgres.LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	conn, err := d.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func real(t testing.TB, name string) []byte {
	t.Helper()
	ddl, err := os.ReadFile(filepath.Join(testenv.Schemas(t), "ddl", name+".sql"))
	if err != nil {
		t.Fatal(err)
	}
	return ddl
}

func rows(t testing.TB, conn *pgx.Conn, o fill.Options) fill.Report {
	t.Helper()
	report, err := fill.Rows(t.Context(), conn, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// oneSided lists the columns that may be NULL and hold only NULLs or none.
func oneSided(t testing.TB, conn *pgx.Conn) []string {
	t.Helper()
	answer, err := conn.Query(t.Context(), `
		SELECT c.oid::regclass::text, a.attname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
		WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)' AND a.attnum > 0
			AND NOT a.attisdropped AND NOT a.attnotnull AND NOT t.typnotnull AND a.attgenerated = '' ORDER BY 1, 2`)
	if err != nil {
		t.Fatal(err)
	}
	columns := make(map[string][]string)
	var table, column string
	if _, err := pgx.ForEachRow(answer, []any{&table, &column}, func() error {
		columns[table] = append(columns[table], column)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var batch pgx.Batch
	var found []string
	for table, names := range columns {
		var counts []string
		for _, n := range names {
			counts = append(counts, "count("+pgx.Identifier{n}.Sanitize()+")")
		}
		batch.Queue(fmt.Sprintf("SELECT count(*), ARRAY[%s] FROM ONLY %s", strings.Join(counts, ", "), table)).QueryRow(func(row pgx.Row) error {
			var all int
			var some []int
			err := row.Scan(&all, &some)
			for i, n := range some {
				if n == 0 || n == all {
					found = append(found, fmt.Sprintf("%s.%s: %d of %d rows are not NULL", table, names[i], n, all))
				}
			}
			return err
		})
	}
	if err := conn.SendBatch(t.Context(), &batch).Close(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return found
}

func TestEveryTableOfARealSchemaIsFilled(t *testing.T) {
	testenv.Schemas(t)
	server := testenv.Postgres(t)
	for _, name := range []string{
		"omop_cdm_v5_3", "omop_cdm_v5_4", "omop_cdm_v6_0", "synthea_v270", "mimic_iii", "mimic_iv_v2_0", "killbill_0_18_22", "killbill_0_22_33",
		"osm_website_2015", "osm_website_2021", "mediawiki_1_39", "fhirbase_3_0_1", "fhirbase_4_0_0", "gitlab_11_ce", "adventureworks", "chinook",
		"northwind", "mojaloop_central_ledger", "tpc_c_benchbase", "gisia_2026",
	} {
		for _, n := range []int{8, 20} {
			if testing.Short() && n != 8 {
				continue
			}
			t.Run(fmt.Sprintf("%s with %d rows a table", name, n), func(t *testing.T) {
				conn := connect(t, server, name, real(t, name))
				start := time.Now()
				report := rows(t, conn, fill.Options{RowsPerTable: n, Seed: uint64(n)})
				took := time.Since(start)
				total, short := 0, 0
				for _, got := range report.Rows {
					total += got
					if got < n {
						short++
					}
				}
				t.Logf("%d rows in %d tables, %d of them with fewer than asked, in %v", total, len(report.Rows), short, took.Round(time.Millisecond))
				for _, gap := range report.Gaps {
					t.Errorf("%s has no rows: %s", gap.Table, gap.Reason)
				}
				for _, column := range oneSided(t, conn) {
					t.Error(column)
				}
			})
		}
	}
}

// Some partitions by hash stay empty: none of the few rows they may point to falls to them.
func TestTheLargestRealSchemaIsFilledButForWhatHasNoPlaceForRows(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute")
	}
	conn := connect(t, testenv.Postgres(t), "gitlab_18", real(t, "gitlab_18"))
	start := time.Now()
	report := rows(t, conn, fill.Options{RowsPerTable: 10, Seed: 1})
	t.Logf("%d tables, %d gaps, in %v", len(report.Rows), len(report.Gaps), time.Since(start).Round(time.Second))
	for _, gap := range report.Gaps {
		if !strings.Contains(gap.Reason, "has no partition") && !strings.Contains(gap.Reason, "finds no row to point to") {
			t.Errorf("%s has no rows: %s", gap.Table, gap.Reason)
		}
	}
	if len(report.Rows) < 1_300 || len(report.Gaps) > 250 {
		t.Errorf("%d tables and %d gaps, want 1,300 and at most 250", len(report.Rows), len(report.Gaps))
	}
}
