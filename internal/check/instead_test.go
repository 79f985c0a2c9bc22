package check_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veilschema/veil/compare/diff"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
)

// plainVerdicts are what a comparison without encryption says.
func plainVerdicts(t *template.Template, tenant schema.Facts) []schema.Verdict {
	said := make([]schema.Verdict, len(t.Judged))
	for i, j := range t.Judged {
		said[i] = schema.Absent
		if tenant.Has(j.Fact) {
			said[i] = schema.Present
		}
	}
	return said
}

func TestWhatRealTenantsHaveInstead(t *testing.T) {
	c := newCorpus(t)
	t.Run("follow-ups find it", c.followUps)
	t.Run("diffs show the same by name and by verdict", c.diffs)
}

// Between the versions of real schemas, every type that differs is among the
// candidates, and so is every default but the texts that only one application has.
func (c *corpus) followUps(t *testing.T) {
	ownDefaults := map[string]bool{ // of GitLab and of Gisia, which was made of it
		"'--- []\n'": true, `'--- []\n'`: true, "102400": true, "204800": true, "'glpat-'": true, "'gspat-'": true,
	}
	types, defaults := 0, 0
	for _, pair := range c.pairs(t) {
		for _, d := range [][2]string{{pair["a"], pair["b"]}, {pair["b"], pair["a"]}} {
			tenant, with := c.aligned(t, d[0], d[1])
			f, err := template.FollowUp(with, plainVerdicts(with, tenant.Facts), schema.KindColumnType, schema.KindDefault)
			if err != nil {
				t.Fatal(err)
			}
			if f == nil {
				continue
			}
			answers, err := template.ReadAnswers(f, plainVerdicts(f, tenant.Facts))
			if err != nil {
				t.Fatal(err)
			}
			if extra := answers.Facts().Minus(tenant.Facts); len(extra) > 0 {
				t.Errorf("%s against %s: answers that the tenant does not have: %v", d[0], d[1], extra)
			}
			for _, fact := range tenant.Facts {
				a := answers[schema.ColumnName{Schema: fact.Schema, Table: fact.Table, Column: fact.Name}]
				switch {
				case fact.Kind == schema.KindColumnType && a.Type.State == template.Found:
					types++
				case fact.Kind == schema.KindDefault && a.Default.State == template.Found:
					defaults++
				case fact.Kind == schema.KindColumnType && a.Type.State == template.NoneFound,
					fact.Kind == schema.KindDefault && a.Default.State == template.NoneFound && !ownDefaults[fact.Detail]:
					t.Errorf("%s against %s: %s is not among the candidates", d[0], d[1], fact)
				}
			}
		}
	}
	if types < 1000 || defaults < 15 {
		t.Errorf("%d types and %d defaults were found, which is fewer than differ", types, defaults)
	}
	t.Logf("%d types and %d defaults found", types, defaults)
}

// Names give the view that verdicts give together with what else is known.
func (c *corpus) diffs(t *testing.T) {
	for _, pair := range c.pairs(t) {
		for _, d := range [][2]string{{pair["a"], pair["b"]}, {pair["b"], pair["a"]}} {
			tenant, with := c.aligned(t, d[0], d[1])
			byName, err := diff.Tables(c.entry(t, d[0]).reading.Database, tenant.Mapping, with)
			if err != nil {
				t.Fatal(err)
			}
			for i := range byName.Tables { // what it was called is all that only names tell
				byName.Tables[i].Was = schema.Relation{}
			}
			byVerdict, err := diff.TablesByVerdict(with, plainVerdicts(with, tenant.Facts), tenant.Facts)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(byName, byVerdict); d != "" {
				t.Errorf("%s against %s: %s", pair["a"], pair["b"], d)
			}
			if byName.Same() {
				t.Errorf("%s against %s: the diff shows nothing", pair["a"], pair["b"])
			}
		}
	}
}

// aligned is a tenant under a template's names.
func (c *corpus) aligned(t *testing.T, tenant, with string) (*check.Alignment, *template.Template) {
	t.Helper()
	a, b := c.entry(t, tenant), c.entry(t, with)
	aligned, err := check.Align(a.reading.Database, b.facts, schema.Mapping{Schemas: confirmed[[2]string{tenant, with}]})
	if err != nil {
		t.Fatal(err)
	}
	return aligned, b.prepared.Template()
}
