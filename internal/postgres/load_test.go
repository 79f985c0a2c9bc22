package postgres_test

import (
	"path/filepath"
	"testing"

	"github.com/veilschema/veil/internal/testenv"
)

func TestEveryRealSchemaLoads(t *testing.T) {
	dir := testenv.Schemas(t)
	server := testenv.Postgres(t)
	files, err := filepath.Glob(filepath.Join(dir, "ddl", "*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	spider, err := filepath.Glob(filepath.Join(dir, "ddl", "spider", "*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(files, spider...) {
		name, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			report, err := testenv.Scratch(t, server).LoadFile(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d statements in %s, %d skipped %v", report.Statements, report.Elapsed, report.SkippedAll, report.Reasons())
		})
	}
}
