package introspect_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
)

// jsonSchema is the independent reading of a real schema's catalog.
type jsonSchema struct {
	Tables []struct {
		Schema, Name string
		Columns      []struct {
			Name, Type string
			Nullable   bool
		}
		PrimaryKey  []string `json:"primary_key"`
		ForeignKeys []struct {
			Name       string
			Columns    []string
			RefTable   string   `json:"ref_table"`
			RefColumns []string `json:"ref_columns"`
			OnDelete   string   `json:"on_delete"`
		} `json:"foreign_keys"`
	}
}

var onDelete = map[string]string{"a": "", "r": " on delete restrict", "c": " on delete cascade", "n": " on delete set null", "d": " on delete set default"}

// lines are the statements of the independent reading, one a line, for tables, columns, types, not-null, primary keys and those
// foreign keys that the DDL does not declare NOT VALID.
func (s jsonSchema) lines(notValid map[string]bool) []string {
	var lines []string
	for _, t := range s.Tables {
		add := func(kind string, rest ...string) {
			lines = append(lines, strings.Join(append([]string{kind, t.Schema, t.Name}, rest...), "|"))
		}
		add("table")
		for _, c := range t.Columns {
			add("column", c.Name)
			add("type", c.Name, c.Type)
			if !c.Nullable {
				add("not_null", c.Name)
			}
		}
		if len(t.PrimaryKey) > 0 {
			add("primary_key", strings.Join(t.PrimaryKey, ","))
		}
		for _, f := range t.ForeignKeys {
			if notValid[t.Name+"."+f.Name] {
				continue
			}
			var pairs []string
			for i := range f.Columns {
				pairs = append(pairs, f.Columns[i]+">"+f.RefColumns[i])
			}
			slices.Sort(pairs)
			add("foreign_key", strings.Join(pairs, ","), f.RefTable+onDelete[f.OnDelete])
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

var (
	foreignKey = regexp.MustCompile(`^\((.*)\) references (.*) \(([^)]*)\)(?: match full)?(?: on update (?:cascade|restrict|set null|set default))?( on delete (?:cascade|restrict|set null|set default))?( deferrable)?( initially deferred)?$`)
	notValidFK = regexp.MustCompile(`ALTER TABLE (?:ONLY )?(?:\w+\.)?"?(\w+)"?\s+ADD CONSTRAINT "?(\w+)"? FOREIGN KEY [^;]* NOT VALID;`)
)

// factLines are the same statements made of facts.
func factLines(t *testing.T, f schema.Facts) []string {
	t.Helper()
	unquote := func(s string) string { return strings.ReplaceAll(s, `"`, "") }
	var lines []string
	for _, fact := range f {
		parts := []string{fact.Kind.String(), fact.Schema, fact.Table}
		switch fact.Kind {
		case schema.KindTable:
		case schema.KindColumn, schema.KindNotNull:
			parts = append(parts, fact.Name)
		case schema.KindColumnType:
			parts = append(parts, fact.Name, strings.TrimPrefix(fact.Detail, "public."))
		case schema.KindPrimaryKey:
			parts = append(parts, strings.ReplaceAll(unquote(strings.Trim(fact.Detail, "()")), ", ", ","))
		case schema.KindForeignKey:
			m := foreignKey.FindStringSubmatch(fact.Detail)
			if m == nil {
				t.Fatalf("not understood: %s", fact)
			}
			from, to := strings.Split(unquote(m[1]), ", "), strings.Split(unquote(m[3]), ", ")
			var pairs []string
			for i := range from {
				pairs = append(pairs, from[i]+">"+to[i])
			}
			slices.Sort(pairs)
			parts = append(parts, strings.Join(pairs, ","), unquote(m[2])+m[4])
		default:
			continue
		}
		lines = append(lines, strings.Join(parts, "|"))
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

func TestEveryRealSchemaAgreesWithAnIndependentReading(t *testing.T) {
	dir := testenv.Schemas(t)
	server := testenv.Postgres(t)
	files, _ := filepath.Glob(filepath.Join(dir, "ddl", "*.sql"))
	spider, _ := filepath.Glob(filepath.Join(dir, "ddl", "spider", "*.sql"))
	compared, statements, total := 0, 0, 0
	small := testenv.Scratch(t, server) // shared by the small ones, since making a database takes longer than they do
	smallConn := session(t, small)
	for _, path := range slices.Concat(files, spider) {
		name, err := filepath.Rel(filepath.Join(dir, "ddl"), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(dir, "json", strings.TrimSuffix(name, ".sql")+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var want jsonSchema
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
			ddl, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			notValid := make(map[string]bool)
			for _, m := range notValidFK.FindAllStringSubmatch(string(ddl), -1) {
				notValid[m[1]+"."+m[2]] = true
			}
			conn := smallConn
			if strings.HasPrefix(name, "spider") {
				execute(t, conn, `DROP SCHEMA public CASCADE; CREATE SCHEMA public`)
				if _, err := small.Load(t.Context(), name, ddl, postgres.LoadOptions{}); err != nil {
					t.Fatal(err)
				}
			} else {
				conn = load(t, server, name, ddl)
			}
			f := facts(t, read(t, conn), schema.Mapping{})
			a, b := factLines(t, f), want.lines(notValid)
			report(t, "only facts say", a, b)
			report(t, "only the independent reading says", b, a)
			compared, statements, total = compared+1, statements+len(b), total+len(f)
		})
	}
	t.Logf("%d schemas compared, 0 skipped: %d statements of the independent reading among %d facts", compared, statements, total)
	if want := len(files) + len(spider); compared != want {
		t.Errorf("%d schemas compared, want %d", compared, want)
	}
}

// report reports what is in a and not in b, up to ten lines.
func report(t *testing.T, what string, a, b []string) {
	t.Helper()
	n := 0
	for _, line := range a {
		if _, found := slices.BinarySearch(b, line); !found {
			if n++; n <= 10 {
				t.Errorf("%s: %s", what, line)
			}
		}
	}
	if n > 10 {
		t.Errorf("%s: %d more", what, n-10)
	}
}

// Real schemas give the same facts on every version.
func TestRealSchemasGiveTheSameFactsOnEveryVersion(t *testing.T) {
	dir := testenv.Schemas(t)
	servers := testenv.PostgresVersions(t)
	if len(servers) < 2 {
		t.Skip("only one version of PostgreSQL; name others in VEIL_PG_BINS")
	}
	for _, name := range []string{"adventureworks", "gisia_2026", "mimic_iii", "omop_cdm_v5_4", "osm_website_2026", "northwind"} {
		ddl, err := os.ReadFile(filepath.Join(dir, "ddl", name+".sql"))
		if err != nil {
			t.Fatal(err)
		}
		var want schema.Facts
		for _, server := range servers {
			got := facts(t, read(t, load(t, server, name, ddl)), schema.Mapping{})
			if want == nil {
				want = got
			}
			sameFacts(t, name+" on "+server.Version(), got, want)
		}
		t.Logf("%s: %d facts on %d versions", name, len(want), len(servers))
	}
}
