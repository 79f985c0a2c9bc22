package plan_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Each file in testdata/plans says in its first lines what it shows, has the input in the form that read reads, and the plan that comes
// of it.
func TestPlans(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "plans", "*.txtar"))
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d cases: %v", len(paths), err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		t.Run(strings.ReplaceAll(name, "-", " "), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, path, a, print(read(t, a).plan(t)))
		})
	}
}

// golden compares with the archive's last file, which is called plan.
func golden(t *testing.T, path string, a *txtar.Archive, got string) {
	t.Helper()
	last := &a.Files[len(a.Files)-1]
	if last.Name != "plan" {
		t.Fatalf("%s ends with the file %q, want plan", path, last.Name)
	}
	if want := string(last.Data); got != want {
		t.Errorf("the plan differs (-want +got):\n%s", cmp.Diff(want, got))
	}
	if *update {
		last.Data = []byte(got)
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
