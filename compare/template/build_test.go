package template_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

func TestWithoutAPolicyEveryFactIsRequiredAndNothingElseIsJudged(t *testing.T) {
	for name, build := range map[string]func() (*template.Template, error){
		"nil policy":      func() (*template.Template, error) { return template.Build(clinicMeta, clinic(t), nil) },
		"zero policy":     func() (*template.Template, error) { return template.Build(clinicMeta, clinic(t), new(template.Policy)) },
		"empty file":      func() (*template.Template, error) { return template.Compile(clinicMeta, clinic(t), nil) },
		"only a comment":  func() (*template.Template, error) { return template.Compile(clinicMeta, clinic(t), []byte("# none\n")) },
		"only a document": func() (*template.Template, error) { return template.Compile(clinicMeta, clinic(t), []byte("---\n")) },
	} {
		t.Run(name, func(t *testing.T) {
			tmpl, err := build()
			if err != nil {
				t.Fatal(err)
			}
			if got, want := tmpl.Facts(), clinic(t); !slices.Equal(got, want) {
				t.Errorf("judged facts are %v, want %v", got, want)
			}
			for _, j := range tmpl.Judged {
				if j.Rule != template.RuleRequired {
					t.Errorf("%v is %v, want required", j.Fact, j.Rule)
				}
			}
			if tmpl.Visibility != template.VisibilityPublic {
				t.Errorf("visibility is %v, want public", tmpl.Visibility)
			}
		})
	}
}

func TestAPolicyGivesEveryFactItsOneRule(t *testing.T) {
	tmpl := compile(t, fullPolicy)
	for f, want := range map[string]template.Rule{
		"column public.patient.id":                     template.RuleRequired,
		"index public.patient.- btree_(email)":         template.RuleRequired, // taken back out of optional
		"table public.audit_log.-":                     template.RuleOptional,
		"column public.audit_log.at":                   template.RuleOptional,
		"column public.patient.ssn":                    template.RuleForbidden, // not in the DDL
		"type public.patient.id integer":               template.RuleAnyOf,
		"type public.patient.id bigint":                template.RuleAnyOf, // not in the DDL
		"type public.patient.id smallint":              template.RuleUnknown,
		"enum public.-.sex f,m":                        template.RuleRequired,
		"type public.audit_log.at timestamp_with_zone": template.RuleUnknown,
	} {
		if got := ruleOf(t, tmpl, f); got != want {
			t.Errorf("%s is %v, want %v", f, got, want)
		}
	}
	if !slices.IsSortedFunc(tmpl.Judged, func(a, b template.Judged) int { return schema.Compare(a.Fact, b.Fact) }) {
		t.Error("judged facts are not sorted")
	}
	if got := len(tmpl.Members("patient key")); got != 2 {
		t.Errorf("the group has %d members, want 2", got)
	}
	if tmpl.Files[0].Name != "a.sql" {
		t.Errorf("files are not sorted: %v", tmpl.Files)
	}
}

func TestAnOptionalSelectionCanMakeAWholeTemplateVacuousAndIsRefused(t *testing.T) {
	_, err := template.Compile(clinicMeta, facts(t, "table public.a.-"), []byte("optional: [{kind: table}]"))
	wantError(t, err, "every schema would conform")
}

func TestATemplateWithoutFactsIsRefused(t *testing.T) {
	_, err := template.Build(clinicMeta, nil, nil)
	wantError(t, err, "nothing to judge")
}

func TestAConfidentialTemplateIsRefusedUntilAttestationExists(t *testing.T) {
	_, err := template.Compile(clinicMeta, clinic(t), []byte("visibility: confidential"))
	if !errors.Is(err, template.ErrConfidential) {
		t.Fatalf("got %v, want ErrConfidential", err)
	}
	wantError(t, err, "confidential templates cannot be compared yet")
}

func TestMetaIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		meta template.Meta
		want string
	}{
		"no slug":                    {template.Meta{Version: "1"}, "slug"},
		"a slug with capitals":       {template.Meta{Slug: "Clinic", Version: "1"}, "slug"},
		"a slug that ends in a dash": {template.Meta{Slug: "a-", Version: "1"}, "slug"},
		"no version":                 {template.Meta{Slug: "a"}, "version is missing"},
		"a version with a space":     {template.Meta{Slug: "a", Version: "1 0"}, "no spaces"},
		"a version with a bidi mark": {template.Meta{Slug: "a", Version: "1\u202e"}, "invisible"},
		"a file twice": {
			template.Meta{Slug: "a", Version: "1", Files: []template.File{{Name: "x"}, {Name: "x"}}},
			"not sorted by name, each once",
		},
		"a title that is no text": {template.Meta{Slug: "a", Version: "1", Title: "\xff"}, "title is not valid text"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := template.Build(c.meta, clinic(t), nil)
			wantError(t, err, c.want)
		})
	}
}

func TestBuildDoesNotDependOnTheOrderOfThePolicy(t *testing.T) {
	one := compile(t, `
forbidden:
  - {kind: column, schema: public, table: patient, name: a}
  - {kind: column, schema: public, table: patient, name: b}
optional: [{kind: index}, {table: audit_log}]`)
	two := compile(t, `
optional: [{table: audit_log}, {kind: [index]}]
forbidden:
  - {kind: column, schema: public, table: patient, name: b}
  - {kind: column, schema: public, table: patient, name: a}`)
	if !equalBytes(encode(t, one), encode(t, two)) {
		t.Error("the same policy in another order gives another template")
	}
}
