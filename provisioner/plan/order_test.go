package plan_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dominikbraun/graph"
	"pgregory.net/rapid"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/provisioner/plan"
)

// views reads "a -> b -> c, d": views of which each needs the next, and one that needs nothing.
func views(text string) *input {
	in := new(input)
	seen := make(map[string]bool)
	for chain := range strings.SplitSeq(text, ",") {
		last := ""
		for name := range strings.SplitSeq(chain, "->") {
			name = strings.TrimSpace(name)
			if !seen[name] {
				seen[name] = true
				in.view(name)
			}
			if last != "" {
				in.blueprint.Needs = append(in.blueprint.Needs, plan.Need{Object: view(last), Needs: view(name)})
			}
			last = name
		}
	}
	return in
}

func view(name string) plan.Object {
	return plan.Object{Kind: schema.KindView, Schema: "public", Name: name}
}

// view adds an absent view to the input.
func (in *input) view(name string) {
	f := schema.Fact{Kind: schema.KindView, Schema: "public", Name: name, Detail: "view (x integer)"}
	in.blueprint.Facts = append(in.blueprint.Facts, schema.Spelling{Fact: f, SQL: f.Detail})
	in.blueprint.Bodies = append(in.blueprint.Bodies, plan.Body{Object: view(name), SQL: []string{"CREATE VIEW public." + name + " AS SELECT 1 AS x"}})
	in.goals = append(in.goals, plan.Goal{Fact: f, Verdict: schema.Absent, Want: plan.WantPresent})
}

// sequence is the views in the order of their steps: "c b a", or "refused: ..." with each cycle.
func (in *input) sequence(t rapid.TB) string {
	t.Helper()
	p, err := in.plan(t)
	if err != nil {
		var cycles []string
		for _, r := range plan.AsRefused(err) {
			_, members, _ := strings.Cut(r.Why, "the cycle: ")
			cycles = append(cycles, strings.ReplaceAll(members, "make the view public.", ""))
		}
		return "refused: " + strings.Join(cycles, ", ")
	}
	var names []string
	for i := range p.Steps {
		if name := p.Steps[i].Object.Name; name != "" {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

func TestStepsComeAfterWhatTheyNeed(t *testing.T) {
	for _, c := range []struct{ says, needs, want string }{
		{"nothing is in order", "a", "a"},
		{"a chain is followed to its end", "a -> b -> c", "c b a"},
		{"ties are broken by name", "c, a, b", "a b c"},
		{"ties are broken anew after every step", "a -> d, b, c -> b", "b c d a"},
		{"a need that is stated twice counts once", "a -> b, a -> b", "b a"},
		{"what needs itself is in order", "a -> a", "a"},
		{"the sides of a diamond are in order", "a -> b -> d, a -> c -> d", "d b c a"},
		{"two form a cycle", "a -> b -> a", "refused: a; b"},
		{"a cycle is named whole", "a -> b -> c -> d -> a", "refused: a; b; c; d"},
		{"cycles that share a member are one", "a -> b -> a -> c -> a", "refused: a; b; c"},
		{"every cycle is named", "a -> b -> a, c -> d -> c, e", "refused: a; b, c; d"},
		{"a cycle behind a cycle is named too", "a -> b -> a -> c -> d -> c", "refused: a; b, c; d"},
		{"what needs a cycle is not one", "x -> a -> b -> a", "refused: a; b"},
		{"what a cycle needs is not one", "a -> b -> a -> x", "refused: a; b"},
	} {
		t.Run(c.says, func(t *testing.T) {
			if got := views(c.needs).sequence(t); got != c.want {
				t.Errorf("%s: got %q, want %q", c.needs, got, c.want)
			}
		})
	}
}

// The order is the one of the slow definition, the least of those whose needs are met, again and again; it is valid by the library's
// graph; and there is none exactly where the library finds none.
func TestTheOrderIsThatOfSlowReferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "views")
		names := make([]string, n)
		for i := range names {
			names[i] = string(rune('a' + i))
		}
		pair := rapid.Custom(func(t *rapid.T) [2]string {
			return [2]string{rapid.SampledFrom(names).Draw(t, "from"), rapid.SampledFrom(names).Draw(t, "to")}
		})
		text, needs := strings.Join(names, ", "), make(map[string][]string)
		for _, p := range rapid.SliceOfN(pair, 0, 2*n).Draw(t, "needs") {
			if p[0] > p[1] && rapid.IntRange(0, 9).Draw(t, "forward") > 0 { // most go one way, or all graphs had cycles
				p[0], p[1] = p[1], p[0]
			}
			if p[0] != p[1] {
				needs[p[0]] = append(needs[p[0]], p[1])
				text += fmt.Sprintf(", %s -> %s", p[0], p[1])
			}
		}
		got := views(text).sequence(t)
		if want := slowly(names, needs); got != want && (want != "" || !strings.HasPrefix(got, "refused: ")) {
			t.Fatalf("%s: got %q, want %q", text, got, want)
		}
		library(t, names, needs, got)
	})
}

// slowly is the order by its definition, "" if there is none.
func slowly(names []string, needs map[string][]string) string {
	var done []string
	for len(done) < len(names) {
		at := slices.IndexFunc(names, func(name string) bool {
			return !slices.Contains(done, name) && !slices.ContainsFunc(needs[name], func(n string) bool { return !slices.Contains(done, n) })
		})
		if at < 0 {
			return ""
		}
		done = append(done, names[at])
	}
	return strings.Join(done, " ")
}

// library holds an order, or the cycles, against the library's graph.
func library(t *rapid.T, names []string, needs map[string][]string, got string) {
	g := graph.New(graph.StringHash, graph.Directed())
	for _, name := range names {
		if err := g.AddVertex(name); err != nil {
			t.Fatal(err)
		}
	}
	for from, list := range needs {
		for _, to := range list {
			_ = g.AddEdge(to, from) // again where it is stated twice
		}
	}
	valid, err := graph.StableTopologicalSort(g, func(a, b string) bool { return a < b })
	cycles, refused := strings.CutPrefix(got, "refused: ")
	if refused != (err != nil) {
		t.Fatalf("got %q, and the library says %v: %v", got, valid, err)
	}
	if !refused {
		at := make(map[string]int)
		for i, name := range strings.Fields(got) {
			at[name] = i
		}
		for from, list := range needs {
			for _, to := range list {
				if at[to] >= at[from] {
					t.Fatalf("%s needs %s, which comes later: %s", from, to, got)
				}
			}
		}
		return
	}
	var want []string
	components, err := graph.StronglyConnectedComponents(g)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range components {
		if len(c) > 1 {
			slices.Sort(c)
			want = append(want, strings.Join(c, "; "))
		}
	}
	slices.SortFunc(want, func(a, b string) int { return cmp.Compare(a, b) })
	if cycles != strings.Join(want, ", ") {
		t.Fatalf("got the cycles %q, want %q", cycles, want)
	}
}

func TestTheOrderDoesNotDependOnThatOfGoalsAndNeeds(t *testing.T) {
	in := views("a -> b -> d, a -> c -> d, e, f -> e")
	want, err := in.plan(t)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		r.Shuffle(len(in.goals), func(i, j int) { in.goals[i], in.goals[j] = in.goals[j], in.goals[i] })
		needs := in.blueprint.Needs
		r.Shuffle(len(needs), func(i, j int) { needs[i], needs[j] = needs[j], needs[i] })
		got, err := in.plan(t)
		if err != nil {
			t.Fatal(err)
		}
		if got.Digest != want.Digest {
			t.Fatal("the same goals in another order are another plan")
		}
	}
}
