package template_test

import (
	"strings"
	"testing"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

func TestATenantWithholdsByKindAndByPattern(t *testing.T) {
	w, err := template.ParseWithholding([]byte(`
withhold:
  - kind: [check, index]
  - table: pay*
    schema: hr
  - name: "?sn"
  - {kind: not_null, table: patient}
`))
	if err != nil {
		t.Fatal(err)
	}
	for f, want := range map[string]bool{
		"check public.a.- x>0":              true,
		"index public.a.- btree_(x)":        true,
		"table hr.payroll.-":                true,
		"column hr.payroll.amount":          true,
		"table public.payroll.-":            false, // another schema
		"table hr.repay.-":                  false,
		"column public.patient.ssn":         true,
		"column public.patient.passn":       false,
		"not_null public.patient.id":        true,
		"not_null public.visit.id":          false,
		"column public.patient.id":          false,
		"enum hr.-.pay f,m":                 false, // a table pattern asks for a table
		"type public.a.x integer":           false,
		"primary_key public.patient.- (id)": false,
	} {
		if got := w.Withholds(fact(t, f)); got != want {
			t.Errorf("withholds %s: got %t, want %t", f, got, want)
		}
	}
}

func TestFactsThatPointAtAWithheldTableAreWithheld(t *testing.T) {
	w, err := template.ParseWithholding([]byte(`withhold: [{schema: hr, table: "pay*"}, {table: 'odd ".(name)'}, {kind: index, table: visit}]`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind   schema.Kind
		detail string
		want   bool
	}{
		{schema.KindForeignKey, `(pay_id) references hr.payroll (id) on delete cascade`, true},
		{schema.KindForeignKey, `("a)", "b""(") references hr.payroll (id, x)`, true},
		{schema.KindForeignKey, `(x) references public."odd "".(name)" (id)`, true},
		{schema.KindForeignKey, `(pay_id) references public.payroll (id)`, false},
		{schema.KindForeignKey, `("references hr.payroll") references hr.office (id)`, false},
		{schema.KindForeignKey, `(visit_id) references public.visit (id)`, false}, // that selector is of a kind
		{schema.KindForeignKey, `references hr.payroll`, false},
		{schema.KindPartition, `of hr.payroll FOR VALUES IN (1)`, true},
		{schema.KindPartition, `of hr.office FOR VALUES IN (1)`, false},
		{schema.KindInheritance, `from hr.payroll`, true},
		{schema.KindInheritance, `from "hr`, false},
		{schema.KindCheck, `(hr.payroll)`, false},
	} {
		f := schema.Fact{Kind: c.kind, Schema: "public", Table: "person", Detail: c.detail}
		if got := w.Withholds(f); got != c.want {
			t.Errorf("withholds %v: got %t, want %t", f, got, c.want)
		}
	}
}

func TestAPatternOfAnythingDoesNotMatchNothing(t *testing.T) {
	w, err := template.ParseWithholding([]byte(`withhold: [{table: "*"}]`))
	if err != nil {
		t.Fatal(err)
	}
	if !w.Withholds(fact(t, "table s.t.-")) || w.Withholds(fact(t, "enum s.-.e f,m")) {
		t.Error("every table and nothing else should be withheld")
	}
}

func TestNoPolicyWithholdsNothing(t *testing.T) {
	empty, err := template.ParseWithholding(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []*template.Withholding{nil, {}, empty, {Selectors: make([]template.Selector, 1)}} {
		for _, f := range clinic(t) {
			if w.Withholds(f) {
				t.Errorf("%v is withheld", f)
			}
		}
	}
}

func TestFaultsOfAWithholdingPolicyAreReportedWithTheirLines(t *testing.T) {
	_, err := template.ParseWithholding([]byte("withhold:\n  - {kind: nonsense}\n  - {}\noptional: []\nwithold: []\n"))
	for _, want := range []string{
		"the withholding policy is not usable, 4 problems", "line 2: ", "line 3: ", `line 4: "optional" belongs in the policy of a template`,
		`line 5: a tenant's policy has no key "withold"; did you mean "withhold"?`,
	} {
		wantError(t, err, want)
	}
}

func TestIdleSelectorsAreFound(t *testing.T) {
	w, err := template.ParseWithholding([]byte("withhold: [{table: patient}, {table: patent}]"))
	if err != nil {
		t.Fatal(err)
	}
	idle := w.Idle(clinic(t))
	if len(idle) != 1 || idle[0].String() != `{table: "patent"}` {
		t.Errorf("idle selectors are %v, want the misspelt one", idle)
	}
}

func TestPatternsMatchAsTheirDocumentationSays(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"a", "a", true},
		{"a", "A", false},
		{"*", "anything", true},
		{"a*c", "abbbc", true},
		{"a*c", "ac", true},
		{"a*c", "abd", false},
		{"*a*b*", "xxaxxbxx", true},
		{"*a*b*", "xxbxxaxx", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"?", "é", true},
		{"??", "é", false},
		{"名*", "名前", true},
		{`a\*`, "a*", true},
		{`a\*`, "ab", false},
		{`a\\b`, `a\b`, true},
		{"a.b", "axb", false},
		{"[a]", "a", false},
		{"a**b", "ab", true},
		{strings.Repeat("a*", 100) + "b", strings.Repeat("a", 1000), false},
	} {
		w, err := template.ParseWithholding([]byte("withhold: [{name: '" + c.pattern + "'}]"))
		if err != nil {
			t.Fatal(err)
		}
		f := fact(t, "column s.t.x")
		f.Name = c.name
		if got := w.Withholds(f); got != c.want {
			t.Errorf("pattern %q on %q: got %t, want %t", c.pattern, c.name, got, c.want)
		}
	}
}

func FuzzParseWithholding(f *testing.F) {
	f.Add([]byte("withhold: [{kind: index, table: 'a*'}]"))
	f.Add([]byte("withhold:\n- kind: [check]\n  schema: '?'\n"))
	all := clinic(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := template.ParseWithholding(b)
		for _, fact := range all {
			if w.Withholds(fact) && err != nil {
				t.Error("a refused policy withholds")
			}
		}
	})
}
