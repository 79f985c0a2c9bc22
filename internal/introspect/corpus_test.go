package introspect_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/testenv"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Hand-written DDL gives the facts of the golden file, the same on every version of PostgreSQL, and the same again after one dump
// and reload and after two, whichever version the dump is loaded into.
func TestHandWrittenDDLGivesItsFactsByWhicheverWay(t *testing.T) {
	servers := testenv.PostgresVersions(t)
	for _, path := range corpus(t) {
		ddl, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		golden := strings.TrimSuffix(path, ".sql") + ".facts"
		for _, server := range servers {
			t.Run(filepath.Base(path)+" on "+server.Version(), func(t *testing.T) {
				conn := load(t, server, path, ddl)
				want := facts(t, read(t, conn), schema.Mapping{})
				compareGolden(t, golden, text(want))
				first := dump(t, conn)
				quoted := dump(t, conn, "--quote-all-identifiers") // later versions have more keywords
				for _, other := range servers {
					t.Run("reloaded on "+other.Version(), func(t *testing.T) {
						if other.Major() != server.Major() {
							first = quoted
						}
						again := load(t, other, "first dump", first)
						sameFacts(t, "after one reload", facts(t, read(t, again), schema.Mapping{}), want)
						twice := load(t, other, "second dump", dump(t, again))
						sameFacts(t, "after two reloads", facts(t, read(t, twice), schema.Mapping{}), want)
					})
				}
			})
		}
	}
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("facts differ from %s (-want +got):\n%s", path, diff)
	}
}
