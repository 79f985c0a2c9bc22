package plan

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"
	"strings"

	"github.com/dominikbraun/graph"

	"github.com/veilschema/veil/compare/schema"
)

// order returns the steps in an order in which each comes after what it needs, with ids and needs filled in, and a refusal for each cycle.
func (p *planner) order() ([]Step, []Refusal) {
	for i := range p.steps {
		if s := &p.steps[i]; s.Action == AddKey {
			s.rank = keyRanks[s.Object.Kind]
		}
	}
	needs := p.edges()
	sequence := kahn(needs, p.less)
	if len(sequence) < len(p.steps) {
		return nil, p.cycles(needs, sequence)
	}
	ids := make([]string, len(p.steps))
	for n, i := range sequence {
		ids[i] = fmt.Sprintf("%04d-%s", n+1, p.steps[i].label())
	}
	steps := make([]Step, len(p.steps))
	for n, i := range sequence {
		steps[n] = p.steps[i]
		steps[n].ID = ids[i]
		for _, j := range needs[i] {
			steps[n].Needs = append(steps[n].Needs, ids[j])
		}
		slices.Sort(steps[n].Needs)
	}
	return steps, nil
}

// label names a step's object for its id.
func (s *Step) label() string {
	o := s.Object
	parts := []string{}
	for _, name := range []string{o.Schema, o.Table, o.Name} {
		if name != "" {
			parts = append(parts, name)
		}
	}
	if o.Kind == schema.KindUnknown {
		return "create-schema-" + o.Schema
	}
	return strings.ReplaceAll(string(s.Action), "_", "-") + "-" + o.Kind.String() + "-" + strings.Join(parts, ".")
}

// edges returns, for each step, the steps that it needs, each once and sorted.
func (p *planner) edges() [][]int {
	makers := p.makers()
	sets := make([]map[int]bool, len(p.steps))
	add := func(from, to int) {
		if from == to {
			return
		}
		if sets[from] == nil {
			sets[from] = make(map[int]bool)
		}
		sets[from][to] = true
	}
	for _, n := range p.blueprint.Needs {
		for _, from := range makers[n.Object] {
			if slices.Contains(makers[n.Needs], from) {
				continue // it brings what it needs, and other steps are for the case that it has nothing to do
			}
			for _, to := range makers[n.Needs] {
				switch a, b := p.steps[from].Action == Remove, p.steps[to].Action == Remove; {
				case !a && !b:
					add(from, to)
				case a && b: // what needs something goes before it
					add(to, from)
				}
			}
		}
	}
	p.tableEdges(add, makers)
	p.columnEdges(add)
	needs := make([][]int, len(p.steps))
	for i, set := range sets {
		for to := range set {
			needs[i] = append(needs[i], to)
		}
		slices.Sort(needs[i])
	}
	return needs
}

// makers returns the steps that make or change each object.
func (p *planner) makers() map[Object][]int {
	makers := make(map[Object][]int)
	for i := range p.steps {
		s := &p.steps[i]
		seen := make(map[Object]bool)
		mark := func(o Object) {
			if !seen[o] {
				seen[o] = true
				makers[o] = append(makers[o], i)
			}
		}
		mark(s.Object)
		if s.Action == Remove {
			p.goes(s.Facts[0], mark)
			continue
		}
		for _, f := range s.Facts {
			for _, twin := range p.virtual.twins[f] {
				mark(objectOf(twin)) // what needs one of them has the other
			}
			switch {
			case f.Kind == schema.KindTable:
				mark(Object{Kind: schema.KindTable, Schema: f.Schema, Table: f.Table})
			case f.Table != "" && f.Kind == schema.KindSequence:
				mark(Object{Kind: f.Kind, Schema: f.Schema, Table: f.Table, Name: f.Name})
				fallthrough
			case ofColumn(f):
				mark(Object{Kind: schema.KindColumn, Schema: f.Schema, Table: f.Table, Name: f.Name})
				if s.Action == AddTable {
					continue // its heirs are tables of their own
				}
				for _, at := range p.virtual.heirs(f) {
					mark(Object{Kind: schema.KindColumn, Schema: at.schema, Table: at.table, Name: at.column})
				}
			}
		}
	}
	return makers
}

// goes marks what goes with a fact that is removed.
func (p *planner) goes(f schema.Fact, mark func(Object)) {
	list := []*schema.Spelling{p.virtual.spelt[f]}
	switch f.Kind {
	case schema.KindTable:
		list = p.virtual.about[place{f.Schema, f.Table, ""}]
	case schema.KindColumn:
		list = p.virtual.about[place{f.Schema, f.Table, f.Name}]
	}
	for _, s := range list {
		if s == nil {
			continue // nothing is known of it but the fact
		}
		mark(objectOf(s))
		if ofColumn(s.Fact) {
			mark(Object{Kind: schema.KindColumn, Schema: s.Fact.Schema, Table: s.Fact.Table, Name: s.Fact.Name})
		}
	}
}

// tableEdges makes what belongs to a table come after it, and a table become a part of another after it has what it takes.
func (p *planner) tableEdges(add func(from, to int), makers map[Object][]int) {
	for i := range p.steps {
		o := p.steps[i].Object
		if o.Table == "" || p.steps[i].Action == Remove {
			continue
		}
		for _, to := range makers[Object{Kind: schema.KindTable, Schema: o.Schema, Table: o.Table}] {
			if p.steps[to].Action == AddTable {
				add(i, to)
			}
		}
	}
	before := make(map[place][]int)
	for i := range p.steps {
		if s := &p.steps[i]; s.Action != Remove && len(s.Facts) > 0 && beforeAttach(s.Facts[0]) {
			at := place{s.Object.Schema, s.Object.Table, ""}
			before[at] = append(before[at], i)
		}
	}
	for i := range p.steps {
		if s := &p.steps[i]; s.Action == Attach {
			for _, to := range before[place{s.Object.Schema, s.Object.Table, ""}] {
				add(i, to)
			}
		}
	}
}

// columnEdges orders the steps of one column by their rank: its type before its default before NOT NULL.
func (p *planner) columnEdges(add func(from, to int)) {
	byColumn := make(map[place][]int)
	for i := range p.steps {
		s := &p.steps[i]
		if s.Action == AddTable || s.Action == Remove || len(s.Facts) == 0 {
			continue
		}
		if f := s.Facts[0]; ofColumn(f) {
			at := place{f.Schema, f.Table, f.Name}
			byColumn[at] = append(byColumn[at], i)
			for _, at := range p.virtual.heirs(f) {
				byColumn[at] = append(byColumn[at], i)
			}
		}
	}
	for _, list := range byColumn {
		for _, i := range list {
			for _, j := range list {
				if p.steps[i].rank > p.steps[j].rank {
					add(i, j)
				}
			}
		}
	}
}

// less orders steps that do not need each other.
func (p *planner) less(i, j int) bool {
	a, b := &p.steps[i], &p.steps[j]
	return cmp.Or(cmp.Compare(a.rank, b.rank), compareFirst(a, b), cmp.Compare(i, j)) < 0
}

func compareFirst(a, b *Step) int {
	if len(a.Facts) == 0 || len(b.Facts) == 0 {
		return cmp.Compare(len(a.Facts), len(b.Facts))
	}
	return schema.Compare(a.Facts[0], b.Facts[0])
}

// kahn sorts topologically: needs[i] are the vertices that come before i. Of those whose needs are met, the least comes
// next. What is on a cycle, or behind one, is not in the result.
func kahn(needs [][]int, less func(i, j int) bool) []int {
	open, users := make([]int, len(needs)), make([][]int, len(needs))
	ready := &queue{less: less}
	for i, list := range needs {
		open[i] = len(list)
		for _, j := range list {
			users[j] = append(users[j], i)
		}
		if open[i] == 0 {
			ready.items = append(ready.items, i)
		}
	}
	heap.Init(ready)
	sequence := make([]int, 0, len(needs))
	for ready.Len() > 0 {
		i := heap.Pop(ready).(int)
		sequence = append(sequence, i)
		for _, j := range users[i] {
			if open[j]--; open[j] == 0 {
				heap.Push(ready, j)
			}
		}
	}
	return sequence
}

// queue is a heap of vertices.
type queue struct {
	items []int
	less  func(i, j int) bool
}

func (q *queue) Len() int           { return len(q.items) }
func (q *queue) Less(i, j int) bool { return q.less(q.items[i], q.items[j]) }
func (q *queue) Swap(i, j int)      { q.items[i], q.items[j] = q.items[j], q.items[i] }
func (q *queue) Push(x any)         { q.items = append(q.items, x.(int)) } // a queue holds ints
func (q *queue) Pop() any {
	last := q.items[len(q.items)-1]
	q.items = q.items[:len(q.items)-1]
	return last
}

// cycles names the members of each cycle among the steps that could not be ordered.
func (p *planner) cycles(needs [][]int, ordered []int) []Refusal {
	done := make(map[int]bool, len(ordered))
	for _, i := range ordered {
		done[i] = true
	}
	g := graph.New(graph.IntHash, graph.Directed())
	for i := range p.steps {
		if !done[i] {
			_ = g.AddVertex(i) // each once
		}
	}
	for i, list := range needs {
		for _, j := range list {
			if !done[i] && !done[j] {
				_ = g.AddEdge(i, j) // each once, between vertices that are there
			}
		}
	}
	components, err := graph.StronglyConnectedComponents(g)
	if err != nil {
		return []Refusal{{"the order of steps", err.Error()}}
	}
	var out []Refusal
	for _, members := range components {
		if len(members) < 2 {
			continue // behind a cycle
		}
		slices.Sort(members)
		goals := make([]string, len(members))
		for k, i := range members {
			goals[k] = p.steps[i].Goal
		}
		out = append(out, Refusal{
			What: goals[0],
			Why:  "each of these steps needs another of them first, so the template's DDL has to break the cycle: " + strings.Join(goals, "; "),
		})
	}
	slices.SortFunc(out, func(a, b Refusal) int { return cmp.Compare(a.What, b.What) })
	return out
}
