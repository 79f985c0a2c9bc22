package plan_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/provisioner/plan"
)

// draw draws a template of up to three tables with columns, their properties, keys and indexes, and a goal for most facts.
func draw(t *rapid.T) *input {
	in := new(input)
	for i := range rapid.IntRange(1, 3).Draw(t, "tables") {
		in.drawTable(t, fmt.Sprintf("t%d", i))
	}
	slices.SortFunc(in.blueprint.Facts, func(a, b schema.Spelling) int { return schema.Compare(a.Fact, b.Fact) })
	for _, s := range in.blueprint.Facts {
		g := plan.Goal{
			Fact: s.Fact, Verdict: rapid.SampledFrom([]schema.Verdict{schema.Present, schema.Absent, schema.Undisclosed}).Draw(t, s.Fact.String()),
			Want: rapid.SampledFrom([]plan.Want{plan.WantPresent, plan.WantPresent, plan.WantPresent, plan.WantNothing}).Draw(t, "wanted"),
		}
		// What hangs on something that is absent is absent too: verdicts are of one database.
		if f := s.Fact; f.Kind != schema.KindTable && in.is(schema.Fact{Kind: schema.KindTable, Schema: f.Schema, Table: f.Table}, schema.Absent) ||
			f.Name != "" && f.Kind != schema.KindColumn && in.is(schema.Fact{Kind: schema.KindColumn, Schema: f.Schema, Table: f.Table, Name: f.Name}, schema.Absent) {
			g.Verdict = schema.Absent
		}
		in.goals = append(in.goals, g)
	}
	return in
}

// property is something that a column or table may have.
type property struct {
	kind   schema.Kind
	detail string
}

var (
	ofColumns = []property{
		{schema.KindNotNull, ""}, {schema.KindDefault, "0"}, {schema.KindCollation, `"C"`}, {schema.KindSequence, "owned as integer"},
	}
	ofTables = []property{
		{schema.KindPrimaryKey, "(c0)"},
		{schema.KindUnique, "(c1)"},
		{schema.KindForeignKey, "(c0) references public.t0 (c0)"},
		{schema.KindCheck, "(true)"},
		{schema.KindIndex, "btree (c0)"},
	}
)

func (in *input) is(f schema.Fact, v schema.Verdict) bool {
	return slices.ContainsFunc(in.goals, func(g plan.Goal) bool { return g.Fact == f && g.Verdict == v })
}

func (in *input) drawTable(t *rapid.T, table string) {
	add := func(k schema.Kind, name, detail, object string) {
		f := schema.Fact{Kind: k, Schema: "public", Table: table, Name: name, Detail: detail}
		s := schema.Spelling{Fact: f, SQL: detail}
		if object != "" {
			s.Object = schema.Relation{Schema: "public", Name: object}
		}
		in.blueprint.Facts = append(in.blueprint.Facts, s)
	}
	add(schema.KindTable, "", "", "")
	for i := range rapid.IntRange(0, 3).Draw(t, "columns") {
		name := fmt.Sprintf("c%d", i)
		add(schema.KindColumn, name, "", "")
		add(schema.KindColumnType, name, rapid.SampledFrom([]string{"integer", "text"}).Draw(t, "type"), "")
		for _, p := range ofColumns {
			if rapid.Bool().Draw(t, p.kind.String()) {
				add(p.kind, name, p.detail, map[schema.Kind]string{schema.KindSequence: table + "_" + name + "_seq"}[p.kind])
			}
		}
	}
	for _, p := range ofTables {
		if rapid.Bool().Draw(t, p.kind.String()) {
			add(p.kind, "", p.detail, table+"_"+p.kind.String())
		}
	}
}

// Whatever the verdicts are, there is a plan, and it does what is wanted and nothing that is not.
func TestEveryWantedFactIsTheGoalOfOneStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := draw(t)
		p, err := in.plan(t)
		if err != nil {
			t.Fatal(err)
		}
		makers := make(map[schema.Fact][]*plan.Step)
		for i := range p.Steps {
			s := &p.Steps[i]
			if len(s.Facts) == 0 && s.Object.Table+s.Object.Name != "" {
				t.Fatalf("%s has no goal", s.ID)
			}
			for _, f := range s.Facts {
				makers[f] = append(makers[f], s)
			}
		}
		for _, g := range in.goals {
			in.judge(t, g, makers[g.Fact])
		}
	})
}

// judge holds the steps that make a fact against what is wanted of it.
func (in *input) judge(t *rapid.T, g plan.Goal, steps []*plan.Step) {
	alone := slices.ContainsFunc(steps, func(s *plan.Step) bool { return s.Action != plan.AddTable && s.Action != plan.AddCol })
	switch {
	case g.Want == plan.WantPresent && g.Verdict != schema.Present:
		guarded := !slices.ContainsFunc(steps, func(s *plan.Step) bool { return !s.Guarded })
		if len(steps) == 0 || len(steps) > 1 && !guarded {
			t.Fatalf("%s is wanted and %v, and %d steps make it", g.Fact, g.Verdict, len(steps))
		}
		if g.Verdict == schema.Undisclosed && !guarded {
			t.Fatalf("%s is not known, and its step is not guarded", g.Fact)
		}
	case g.Verdict == schema.Present && alone && !slices.ContainsFunc(steps, func(s *plan.Step) bool { return s.Action == plan.SetType }):
		t.Fatalf("%s holds, and a step of its own makes it", g.Fact)
	case g.Want == plan.WantNothing && alone && !in.made(g.Fact) && !slices.ContainsFunc(steps, func(s *plan.Step) bool { return s.Action == plan.SetType }):
		t.Fatalf("nothing is wanted of %s, and a step of its own makes it", g.Fact)
	}
}

// made says whether a fact's table is made anew, with all that the template has of it.
func (in *input) made(f schema.Fact) bool {
	return slices.ContainsFunc(in.goals, func(g plan.Goal) bool {
		return g.Fact.Kind == schema.KindTable && g.Fact.Table == f.Table && g.Want == plan.WantPresent && g.Verdict == schema.Absent
	})
}
