package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/veilschema/veil/compare/schema"
)

func TestWhatIsNoFactIsCounted(t *testing.T) {
	d := &schema.Database{
		Schemas: []string{"s"},
		Tables: []schema.Table{{
			Relation: schema.Relation{Schema: "s", Name: "t"},
			Constraints: []schema.Constraint{
				{Type: schema.Check, Expression: "(a > 0)", NotValid: true},
				{Type: schema.Check, Expression: "(a > 1)", NotEnforced: true},
				{Type: schema.Unique, Index: &schema.Index{Invalid: true}},
			},
			Indexes:  []schema.Index{{Invalid: true}},
			Triggers: []schema.Trigger{{Name: "x", Disabled: true}},
		}},
		Enums:     []schema.Enum{{Relation: schema.Relation{Schema: "s", Name: "e"}, Labels: []string{strings.Repeat("x", 2<<20)}}},
		NotJudged: []schema.NotJudged{{What: "comments", Reason: "no structure", Count: 3}},
	}
	f, coverage, err := d.Facts(schema.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	if len(f) != 1 {
		t.Errorf("the facts are %v, want the table alone", f)
	}
	total := 0
	for _, n := range coverage.NotJudged {
		total += n.Count
	}
	if total != 3+3+1+1+1 {
		t.Errorf("%d things are counted, want 9: %v", total, coverage.NotJudged)
	}
}

func TestNamesThatAreNoTextAreAnError(t *testing.T) {
	d := &schema.Database{Tables: []schema.Table{{Relation: schema.Relation{Schema: "s", Name: "bad\xff"}}}}
	if _, _, err := d.Facts(schema.Mapping{}); err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("the error is %v, want one about UTF-8", err)
	}
}

// An expression that no known server prints stays as it is, so that it equals nothing by accident.
func TestAnExpressionThatIsNotUnderstoodStaysAsItIs(t *testing.T) {
	d := &schema.Database{Tables: []schema.Table{{
		Relation:    schema.Relation{Schema: "s", Name: "t"},
		Constraints: []schema.Constraint{{Type: schema.Check, Expression: "(a > 'open"}},
	}}}
	f, _, err := d.Facts(schema.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	if want := (schema.Fact{Kind: schema.KindCheck, Schema: "s", Table: "t", Detail: "((a > 'open)"}); !f.Has(want) {
		t.Errorf("the facts are %v, want %v among them", f, want)
	}
}

func ExampleDatabase_Facts() {
	d := &schema.Database{
		Schemas: []string{"cdm"},
		Tables: []schema.Table{{
			Relation: schema.Relation{Schema: "cdm", Name: "person"},
			Columns:  []schema.Column{{Name: "id", Type: "integer", NotNull: true}},
		}},
	}
	facts, _, err := d.Facts(schema.Mapping{Schemas: map[string]string{"cdm": "public"}})
	if err != nil {
		fmt.Println(err)
	}
	for _, f := range facts {
		fmt.Println(f)
	}
	// Output:
	// table public.person
	// column public.person.id
	// type public.person.id: integer
	// not_null public.person.id
}

func ExampleParseMapping() {
	m, err := schema.ParseMapping([]byte("schemas:\n  cdm: public\ncolumns:\n  cdm.person.dob: birth_date\n"))
	fmt.Println(m.Schemas["cdm"], m.Columns[schema.ColumnName{Schema: "cdm", Table: "person", Column: "dob"}], err)
	// Output: public birth_date <nil>
}
