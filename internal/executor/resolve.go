package executor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/provisioner/plan"
)

// resolver turns the steps of a plan into actions. It only reads, inside one transaction.
type resolver struct {
	ctx context.Context //nolint:containedctx // a resolver lives for one call
	tx  pgx.Tx
	o   *Options
	*local

	template  map[schema.Fact]bool
	objects   map[schema.Relation]bool            // of the template
	spaces    map[string]bool                     // the template's schemas
	closed    map[string]bool                     // those of them in which nothing is made
	moved     map[schema.Relation]schema.Relation // names that objects of the plan get here, because theirs are taken
	homes     map[string]string                   // schemas of new objects by the template's schema
	skipped   map[string]bool                     // steps that are left out
	actions   []Action
	decisions []Decision
	targets   []schema.ColumnName // columns whose types change
	rows      map[schema.Relation]bool
}

// Resolution is what is to be done, and what a person has to decide before.
type Resolution struct {
	Actions   []Action
	Decisions []Decision
}

// Keeps says whether nothing is to be done.
func (r *Resolution) Keeps() bool {
	return !slices.ContainsFunc(r.Actions, func(a Action) bool { return len(a.SQL) > 0 })
}

func resolve(ctx context.Context, tx pgx.Tx, o *Options, l *local) (*Resolution, error) {
	r := &resolver{
		ctx: ctx, tx: tx, o: o, local: l, template: make(map[schema.Fact]bool, len(o.Template)),
		moved: make(map[schema.Relation]schema.Relation), homes: make(map[string]string), skipped: make(map[string]bool),
		rows: make(map[schema.Relation]bool), objects: make(map[schema.Relation]bool), spaces: make(map[string]bool),
		closed: make(map[string]bool),
	}
	r.know()
	for i := range o.Plan.Steps {
		s := &o.Plan.Steps[i]
		a, err := r.step(s)
		if err != nil {
			return nil, fmt.Errorf("the step %s could not be resolved: %w", s.ID, err)
		}
		a = r.ruled(s, a)
		r.take(s, a)
	}
	if err := r.stepAside(); err != nil {
		return nil, err
	}
	return &Resolution{r.actions, r.decisions}, nil
}

// ruled returns the action if the step's rules let the executor deal with what it has met; else a person decides.
func (r *resolver) ruled(s *plan.Step, a Action) Action {
	for _, o := range a.Met {
		if s.Response(o) == plan.RespondAsk {
			a, _ = r.ask(s, o, "the plan leaves it to a person what to do about what is in the way: "+a.Note, ChooseSkip)
			return a
		}
	}
	return a
}

// take notes what is done about a step.
func (r *resolver) take(s *plan.Step, a Action) {
	a.Step = s.ID
	switch a.Do {
	case Skip, Wait:
		r.skipped[s.ID] = true
	case Keep: // what it lacks has steps of its own
	default:
		for _, f := range s.Facts {
			r.facts[f] = s.Action != plan.Remove
		}
	}
	r.actions = append(r.actions, a)
}

// step resolves one step.
func (r *resolver) step(s *plan.Step) (Action, error) {
	if r.holds(s) {
		return Action{Do: Keep}, nil
	}
	if r.there(s) {
		return Action{Do: Keep, Note: "it is there; what it lacks has steps of its own"}, nil
	}
	if r.closed[s.Object.Schema] && len(s.Facts) > 0 {
		return Action{Do: Skip, Note: "its schema is left out"}, nil
	}
	for _, id := range s.Needs {
		if before := r.o.Plan.Step(id); r.skipped[id] && (makes(before) || before.Action == plan.SetType && ofType(s)) {
			return Action{Do: Skip, Note: "it needs " + id + ", which is left out"}, nil
		}
	}
	if r.leftOut(s) {
		r.closed[s.Object.Schema] = r.closed[s.Object.Schema] || len(s.Facts) == 0
		return Action{Do: Skip, Note: "left out by decision"}, nil
	}
	switch s.Action {
	case plan.Remove:
		return r.remove(s)
	case plan.AddTable:
		return r.addTable(s)
	case plan.AddCol:
		return r.addColumn(s)
	case plan.SetType:
		return r.setType(s)
	case plan.SetValue:
		return r.setDefault(s)
	case plan.SetFill:
		return r.setNotNull(s)
	case plan.SetIdent:
		return r.setIdentity(s)
	case plan.AddKey:
		return r.addKey(s)
	case plan.AddIndex:
		return r.addIndex(s)
	case plan.Attach:
		return r.attach(s)
	case plan.Enable:
		return r.enable(s)
	case plan.Create:
		return r.create(s)
	}
	if s.Why != "" {
		return r.ask(s, plan.Impossible, "it may not run in a tenant's database ("+s.Why+"), so a person has to "+s.Goal, ChooseSkip)
	}
	return r.ask(s, plan.Impossible, "PostgreSQL has no statement for it: to "+s.Goal+", a person has to rebuild it", ChooseSkip)
}

// leftOut says whether a person decided that the step is not taken.
func (r *resolver) leftOut(s *plan.Step) bool {
	return slices.ContainsFunc(obstacles, func(o plan.Obstacle) bool { return r.o.Decisions[decisionID(o, about(s))].Choice == ChooseSkip })
}

// there says whether a step would make a table or column that is there, so that whatever is decided about its parts is not about it.
func (r *resolver) there(s *plan.Step) bool {
	switch s.Action {
	case plan.AddTable:
		return r.tables[schema.Relation{Schema: s.Object.Schema, Name: s.Object.Table}] != nil
	case plan.AddCol:
		_, c := r.column(columnOf(s))
		return c != nil
	}
	return false
}

// makes says whether what a step does has to be there for the steps that need it.
func makes(s *plan.Step) bool {
	switch s.Action {
	case plan.Create, plan.AddTable, plan.AddCol, plan.AddKey, plan.Ask:
		return true
	}
	return false
}

// ofType says whether a step makes no sense before its column has the template's type.
func ofType(s *plan.Step) bool { return s.Action == plan.SetValue || s.Action == plan.SetIdent }

// about is the fact that decisions on a step are about.
func about(s *plan.Step) schema.Fact {
	if len(s.Facts) == 0 {
		return schema.Fact{Schema: s.Object.Schema}
	}
	return s.Facts[0]
}

// holds says whether the step has nothing to do.
func (r *resolver) holds(s *plan.Step) bool {
	if len(s.Facts) == 0 { // the schema itself
		return slices.Contains(r.db.Schemas, r.home(s.Object.Schema))
	}
	for _, f := range s.Facts {
		if r.facts[f] == (s.Action == plan.Remove) {
			return false
		}
	}
	return true
}

// ask returns the action that waits for a decision.
func (r *resolver) ask(s *plan.Step, o plan.Obstacle, why string, options ...string) (Action, error) {
	d := Decision{ID: decisionID(o, about(s)), Step: s.ID, Fact: about(s), Why: why}
	for _, name := range options {
		d.Choices = append(d.Choices, choices[name])
	}
	r.decisions = append(r.decisions, d)
	return Action{Do: Wait, Note: why}, nil
}

// answer returns what was decided about an obstacle in the step's way, if it is one of the choices.
func (r *resolver) answer(s *plan.Step, o plan.Obstacle, options ...string) (Answer, bool) {
	a, ok := r.o.Decisions[decisionID(o, about(s))]
	return a, ok && slices.Contains(options, a.Choice)
}

// home returns the tenant's schema for new objects of a schema of the template's.
func (r *resolver) home(name string) string {
	if to, ok := r.homes[name]; ok {
		return to
	}
	var from []string
	for _, s := range r.db.Schemas {
		if _, mapped := r.mapping.Schemas[s]; r.to(s) == name && (mapped || r.occupied[s]) {
			from = append(from, s)
		}
	}
	to := name
	switch len(from) {
	case 0:
	case 1:
		to = from[0]
	default:
		to = r.decideHome(name, from)
	}
	r.homes[name] = to
	return to
}

// decideHome asks which of several schemas takes what is new.
func (r *resolver) decideHome(name string, from []string) string {
	id := "schema:" + name
	if a := r.o.Decisions[id]; a.Choice == ChooseSchema && slices.Contains(from, a.Value) {
		return a.Value
	}
	if r.isNeeded(name) {
		r.decisions = append(r.decisions, Decision{
			ID: id, Fact: schema.Fact{Schema: name}, Choices: []Choice{choices[ChooseSchema]},
			Why: fmt.Sprintf("the schemas %s are all mapped to %s, and what is new in it needs one of them", strings.Join(from, ", "), name),
		})
	}
	return from[0]
}

// isNeeded says whether the plan makes a table or an object of its own in a schema of the template's.
func (r *resolver) isNeeded(name string) bool {
	return slices.ContainsFunc(r.o.Plan.Steps, func(s plan.Step) bool {
		return s.Object.Schema == name && (s.Action == plan.AddTable || s.Action == plan.Create && s.Object.Table == "") && !r.holdsFacts(s.Facts)
	})
}

func (r *resolver) holdsFacts(facts []schema.Fact) bool {
	return !slices.ContainsFunc(facts, func(f schema.Fact) bool { return !r.facts[f] })
}

// name returns the tenant's name for something that the template qualifies.
func (r *resolver) name(in schema.Relation) schema.Relation {
	if to, ok := r.moved[in]; ok {
		return to
	}
	if known := r.named[in]; len(known) == 1 {
		return known[0]
	}
	return schema.Relation{Schema: r.home(in.Schema), Name: in.Name}
}

// table returns the tenant's name of a fact's table.
func (r *resolver) table(f schema.Fact) schema.Relation {
	return r.name(schema.Relation{Schema: f.Schema, Name: f.Table})
}

// sql returns the statements under the tenant's names. A body that names a schema which is called otherwise here cannot be
// renamed: its language is not SQL's, or it is hidden in a string.
func (r *resolver) sql(statements ...string) ([]string, error) {
	out := make([]string, len(statements))
	inBody := ""
	for i, text := range statements {
		renamed, err := schema.Requalify(text, func(s, name string) (string, string) {
			if !r.ofTemplate(s) {
				return s, name
			}
			if name == "" {
				if r.home(s) != s {
					inBody = s
				}
				return s, name
			}
			in := schema.Relation{Schema: s, Name: name}
			if !r.objects[in] && len(r.named[in]) == 0 && r.moved[in] == (schema.Relation{}) {
				return s, name // a column of an alias, or an extension's
			}
			to := r.name(in)
			return to.Schema, to.Name
		})
		if err != nil {
			return nil, err
		}
		out[i] = renamed
	}
	if inBody != "" {
		return nil, fmt.Errorf("the text of a function names the schema %s, which is called %s here", inBody, r.home(inBody))
	}
	return out, nil
}

// ofTemplate says whether a name is that of a schema of the template's.
func (r *resolver) ofTemplate(name string) bool {
	return r.spaces[name] && !strings.HasPrefix(name, "pg_")
}

// know notes the schemas and objects of the template, by its judged facts and by what the plan makes.
func (r *resolver) know() {
	facts := slices.Clone([]schema.Fact(r.o.Template))
	for i := range r.o.Plan.Steps {
		s := &r.o.Plan.Steps[i]
		r.spaces[s.Object.Schema] = true
		facts = append(facts, s.Facts...)
	}
	for _, f := range facts {
		r.template[f] = true
		if f.Schema == "" {
			continue
		}
		r.spaces[f.Schema] = true
		if f.Table != "" {
			r.objects[schema.Relation{Schema: f.Schema, Name: f.Table}] = true
		} else {
			r.objects[schema.Relation{Schema: f.Schema, Name: f.Name}] = true
		}
	}
}

// run returns the action that runs the step as it is.
func (r *resolver) run(s *plan.Step, undo ...string) (Action, error) {
	sql, err := r.sql(s.SQL...)
	if err != nil {
		return r.ask(s, plan.Impossible, err.Error(), ChooseSkip)
	}
	return Action{Do: Run, SQL: sql, Undo: undo}, nil
}

// hasRows says whether a table of the tenant's has rows.
func (r *resolver) hasRows(t schema.Relation) (bool, error) {
	if known, ok := r.rows[t]; ok {
		return known, nil
	}
	var any bool
	err := r.tx.QueryRow(r.ctx, "SELECT EXISTS (SELECT FROM "+quote(t)+")").Scan(&any)
	r.rows[t] = any
	return any, err
}

func quote(t schema.Relation) string { return schema.Quote(t.Schema) + "." + schema.Quote(t.Name) }
