package schema_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veilschema/veil/compare/schema"
)

// small is a database with a bit of everything that names reach into.
func small() *schema.Database {
	person := schema.Relation{Schema: "cdm", Name: "person"}
	return &schema.Database{
		Schemas: []string{"cdm", "vocab"},
		Tables: []schema.Table{
			{
				Relation: person,
				Columns: []schema.Column{
					{Name: "id", Type: "integer", NotNull: true, Default: `nextval('cdm.person_id_seq'::regclass)`},
					{Name: "mood", Type: "cdm.mood[]", Default: `'{}'::cdm.mood[]`},
				},
				Constraints: []schema.Constraint{
					{Type: schema.Check, Expression: `((id > 0) AND (mood <> '{}'::cdm.mood[]))`},
					{Type: schema.PrimaryKey, Index: &schema.Index{Method: "btree", Keys: []schema.IndexKey{{Column: "id"}}}},
				},
			},
			{
				Relation: schema.Relation{Schema: "vocab", Name: "concept"},
				Columns:  []schema.Column{{Name: "who", Type: "integer"}},
				Constraints: []schema.Constraint{{
					Type: schema.ForeignKey, Columns: []string{"who"}, Target: person, TargetColumns: []string{"id"},
				}},
			},
		},
		Sequences: []schema.Sequence{{
			Relation: schema.Relation{Schema: "cdm", Name: "person_id_seq"},
			Options:  schema.SequenceOptions{Type: "integer", Start: 1, Increment: 1, Min: 1, Max: 1<<31 - 1, Cache: 1},
			Owner:    person, OwnerName: "id",
		}},
		Enums: []schema.Enum{{Relation: schema.Relation{Schema: "cdm", Name: "mood"}, Labels: []string{"a"}}},
	}
}

func TestNamesChangeWhereverTheyOccur(t *testing.T) {
	m, err := schema.ParseMapping([]byte(`
schemas: {cdm: public, vocab: public}
tables: {cdm.person: people}
columns: {cdm.person.id: number, '"cdm"."person".mood': Stimmung}
`))
	if err != nil {
		t.Fatal(err)
	}
	f, coverage, err := small().Facts(m)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, fact := range f {
		got = append(got, fact.String())
	}
	want := []string{
		`enum public.mood: ('a')`,
		`table public.concept`,
		`column public.concept.who`,
		`type public.concept.who: integer`,
		`foreign_key public.concept: (who) references public.people (number)`,
		`table public.people`,
		`column public.people."Stimmung"`,
		`column public.people.number`,
		`type public.people."Stimmung": public.mood[]`,
		`type public.people.number: integer`,
		`not_null public.people.number`,
		`default public.people."Stimmung": '{}'`,
		`default public.people.number: nextval(SEQUENCE OF public.people.number)`,
		`primary_key public.people: (number)`,
		`check public.people: ((number > 0) AND ("Stimmung" <> '{}'::public.mood[]))`,
		`sequence public.people.number: owned as integer`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if coverage.Facts[schema.KindColumn] != 3 {
		t.Errorf("%d columns are counted, want 3", coverage.Facts[schema.KindColumn])
	}
}

func TestAMappingThatDoesNotFitIsRefusedByName(t *testing.T) {
	for name, test := range map[string]struct{ file, want string }{
		"an unknown schema":     {`schemas: {nowhere: public}`, `the schema nowhere,`},
		"an unknown table":      {`tables: {cdm.nothing: x}`, `the table cdm.nothing,`},
		"an unknown column":     {`columns: {cdm.person.nothing: x}`, `the column cdm.person.nothing,`},
		"a table of its target": {`{schemas: {cdm: public}, tables: {public.person: x}}`, `the table public.person,`},
		"a name taken twice":    {`{schemas: {cdm: public, vocab: public}, tables: {vocab.concept: person}}`, `cdm.person and vocab.concept the same name public.person`},
		"a column taken twice":  {`columns: {cdm.person.id: mood}`, `columns id and mood of cdm.person the same name mood`},
		"an empty new name":     {`tables: {cdm.person: ""}`, `table cdm.person a name of 0 bytes`},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := schema.ParseMapping([]byte(test.file))
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := small().Facts(m); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one that says %q", err, test.want)
			}
		})
	}
}

func TestMappingFilesAreReadStrictly(t *testing.T) {
	for name, file := range map[string]string{
		"an unknown entry":    `shemas: {a: b}`,
		"an entry twice":      "schemas:\n  a: b\n  a: c\n",
		"a table twice":       `tables: {a.b: c, '"a".b': d}`,
		"a column twice":      `columns: {a.b.c: c, 'a."b".c': d}`,
		"a table without dot": `tables: {person: people}`,
		"too many parts":      `tables: {a.b.c: people}`,
		"an empty part":       `tables: {a.: people}`,
		"an open quote":       `tables: {'a."b': people}`,
		"text after a quote":  `tables: {'"a"b.c': people}`,
		"two documents":       "schemas: {a: b}\n---\nschemas: {c: d}\n",
		"a list":              `[a, b]`,
		"a file of 5 MB":      strings.Repeat("#", 5<<20),
	} {
		if m, err := schema.ParseMapping([]byte(file)); err == nil {
			t.Errorf("%s is read as %v", name, m)
		}
	}
	if m, err := schema.ParseMapping(nil); err != nil || m.Schemas != nil || m.Tables != nil || m.Columns != nil {
		t.Errorf("an empty file is %v (error %v), want the empty mapping", m, err)
	}
	m, err := schema.ParseMapping([]byte(`tables: {'"with.dot"."and ""quotes"""': x}`))
	if err != nil || m.Tables[schema.Relation{Schema: "with.dot", Name: `and "quotes"`}] != "x" {
		t.Errorf("quoted names are read as %v (error %v)", m, err)
	}
}

func FuzzParseMapping(f *testing.F) {
	f.Add([]byte(`schemas: {cdm: public}`))
	f.Add([]byte("tables:\n  cdm.\"a.b\": x\ncolumns:\n  a.b.c: d\n"))
	f.Add([]byte(`{schemas: &a {x: y}, tables: *a}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := schema.ParseMapping(file)
		if err != nil {
			return
		}
		_ = m.Validate(small())
	})
}
