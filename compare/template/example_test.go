package template_test

import (
	"fmt"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

func Example() {
	facts := schema.NewFacts([]schema.Fact{
		{Kind: schema.KindTable, Schema: "public", Table: "patient"},
		{Kind: schema.KindColumn, Schema: "public", Table: "patient", Name: "id"},
		{Kind: schema.KindColumnType, Schema: "public", Table: "patient", Name: "id", Detail: "integer"},
	})
	policy, err := template.ParsePolicy([]byte(`
any_of:
  - name: patient key
    facts:
      - {kind: type, schema: public, table: patient, name: id, detail: integer}
      - {kind: type, schema: public, table: patient, name: id, detail: bigint}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := template.Build(template.Meta{Slug: "clinic", Version: "1.0.0"}, facts, policy)
	if err != nil {
		fmt.Println(err)
		return
	}
	verdicts := make([]schema.Verdict, len(t.Judged))
	for i, j := range t.Judged {
		verdicts[i] = schema.Present
		if j.Fact.Detail == "integer" {
			verdicts[i] = schema.Absent
		}
		fmt.Printf("%-10s %-8s %s\n", verdicts[i], j.Rule, j.Fact)
	}
	outcome, err := t.Judge(verdicts, "2026-11-23")
	fmt.Println(outcome.Verdict, err)
	// Output:
	// present    required table public.patient
	// present    required column public.patient.id
	// present    any_of   type public.patient.id: bigint
	// absent     any_of   type public.patient.id: integer
	// conforms <nil>
}

func ExampleParsePolicy() {
	_, err := template.ParsePolicy([]byte(`optional:
  - kind: colum
forbidden:
  - {kind: column, schema: public, table: patient, name: ssn_*}
`))
	fmt.Println(err)
	// Output:
	// the policy is not usable, 2 problems:
	//   line 2: "colum" is no kind of fact; the kinds are table, column, type, not_null, default, identity, generated, primary_key, unique, foreign_key, check, exclusion, index, partition_key, enum, domain, sequence, view, extension, trigger, function, row_security, partition, inheritance, collation, composite, range
	//   line 4: the name "ssn_*" has the wildcard *, but unknown names cannot be enumerated: a comparison tests one literal fact at a time, so name each fact, or put a backslash before a character that is meant literally
}

func ExampleWithholding_Withholds() {
	w, err := template.ParseWithholding([]byte(`withhold: [{schema: hr, table: "pay*"}]`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(w.Withholds(schema.Fact{Kind: schema.KindTable, Schema: "hr", Table: "payroll"}))
	fmt.Println(w.Withholds(schema.Fact{Kind: schema.KindTable, Schema: "hr", Table: "office"}))
	// Output:
	// true
	// false
}

// The template wants a bigint, the tenant says that it has none, and allows to be
// asked what it has instead.
func ExampleFollowUp() {
	fact := func(k schema.Kind, detail string) schema.Fact {
		return schema.Fact{Kind: k, Schema: "public", Table: "patient", Name: "id", Detail: detail}
	}
	t, err := template.Build(template.Meta{Slug: "clinic", Version: "1.0.0"}, schema.NewFacts([]schema.Fact{
		fact(schema.KindColumn, ""), fact(schema.KindColumnType, "bigint"),
	}), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	questions, err := template.FollowUp(t, []schema.Verdict{schema.Present, schema.Absent}, schema.KindColumnType)
	if err != nil {
		fmt.Println(err)
		return
	}
	verdicts := make([]schema.Verdict, len(questions.Judged)) // of a second comparison
	for i, j := range questions.Judged {
		verdicts[i] = schema.Absent
		if j.Fact.Detail == "integer" {
			verdicts[i] = schema.Present
		}
	}
	answers, err := template.ReadAnswers(questions, verdicts)
	fmt.Println(questions.Slug, questions.Version, err)
	for column, answer := range answers {
		fmt.Println(column.Column, answer.Type.State, answer.Type.Detail)
	}
	// Output:
	// clinic 1.0.0+follow-up <nil>
	// id found integer
}
