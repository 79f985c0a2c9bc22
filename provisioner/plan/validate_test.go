package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/provisioner/plan"
)

func TestEveryReasonToRefuseAPlanIsListedAtOnce(t *testing.T) {
	long := strings.Repeat("ü", 32)
	in := views("a -> b -> a, " + long)
	in.blueprint.Bodies[2].SQL[0] += strings.Repeat(" ", 5<<20)
	in.goals = append(in.goals, plan.Goal{
		Fact: schema.Fact{Kind: schema.KindTable, Schema: "public", Table: "nowhere"}, Verdict: schema.Absent, Want: plan.WantPresent,
	})
	holiday := func(*plan.Plan) []plan.Refusal {
		return []plan.Refusal{{What: "zeal", Why: "nothing is planned on holidays"}}
	}
	_, err := plan.New(&in.blueprint, in.goals, plan.Config{Strategy: plan.Safe, Validators: []plan.Validator{holiday}})
	var got []string
	for _, r := range plan.AsRefused(err) {
		got = append(got, r.What)
	}
	want := []string{"make the view public.a", "table public.nowhere", "zeal"}
	if !slices.Equal(got, want) { // there are no steps in an order that the other validators could look at
		t.Errorf("got %q, want %q", got, want)
	}
	if err == nil || !strings.HasPrefix(err.Error(), "there is no plan: make the view public.a: ") || !strings.HasSuffix(err.Error(), "(and 2 more)") {
		t.Errorf("%v", err)
	}

	in = views(long)
	in.blueprint.Bodies[0].SQL[0] += strings.Repeat(" ", 5<<20)
	_, err = in.plan(t)
	if refusals := plan.AsRefused(err); len(refusals) != 2 || !strings.Contains(refusals[0].Why, "bytes") || !strings.Contains(refusals[1].Why, "bytes") {
		t.Errorf("a step with a long name and much SQL: %v", refusals)
	}
}

func TestValidatorsRefuse(t *testing.T) {
	table := func(name string) schema.Fact {
		return schema.Fact{Kind: schema.KindTable, Schema: "public", Table: name}
	}
	plain := func() []plan.Step {
		return []plan.Step{
			{ID: "1", Goal: "one", Facts: []schema.Fact{table("a")}, SQL: []string{"SELECT 1"}},
			{ID: "2", Goal: "two", Facts: []schema.Fact{table("b")}, SQL: []string{"SELECT 2"}, Needs: []string{"1"}},
		}
	}
	for _, c := range []struct {
		says   string
		change func(s []plan.Step) []plan.Step
		want   string // a part of the only refusal, "" for none
	}{
		{"nothing of a plain plan", func(s []plan.Step) []plan.Step { return s }, ""},
		{"SQL of more bytes than a step may have", func(s []plan.Step) []plan.Step {
			s[0].SQL = []string{strings.Repeat("x", 2<<20), strings.Repeat("y", 2<<20), "z"}
			return s
		}, "one: its SQL has 4194305 bytes, at most 4194304 are allowed"},
		{"a table's name of more bytes than PostgreSQL keeps", func(s []plan.Step) []plan.Step {
			s[0].Object.Table = strings.Repeat("é", 32)
			return s
		}, "has 64 bytes, and PostgreSQL keeps 63"},
		{"a schema's", func(s []plan.Step) []plan.Step { s[1].Object.Schema = strings.Repeat("s", 64); return s }, "has 64 bytes"},
		{"an own name", func(s []plan.Step) []plan.Step { s[1].Object.Name = strings.Repeat("s", 64); return s }, "has 64 bytes"},
		{"no name of as many bytes", func(s []plan.Step) []plan.Step { s[1].Object.Name = strings.Repeat("s", 63); return s }, ""},
		{"a step before one that it needs", func(s []plan.Step) []plan.Step { slices.Reverse(s); return s }, "two: it comes before 1, which it needs"},
		{"a step that needs what is not there", func(s []plan.Step) []plan.Step { s[0].Needs = []string{"7"}; return s }, "one: it comes before 7"},
		{"an id that is there twice", func(s []plan.Step) []plan.Step { s[1].ID, s[1].Needs = "1", nil; return s }, "two: another step has its id 1"},
		{"a fact that two steps make", func(s []plan.Step) []plan.Step { s[1].Facts = s[0].Facts; return s }, "two: it is also the goal of 1: table public.a"},
		{"no fact of two guarded steps, of which one finds it made", func(s []plan.Step) []plan.Step {
			s[1].Facts, s[0].Guarded, s[1].Guarded = s[0].Facts, true, true
			return s
		}, ""},
		{"a fact of a guarded step and of one that is not", func(s []plan.Step) []plan.Step {
			s[1].Facts, s[0].Guarded = s[0].Facts, true
			return s
		}, "also the goal of 1"},
	} {
		t.Run(c.says, func(t *testing.T) {
			var list []string
			for _, r := range plan.Refusals(&plan.Plan{Steps: c.change(plain())}) {
				list = append(list, fmt.Sprintf("%s: %s", r.What, r.Why))
			}
			switch got := strings.Join(list, "\n"); {
			case c.want == "" && got == "", c.want != "" && len(list) == 1 && strings.Contains(got, c.want):
			default:
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	t.Run("more steps than a plan may have", func(t *testing.T) {
		steps := make([]plan.Step, 100_001)
		for i := range steps {
			steps[i].ID = fmt.Sprint(i)
		}
		if r := plan.Refusals(&plan.Plan{Steps: steps}); len(r) != 1 || !strings.Contains(r[0].Why, "it has 100001 steps, at most 100000 are allowed") {
			t.Errorf("got %v", r)
		}
	})
}

func TestUnknownStrategiesAreRefused(t *testing.T) {
	for _, name := range []string{"", "fast", "SAFE"} {
		_, err := plan.New(&plan.Blueprint{}, nil, plan.Config{Strategy: name})
		if err == nil || !strings.Contains(err.Error(), "take safe or validated") || plan.AsRefused(err) != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}
