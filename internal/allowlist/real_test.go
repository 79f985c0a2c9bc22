package allowlist_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/veilschema/veil/internal/allowlist"
	"github.com/veilschema/veil/internal/testenv"
)

// realFiles are the DDL files of real schemas.
func realFiles(t *testing.T) []string {
	t.Helper()
	dir := filepath.Join(testenv.Schemas(t), "ddl")
	var files []string
	for _, pattern := range []string{"*.sql", "spider/*.sql"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 100 {
		t.Fatalf("only %d files of DDL in %s", len(files), dir)
	}
	return files
}

func TestRealSchemasPass(t *testing.T) {
	start := time.Now()
	allowlist.Warm()
	t.Logf("the parser was built in %s", time.Since(start).Round(time.Millisecond))
	for _, path := range realFiles(t) {
		name := filepath.Base(path)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := allowlist.File(name, text); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > 300*time.Millisecond {
			t.Logf("%s: %d KiB in %s", name, len(text)>>10, took.Round(time.Millisecond))
		}
	}
}
