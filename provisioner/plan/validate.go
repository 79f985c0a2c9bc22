package plan

import (
	"fmt"
	"slices"

	"github.com/veilschema/veil/compare/schema"
)

// Validator returns its reasons to refuse a plan, none if it has none.
type Validator func(*Plan) []Refusal

// validators are the chain that every plan passes.
var validators = []Validator{sizes, names, sequence, once}

// sizes refuses plans that are too large.
func sizes(p *Plan) []Refusal {
	var out []Refusal
	if n := len(p.Steps); n > maxSteps {
		out = append(out, Refusal{"the plan", fmt.Sprintf("it has %d steps, at most %d are allowed; provision the template in parts", n, maxSteps)})
	}
	for i := range p.Steps {
		size := 0
		for _, sql := range p.Steps[i].SQL {
			size += len(sql)
		}
		if size > maxStepBytes {
			out = append(out, Refusal{p.Steps[i].Goal, fmt.Sprintf("its SQL has %d bytes, at most %d are allowed", size, maxStepBytes)})
		}
	}
	return out
}

// names refuses names that PostgreSQL would cut off.
func names(p *Plan) []Refusal {
	var out []Refusal
	for i := range p.Steps {
		o := p.Steps[i].Object
		for _, name := range []string{o.Schema, o.Table, o.Name} {
			if len(name) > maxName {
				out = append(out, Refusal{p.Steps[i].Goal, fmt.Sprintf("the name %q has %d bytes, and PostgreSQL keeps %d", name, len(name), maxName)})
			}
		}
	}
	return out
}

// sequence refuses plans in which a step comes before one that it needs.
func sequence(p *Plan) []Refusal {
	var out []Refusal
	before := make(map[string]bool, len(p.Steps))
	for i := range p.Steps {
		s := &p.Steps[i]
		for _, id := range s.Needs {
			if !before[id] {
				out = append(out, Refusal{s.Goal, "it comes before " + id + ", which it needs"})
			}
		}
		if before[s.ID] {
			out = append(out, Refusal{s.Goal, "another step has its id " + s.ID})
		}
		before[s.ID] = true
	}
	return out
}

// once refuses plans in which two steps make one fact, or one makes what another removes.
func once(p *Plan) []Refusal {
	var out []Refusal
	makers := make(map[schema.Fact]int)
	for i := range p.Steps {
		s := &p.Steps[i]
		for _, f := range s.Facts {
			j, twice := makers[f]
			if other := &p.Steps[max(j, 0)]; twice && (!other.Guarded || !s.Guarded) {
				out = append(out, Refusal{s.Goal, "it is also the goal of " + other.ID + ": " + f.String()})
			}
			makers[f] = i
		}
	}
	return slices.Clip(out)
}
