package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/provisioner/plan"
)

// input is what a plan is made of.
type input struct {
	blueprint plan.Blueprint
	goals     []plan.Goal
}

// marks say of a fact in the files of testdata/plans what the comparison said and what is wanted.
var marks = map[string]plan.Goal{
	"=":  {Verdict: schema.Present, Want: plan.WantPresent},
	"+":  {Verdict: schema.Absent, Want: plan.WantPresent},
	"?":  {Verdict: schema.Undisclosed, Want: plan.WantPresent},
	"!":  {Verdict: schema.Present, Want: plan.WantAbsent},
	"!-": {Verdict: schema.Absent, Want: plan.WantAbsent},
	"!?": {Verdict: schema.Undisclosed, Want: plan.WantAbsent},
	"~":  {Verdict: schema.Absent, Want: plan.WantNothing},
	"~=": {Verdict: schema.Present, Want: plan.WantNothing},
	"~?": {Verdict: schema.Undisclosed, Want: plan.WantNothing},
	".":  {},                                               // in the template, and not judged
	"+*": {Verdict: schema.Absent, Want: plan.WantPresent}, // judged, and not in the template's DDL
	"!*": {Verdict: schema.Present, Want: plan.WantAbsent}, // the same
}

// read reads the input from an archive with these files:
//
//	facts       "+ default public.visit.room: 0 => '0'::smallint": a mark, a fact as [schema.Fact.String] has it, and, each if it
//	            is needed, "## name" of its constraint, index or sequence, "=> SQL" and "was type"
//	bodies      "view public.v => CREATE ...; CREATE ...": an object and its statements
//	needs       "view public.v -> table public.visit -> ...": each needs the next
//	extensions  "btree_gist in tools"
func read(t testing.TB, a *txtar.Archive) *input {
	t.Helper()
	in := &input{blueprint: plan.Blueprint{Extensions: map[string]string{}}}
	for _, f := range a.Files {
		for line := range strings.Lines(string(f.Data)) {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			switch f.Name {
			case "facts":
				in.fact(t, line)
			case "bodies":
				object, sql, _ := strings.Cut(line, " => ")
				in.blueprint.Bodies = append(in.blueprint.Bodies, plan.Body{Object: parseObject(t, object), SQL: strings.Split(sql, "; ")})
			case "needs":
				in.chain(t, line)
			case "extensions":
				name, where, _ := strings.Cut(line, " in ")
				in.blueprint.Extensions[name] = where
			}
		}
	}
	slices.SortFunc(in.blueprint.Facts, func(a, b schema.Spelling) int { return schema.Compare(a.Fact, b.Fact) })
	slices.SortFunc(in.goals, func(a, b plan.Goal) int { return schema.Compare(a.Fact, b.Fact) })
	return in
}

func (in *input) fact(t testing.TB, line string) {
	t.Helper()
	mark, rest, _ := strings.Cut(line, " ")
	goal, ok := marks[mark]
	if !ok {
		t.Fatalf("no mark is %q", mark)
	}
	rest, goal.Was, _ = strings.Cut(rest, " was ")
	rest, sql, _ := strings.Cut(rest, " => ")
	rest, name, _ := strings.Cut(rest, " ## ")
	goal.Fact = parseFact(t, rest)
	if sql == "" {
		sql = goal.Fact.Detail
	}
	s := schema.Spelling{Fact: goal.Fact, SQL: sql}
	if name != "" {
		s.Object = schema.Relation{Schema: goal.Fact.Schema, Name: name}
	}
	if !strings.HasSuffix(mark, "*") {
		in.blueprint.Facts = append(in.blueprint.Facts, s)
	}
	if goal.Want != plan.WantUnknown {
		in.goals = append(in.goals, goal)
	}
}

// chain reads "a -> b -> c".
func (in *input) chain(t testing.TB, line string) {
	t.Helper()
	links := strings.Split(line, " -> ")
	for i := range links[1:] {
		in.blueprint.Needs = append(in.blueprint.Needs, plan.Need{Object: parseObject(t, links[i]), Needs: parseObject(t, links[i+1])})
	}
}

// parseFact reads what [schema.Fact.String] writes; names hold no dots here.
func parseFact(t testing.TB, text string) schema.Fact {
	t.Helper()
	head, detail, _ := strings.Cut(text, ": ")
	word, names, _ := strings.Cut(head, " ")
	kind, err := schema.ParseKind(word)
	if err != nil {
		t.Fatal(err)
	}
	f := schema.Fact{Kind: kind, Detail: detail}
	parts := strings.Split(strings.ReplaceAll(names, `"`, ""), ".")
	switch len(parts) {
	case 1:
		f.Name = parts[0]
	case 2:
		f.Schema, f.Table = parts[0], parts[1]
		if f.Validate() != nil {
			f.Table, f.Name = "", parts[1]
		}
	case 3:
		f.Schema, f.Table, f.Name = parts[0], parts[1], parts[2]
	}
	if err := f.Validate(); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

// parseObject reads an object: a fact, or for what has a name that is no part of its fact "index public.visit.visit_room_idx".
func parseObject(t testing.TB, text string) plan.Object {
	t.Helper()
	head, detail, _ := strings.Cut(text, ": ")
	word, names, _ := strings.Cut(head, " ")
	kind, err := schema.ParseKind(word)
	if err != nil {
		t.Fatal(err)
	}
	o := plan.Object{Kind: kind, Detail: detail}
	parts := strings.Split(names, ".")
	switch {
	case len(parts) == 1:
		o.Name = names
	case len(parts) == 2 && kind == schema.KindTable:
		o.Schema, o.Table = parts[0], parts[1]
	case len(parts) == 2:
		o.Schema, o.Name = parts[0], parts[1]
	default:
		o.Schema, o.Table, o.Name = parts[0], parts[1], parts[2]
	}
	return o
}

// plan plans, and fails where the plan is not what its digest says.
func (in *input) plan(t rapid.TB) (*plan.Plan, error) {
	t.Helper()
	p, err := plan.New(&in.blueprint, in.goals, plan.Config{Strategy: plan.Safe})
	if err == nil && !p.Verify() {
		t.Error("the digest is not the plan's")
	}
	return p, err
}

// print prints a plan, or why there is none, for a person.
func print(p *plan.Plan, err error) string {
	var b strings.Builder
	for _, r := range plan.AsRefused(err) {
		fmt.Fprintf(&b, "refused: %s: %s\n", r.What, r.Why)
	}
	if err != nil {
		return b.String()
	}
	for i := range p.Steps {
		if i > 0 {
			b.WriteByte('\n')
		}
		printStep(&b, &p.Steps[i])
	}
	return b.String()
}

func printStep(b *strings.Builder, s *plan.Step) {
	fmt.Fprintf(b, "%s\n    to %s", s.ID, s.Goal)
	if s.Guarded {
		b.WriteString(", if it is not so")
	}
	b.WriteByte('\n')
	for _, sql := range s.SQL {
		fmt.Fprintf(b, "    %s;\n", strings.ReplaceAll(sql, "\n", "\n    "))
	}
	list := func(word string, items []string) {
		if len(items) > 0 {
			fmt.Fprintf(b, "  %s: %s\n", word, strings.Join(items, ", "))
		}
	}
	var locks, hazards []string
	for _, l := range s.Locks {
		locks = append(locks, l.Table+" "+l.Mode)
	}
	for _, h := range s.Hazards {
		hazards = append(hazards, string(h))
	}
	list("locks", locks)
	list("hazards", hazards)
	if s.Was != "" {
		list("was", []string{s.Was})
	}
	if s.Reversible != plan.Exact {
		list("undone", []string{string(s.Reversible)})
	}
	list("after", s.Needs)
}
