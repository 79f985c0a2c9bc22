package executor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/dependents"
	"github.com/veilschema/veil/provisioner/plan"
)

// create resolves what makes an object of a schema, a trigger, a policy or a column's own sequence.
func (r *resolver) create(s *plan.Step) (Action, error) {
	if len(s.Facts) == 0 {
		return r.newSchema(s)
	}
	switch s.Object.Kind {
	case schema.KindExtension:
		return r.run(s, "DROP EXTENSION "+schema.Quote(s.Object.Name))
	case schema.KindTrigger:
		return r.member(s, "DROP TRIGGER "+schema.Quote(s.Object.Name)+" ON "+quote(r.table(about(s))), dependents.Trigger)
	case schema.KindRowSecurity:
		return r.member(s, "DROP POLICY "+schema.Quote(s.Object.Name)+" ON "+quote(r.table(about(s))), dependents.Policy)
	case schema.KindSequence:
		if s.Object.Table != "" {
			return r.ownedSequence(s)
		}
		return r.sequence(s)
	case schema.KindFunction:
		return r.function(s)
	case schema.KindView:
		return r.view(s)
	}
	return r.typ(s)
}

// newSchema makes a schema. One that is there and was not to be read is none of the run's business, whatever is in it.
func (r *resolver) newSchema(s *plan.Step) (Action, error) {
	name := r.home(s.Object.Schema)
	if r.schemas[name] {
		r.closed[s.Object.Schema] = true
		return r.ask(s, plan.NameTaken, "the schema "+schema.Quote(name)+" is there and is not among those to be read; name it too, or leave out what the template has in it", ChooseSkip)
	}
	r.schemas[name] = true
	return Action{
		Do: Run, SQL: []string{"CREATE SCHEMA " + schema.Quote(name)}, Undo: []string{"DROP SCHEMA " + schema.Quote(name)}, Schema: name,
	}, nil
}

// member resolves a trigger or policy: one of the same name that differs is replaced.
func (r *resolver) member(s *plan.Step, drop string, what dependents.Thing) (Action, error) {
	undo, err := r.memberAgain(s, what)
	if err != nil {
		return r.ask(s, plan.OtherShape, err.Error(), ChooseSkip)
	}
	a, err := r.run(s, append([]string{drop}, undo...)...)
	if a.Do == Run && len(undo) > 0 {
		a.Do, a.Note, a.SQL = Adapt, "another definition of this name is replaced", append([]string{drop}, a.SQL...)
		a.Met = []plan.Obstacle{plan.OtherShape}
	}
	a.Table = r.table(about(s))
	return a, err
}

// memberAgain returns the statements that make the trigger or policy that has the step's name now, none if there is none.
func (r *resolver) memberAgain(s *plan.Step, what dependents.Thing) ([]string, error) {
	at := r.table(about(s))
	return dependents.Again(r.ctx, r.tx, what, at.Schema, at.Name, s.Object.Name)
}

// ownedSequence gives a column a sequence of its own that goes on behind the values that are there.
func (r *resolver) ownedSequence(s *plan.Step) (Action, error) {
	f := about(s)
	t, c := r.column(f)
	if t == nil || c == nil {
		r.vacateSequences(s)
		return r.run(s)
	}
	for _, q := range r.db.Sequences {
		if q.Owner == t.Relation && q.OwnerName == c.Name && !q.OfIdentity {
			return r.alterSequence(s, q)
		}
	}
	r.vacateSequences(s)
	a, err := r.run(s)
	if a.Do != Run {
		return a, err
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(a.SQL[0], "CREATE SEQUENCE "), " AS ")
	a.Undo = []string{"DROP SEQUENCE " + strings.TrimPrefix(name, "as ")}
	if i := strings.LastIndex(name, " as "); i >= 0 {
		name = name[:i]
		a.Undo = []string{"DROP SEQUENCE " + name}
	}
	column := schema.Quote(c.Name)
	a.SQL = append(a.SQL, "SELECT pg_catalog.setval("+literal(name)+", pg_catalog.max("+column+")::bigint) FROM "+quote(t.Relation)+" HAVING pg_catalog.max("+column+") >= 1")
	a.Table = t.Relation
	return a, err
}

// sequence resolves a sequence of a schema.
func (r *resolver) sequence(s *plan.Step) (Action, error) {
	at := r.name(schema.Relation{Schema: s.Object.Schema, Name: s.Object.Name})
	for _, q := range r.db.Sequences {
		if q.Relation == at && !q.OfIdentity {
			if q.Owner != (schema.Relation{}) {
				break // a column's own
			}
			return r.alterSequence(s, q)
		}
	}
	sql, undo, wait, err := r.vacate(s, at)
	if wait != nil || err != nil {
		return *wait, err
	}
	a, err := r.run(s, append([]string{"DROP SEQUENCE " + quote(at)}, undo...)...)
	if a.Do == Run && len(sql) > 0 {
		a.Do, a.SQL = Adapt, append(sql, a.SQL...)
	}
	r.taken[at] = "S"
	return a, err
}

// alterSequence gives a sequence the template's options; what it has given out stays.
func (r *resolver) alterSequence(s *plan.Step, q schema.Sequence) (Action, error) {
	alter := "ALTER SEQUENCE " + quote(q.Relation) + " AS "
	typ, options, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(about(s).Detail, "owned "), "as "), " ")
	return Action{
		Do: Adapt, Note: "the sequence is there with other options", Met: []plan.Obstacle{plan.OtherShape},
		SQL:  []string{alter + typ + " " + strings.Join(wantedOptions(options), " ")},
		Undo: []string{alter + q.Options.Type + " " + strings.Join(sequenceOptions(q.Options), " ")},
	}, nil
}

// function resolves a function: one of the same name and arguments that returns something else is a person's to change.
func (r *resolver) function(s *plan.Step) (Action, error) {
	in := schema.Relation{Schema: s.Object.Schema, Name: s.Object.Name}
	arguments, _, _ := strings.Cut(s.Object.Detail, " returns ")
	for f := range r.facts {
		if f.Kind != schema.KindFunction || f.Schema != in.Schema || f.Name != in.Name || !r.facts[f] {
			continue
		}
		if theirs, _, _ := strings.Cut(f.Detail, " returns "); theirs == arguments {
			return r.ask(s, plan.OtherShape, fmt.Sprintf("the function %s with the same arguments returns something else here", quote(r.name(in))), ChooseSkip)
		}
	}
	_, types, _ := strings.Cut(arguments, "(")
	drop, err := r.sql("DROP ROUTINE " + schema.Quote(in.Schema) + "." + schema.Quote(in.Name) + "(" + inputs(strings.TrimSuffix(types, ")")) + ")")
	if err != nil {
		return Action{}, err
	}
	return r.run(s, drop...)
}

// inputs leaves those arguments that identify a function: not the columns of a table that it returns, nor what it puts out.
func inputs(arguments string) string {
	var out []string
	for _, a := range schema.SplitExpressions(arguments) {
		a = strings.TrimSpace(a)
		if strings.HasPrefix(a, "table ") || strings.HasPrefix(a, "out ") {
			continue
		}
		for _, mode := range []string{"inout ", "variadic "} {
			if rest, ok := strings.CutPrefix(a, mode); ok {
				a = strings.ToUpper(mode) + rest
			}
		}
		out = append(out, a)
	}
	return strings.Join(out, ", ")
}

// view resolves a view: one of the same name with other columns is made anew, what uses it steps aside.
func (r *resolver) view(s *plan.Step) (Action, error) {
	at := r.name(schema.Relation{Schema: s.Object.Schema, Name: s.Object.Name})
	word := "VIEW "
	if strings.HasPrefix(s.Object.Detail+about(s).Detail, "materialized ") {
		word = "MATERIALIZED VIEW "
	}
	kind, taken := r.taken[at]
	if !taken || kind != "v" && kind != "m" {
		sql, undo, wait, err := r.vacate(s, at)
		if wait != nil || err != nil {
			return *wait, err
		}
		a, err := r.run(s, append([]string{"DROP " + word + quote(at)}, undo...)...)
		if a.Do == Run && len(sql) > 0 {
			a.Do, a.SQL = Adapt, append(sql, a.SQL...)
		}
		r.taken[at] = strings.ToLower(word[:1])
		return a, err
	}
	return r.viewAnew(s, at, kind, word)
}

// viewAnew makes a view anew that has other columns. What is a materialized view and shall be none, or the other way round, is for a
// person: it has indexes, or is read often for a reason.
func (r *resolver) viewAnew(s *plan.Step, at schema.Relation, kind, word string) (Action, error) {
	if is := map[string]string{"v": "VIEW ", "m": "MATERIALIZED VIEW "}[kind]; is != word {
		return r.ask(s, plan.OtherShape, quote(at)+" is a "+kinds[kind]+" here, and the template has a "+strings.ToLower(strings.TrimSpace(word)), ChooseSkip)
	}
	set, err := dependents.OfRelation(r.ctx, r.tx, at.Schema, at.Name)
	if err != nil {
		return Action{}, err
	}
	if len(set.Blocked) > 0 {
		return r.ask(s, plan.Dependents, fmt.Sprintf("the view %s has other columns here, and %s: %s", quote(at), set.Blocked[0].What, set.Blocked[0].Why), ChooseSkip)
	}
	again, err := dependents.Again(r.ctx, r.tx, dependents.View, at.Schema, at.Name, "")
	if err != nil {
		return r.ask(s, plan.OtherShape, err.Error(), ChooseSkip)
	}
	a, err := r.run(s)
	if a.Do != Run {
		return a, err
	}
	a.Do, a.Note, a.Met = Adapt, "the view of this name has other columns and is made anew", []plan.Obstacle{plan.OtherShape}
	if len(set.Drop) > 0 {
		a.Met = append(a.Met, plan.Dependents)
	}
	drop := append(slices.Clone(set.Drop), "DROP "+word+quote(at))
	a.SQL = slices.Concat(drop, a.SQL, set.Own, set.Restore, set.Refresh)
	a.Undo = slices.Concat(drop, again, set.Restore, set.Refresh)
	return a, nil
}
