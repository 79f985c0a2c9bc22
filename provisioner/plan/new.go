package plan

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
)

// Config says what is planned and how it will run.
type Config struct {
	Strategy   string   // "safe" or "validated"
	Template   [32]byte // the template's digest, which the plan's digest covers
	Validators []Validator
	// Unsafe returns why a step's SQL may not run in a tenant's database, nothing where it may. Such a step becomes one for a person,
	// without SQL, so that a template is not refused for one function. Nil lets everything pass.
	Unsafe func(s *Step) []string
}

// The strategies that plans know.
const (
	Safe      = "safe"      // backup, one transaction, restore on failure
	Validated = "validated" // safe, and facts are asserted before and after each step
)

// New plans what makes the wanted facts true. What it cannot plan and what the validators object to is refused, all of it in one
// *[Refused].
func New(b *Blueprint, goals []Goal, c Config) (*Plan, error) {
	if c.Strategy != Safe && c.Strategy != Validated {
		return nil, fmt.Errorf("the strategy %q is not known; take %s or %s", c.Strategy, Safe, Validated)
	}
	p := &planner{blueprint: b, virtual: newVirtual(b, goals), bodies: make(map[Object]*Body, len(b.Bodies)), made: make(map[schema.Fact]int)}
	for i := range b.Bodies {
		p.bodies[b.Bodies[i].Object] = &b.Bodies[i]
	}
	p.remove(goals)
	p.schemas()
	p.tables()
	for i := range goals {
		if f := goals[i].Fact; p.virtual.wanted(f) {
			p.reach(f)
		}
	}
	p.leaveToPeople(c.Unsafe)
	out := &Plan{Strategy: c.Strategy, Template: c.Template}
	steps, cycles := p.order()
	p.refusals = append(p.refusals, cycles...)
	for i := range steps {
		steps[i].Strategy = c.Strategy
	}
	out.Steps = steps
	for _, v := range append(slices.Clone(validators), c.Validators...) {
		p.refusals = append(p.refusals, v(out)...)
	}
	if len(p.refusals) > 0 {
		slices.SortStableFunc(p.refusals, func(a, b Refusal) int { return cmp.Compare(a.What, b.What) })
		return nil, &Refused{slices.Compact(p.refusals)}
	}
	out.seal()
	return out, nil
}

// planner is one plan under way.
type planner struct {
	blueprint *Blueprint
	virtual   *virtual
	bodies    map[Object]*Body
	steps     []Step
	made      map[schema.Fact]int // fact to the step that makes it
	refusals  []Refusal
}

// add adds a step, which makes its facts.
func (p *planner) add(s Step) {
	slices.SortFunc(s.Facts, schema.Compare)
	s.Rules, s.rank = rules[s.Action], ranks[s.Action]
	if special, ok := objectRules[s.Object.Kind]; ok && s.Action == Create {
		s.Rules, s.rank = special, objectRanks[s.Object.Kind]
	}
	for _, f := range s.Facts {
		p.made[f] = len(p.steps)
		s.Guarded = s.Guarded || s.Action != Remove && p.virtual.unsure(f)
	}
	if s.Hazards == nil {
		s.Hazards = []Hazard{}
	}
	if s.Locks == nil {
		s.Locks = []Lock{}
	}
	if s.SQL == nil {
		s.SQL = []string{}
	}
	p.steps = append(p.steps, s)
}

func (p *planner) refuse(f schema.Fact, why string) {
	p.refusals = append(p.refusals, Refusal{What: f.String(), Why: why})
}

// done says whether a step makes the fact already.
func (p *planner) done(f schema.Fact) bool {
	_, ok := p.made[f]
	return ok
}

// reach adds the step that makes a wanted fact, with all that the same statement makes.
func (p *planner) reach(f schema.Fact) {
	if p.done(f) || p.virtual.inherited(f) {
		return
	}
	s := p.virtual.spelt[f]
	if s == nil {
		p.refuse(f, "the template's DDL does not have it, so nobody knows how it is made")
		return
	}
	switch f.Kind {
	case schema.KindTable: // made by tables
	case schema.KindColumn, schema.KindColumnType, schema.KindNotNull, schema.KindDefault, schema.KindIdentity,
		schema.KindGenerated, schema.KindCollation:
		p.column(s)
	case schema.KindPrimaryKey, schema.KindUnique, schema.KindForeignKey, schema.KindCheck, schema.KindExclusion:
		p.constraint(s)
	case schema.KindIndex:
		p.index(s)
	case schema.KindPartition, schema.KindInheritance:
		p.attach(s)
	case schema.KindPartitionKey:
		p.ask(s, "divide "+of(f)+" into partitions")
	case schema.KindRowSecurity:
		p.rowSecurity(s)
	case schema.KindTrigger:
		p.trigger(s)
	case schema.KindSequence:
		if f.Table != "" {
			p.column(s)
			return
		}
		p.object(s)
	default:
		p.object(s)
	}
}

// leaveToPeople takes the SQL out of steps that must not run, and says why.
func (p *planner) leaveToPeople(unsafe func(*Step) []string) {
	if unsafe == nil {
		return
	}
	for i := range p.steps {
		s := &p.steps[i]
		if why := unsafe(s); len(why) > 0 {
			s.Action, s.SQL, s.Parts, s.Why = Ask, []string{}, nil, strings.Join(why, "; ")
			s.Rules = rules[Ask]
		}
	}
}

// ask adds a step that only a person can take.
func (p *planner) ask(s *schema.Spelling, goal string) {
	p.add(Step{
		Action: Ask, Goal: goal, Object: objectOf(s), Facts: []schema.Fact{s.Fact}, Reversible: Exact,
		Locks: lockAll(s.Fact),
	})
	if ofColumn(s.Fact) {
		p.steps[len(p.steps)-1].rank = ranks[Attach] // where the column is not there, it comes with it
	}
}

// Refusal is one reason why there is no plan.
type Refusal struct{ What, Why string }

// Refused lists all reasons why there is no plan.
type Refused struct{ Refusals []Refusal }

// Error names the first reason and how many there are.
func (r *Refused) Error() string {
	first := r.Refusals[0]
	more := ""
	if n := len(r.Refusals) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	return fmt.Sprintf("there is no plan: %s: %s%s", first.What, first.Why, more)
}

// AsRefused returns the refusals in an error, nil if it holds none.
func AsRefused(err error) []Refusal {
	var r *Refused
	if errors.As(err, &r) {
		return r.Refusals
	}
	return nil
}
