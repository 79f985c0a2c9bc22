package provision

import (
	"slices"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/provisioner/plan"
)

// blueprint is the template as plans take it.
func blueprint(db *schema.Database, design *introspect.Design) (*plan.Blueprint, error) {
	facts, err := db.Spellings(schema.Mapping{})
	if err != nil {
		return nil, err
	}
	b := &plan.Blueprint{Facts: facts, Extensions: make(map[string]string, len(db.Extensions))}
	for _, e := range db.Extensions {
		b.Extensions[e.Name] = e.Schema
	}
	for _, body := range design.Bodies {
		b.Bodies = append(b.Bodies, plan.Body{Object: plan.Object(body.Object), SQL: body.SQL})
	}
	for _, n := range design.Needs {
		b.Needs = append(b.Needs, plan.Need{Object: plan.Object(n.Object), Needs: plan.Object(n.Needs)})
	}
	return b, nil
}

// goals says of each judged fact what is wanted of it. What a waiver covers, and what is optional, is left as it is. Of a group of
// alternatives without a member, the first that the template's DDL has is wanted.
func goals(t *template.Template, verdicts []schema.Verdict, b *plan.Blueprint, answers *check.Answers, today template.Date) []plan.Goal {
	spelt := make(map[schema.Fact]bool, len(b.Facts))
	for _, s := range b.Facts {
		spelt[s.Fact] = true
	}
	list := make([]plan.Goal, len(t.Judged))
	for i, j := range t.Judged {
		list[i] = plan.Goal{Fact: j.Fact, Verdict: verdicts[i], Want: want(j, today), Was: was(j.Fact, answers)}
	}
	for _, g := range t.AnyOf {
		members := t.Members(g.Name)
		if g.Waiver.Active(today) || slices.ContainsFunc(members, func(i int) bool { return verdicts[i] == schema.Present }) {
			continue
		}
		if at := slices.IndexFunc(members, func(i int) bool { return spelt[t.Judged[i].Fact] }); at >= 0 {
			list[members[at]].Want = plan.WantPresent
		} else if len(members) > 0 {
			list[members[0]].Want = plan.WantPresent // which is refused by name: nobody knows how it is made
		}
	}
	return list
}

func want(j template.Judged, today template.Date) plan.Want {
	switch {
	case j.Waiver.Active(today):
		return plan.WantNothing
	case j.Rule == template.RuleRequired:
		return plan.WantPresent
	case j.Rule == template.RuleForbidden:
		return plan.WantAbsent
	}
	return plan.WantNothing
}

// was is what a follow-up comparison found in the place of a type or default.
func was(f schema.Fact, answers *check.Answers) string {
	if answers == nil {
		return ""
	}
	a := answers.Columns[schema.ColumnName{Schema: f.Schema, Table: f.Table, Column: f.Name}]
	switch f.Kind {
	case schema.KindColumnType:
		return a.Type.Detail
	case schema.KindDefault:
		return a.Default.Detail
	}
	return ""
}
