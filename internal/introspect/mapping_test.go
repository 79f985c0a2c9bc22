package introspect_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/testenv"
)

// A schema that was renamed and is mapped back gives the facts it had, in types, targets, defaults and expressions too.
func TestAMappedSchemaGivesTheFactsOfItsTarget(t *testing.T) {
	files := corpus(t)
	omop := filepath.Join(testenv.Schemas(t), "ddl", "omop_cdm_v5_4.sql")
	for _, path := range append(files, omop) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			ddl, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			conn := load(t, testenv.Postgres(t), path, ddl)
			want := facts(t, read(t, conn), schema.Mapping{})
			execute(t, conn, `ALTER SCHEMA public RENAME TO "Clinical Data"`)
			got := facts(t, read(t, conn), schema.Mapping{Schemas: map[string]string{"Clinical Data": "public"}})
			sameFacts(t, "mapped back", got, want)
		})
	}
}

func TestMappedTablesAndColumnsGiveTheFactsOfTheirTargets(t *testing.T) {
	ddl, err := os.ReadFile("testdata/corpus/structure.sql")
	if err != nil {
		t.Fatal(err)
	}
	conn := load(t, testenv.Postgres(t), "structure.sql", ddl)
	want := facts(t, read(t, conn), schema.Mapping{})
	execute(t, conn, `ALTER TABLE parent RENAME a TO "Alpha"; ALTER TABLE parent RENAME id TO number;
		ALTER TABLE parent RENAME TO "Eltern"; ALTER TABLE measured RENAME at TO "when"; ALTER TABLE booked RENAME room TO raum`)
	m, err := schema.ParseMapping([]byte(`
tables:
  public.Eltern: parent
columns:
  public.Eltern.Alpha: a
  public.Eltern.number: id
  public.measured.when: at
  public.measured_2020.when: at
  public.measured_2021.when: at
  public.measured_2021_eu.when: at
  public.measured_rest.when: at
  public.booked.raum: room
`))
	if err != nil {
		t.Fatal(err)
	}
	sameFacts(t, "mapped back", facts(t, read(t, conn), m), want)
}
