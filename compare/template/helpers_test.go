package template_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// fact reads "kind schema.table.name detail"; "-" stands for an empty part and
// an underscore in the detail for a space.
func fact(t testing.TB, s string) schema.Fact {
	t.Helper()
	words := strings.Fields(s)
	kind, err := schema.ParseKind(words[0])
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Split(words[1], ".")
	for i, n := range names {
		names[i] = strings.Trim(n, "-")
	}
	f := schema.Fact{Kind: kind, Schema: names[0], Table: names[1], Name: names[2]}
	if len(words) > 2 {
		f.Detail = strings.ReplaceAll(words[2], "_", " ")
	}
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	return f
}

func facts(t testing.TB, lines ...string) schema.Facts {
	t.Helper()
	var list []schema.Fact
	for _, l := range lines {
		list = append(list, fact(t, l))
	}
	return schema.NewFacts(list)
}

// clinic is a small schema of two tables and an enum.
func clinic(t testing.TB) schema.Facts {
	t.Helper()
	return facts(t,
		"table public.patient.-",
		"column public.patient.id",
		"type public.patient.id integer",
		"not_null public.patient.id",
		"primary_key public.patient.- (id)",
		"column public.patient.email",
		"type public.patient.email text",
		"not_null public.patient.email",
		"index public.patient.- btree_(email)",
		"table public.audit_log.-",
		"column public.audit_log.at",
		"type public.audit_log.at timestamp_with_time_zone",
		"enum public.-.sex f,m",
	)
}

var clinicMeta = template.Meta{
	Slug: "clinic", Version: "1.0.0", Title: "A clinic",
	Files: []template.File{{Name: "b.sql", Size: 2}, {Name: "a.sql", Size: 1, SHA256: [32]byte{1}}},
}

func compile(t testing.TB, policy string) *template.Template {
	t.Helper()
	tmpl, err := template.Compile(clinicMeta, clinic(t), []byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

const fullPolicy = `
visibility: public
optional:
  - kind: index
  - table: "audit_*"
required:
  - {kind: index, table: "pat?ent"}
forbidden:
  - {kind: column, schema: public, table: patient, name: ssn}
any_of:
  - name: patient key
    facts:
      - {kind: type, schema: public, table: patient, name: id, detail: integer}
      - {kind: type, schema: public, table: patient, name: id, detail: bigint}
waivers:
  - fact: {kind: not_null, schema: public, table: patient, name: email}
    reason: imported without addresses
    approver: data protection office
    expires: 2027-03-31
  - group: patient key
    reason: the key is being widened
    approver: architecture board
    expires: 2026-12-31
  - fact: {kind: column, schema: public, table: patient, name: ssn}
    reason: dropped with the next release
    approver: data protection office
    expires: "2026-06-30"
`

func encode(t testing.TB, tmpl *template.Template) []byte {
	t.Helper()
	b, err := tmpl.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ruleOf returns the rule of a fact, RuleUnknown where it is not judged.
func ruleOf(t testing.TB, tmpl *template.Template, s string) template.Rule {
	t.Helper()
	if i, ok := tmpl.Index(fact(t, s)); ok {
		return tmpl.Judged[i].Rule
	}
	return template.RuleUnknown
}

func equalBytes(a, b []byte) bool { return bytes.Equal(a, b) }
