package introspect_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/testenv"
)

// The canonical spelling of checks, defaults and indexes still means what it stands for: given to the server as DDL, it comes
// back as the same facts.
func TestTheServerReadsTheCanonicalSpellingAsTheSameStructure(t *testing.T) {
	server := testenv.Postgres(t)
	ddls := filepath.Join(testenv.Schemas(t), "ddl")
	files := []string{"testdata/corpus/expressions.sql", "testdata/corpus/structure.sql"}
	for _, name := range []string{"gitlab_11_ce", "gisia_2026", "osm_website_2026", "mediawiki_1_43"} {
		files = append(files, filepath.Join(ddls, name+".sql"))
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			ddl, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			conn := load(t, server, path, ddl)
			before := facts(t, read(t, conn, "public"), schema.Mapping{})
			statements := []string{"CREATE SCHEMA again"}
			var want []schema.Fact
			for _, f := range before {
				table := "again." + schema.Quote(f.Table)
				switch {
				case f.Kind == schema.KindTable:
					statements = append(statements, "CREATE TABLE "+table+" (LIKE public."+schema.Quote(f.Table)+")")
					continue
				case strings.Contains(f.Detail, "SEQUENCE OF") || f.Table == "totals": // a materialized view
					continue
				case f.Kind == schema.KindCheck:
					statements = append(statements, "ALTER TABLE "+table+" ADD CHECK "+f.Detail)
				case f.Kind == schema.KindDefault:
					statements = append(statements, "ALTER TABLE "+table+" ALTER "+schema.Quote(f.Name)+" SET DEFAULT "+f.Detail)
				case f.Kind == schema.KindIndex:
					rest, unique := strings.CutPrefix(f.Detail, "unique ")
					create := "CREATE INDEX ON "
					if unique {
						create = "CREATE UNIQUE INDEX ON "
					}
					statements = append(statements, create+table+" USING "+rest)
				default:
					continue
				}
				want = append(want, f)
			}
			execute(t, conn, strings.Join(statements, ";\n"))
			after := facts(t, read(t, conn, "again"), schema.Mapping{Schemas: map[string]string{"again": "public"}})
			got := make(map[schema.Kind]bool)
			for _, f := range want {
				got[f.Kind] = true
				if !after.Has(f) {
					t.Errorf("%s became something else", f)
				}
			}
			t.Logf("%d facts of %d kinds read again", len(want), len(got))
		})
	}
}
