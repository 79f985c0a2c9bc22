package executor

import (
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/dependents"
	"github.com/veilschema/veil/provisioner/plan"
)

// stepAside inserts, around the steps that change types, what takes their dependents away and puts them back. All of them
// together, because a foreign key joins two columns whose types change one after the other.
func (r *resolver) stepAside() error {
	if len(r.targets) == 0 {
		return nil
	}
	targets := make([]dependents.Target, len(r.targets))
	for i, c := range r.targets {
		targets[i] = dependents.Target{Schema: c.Schema, Table: c.Table, Column: c.Column}
	}
	set, err := r.afterRemovals(targets)
	if err != nil {
		return err
	}
	first, last := -1, -1
	for i, a := range r.actions {
		if s := r.o.Plan.Step(a.Step); s != nil && s.Action == plan.SetType && len(a.SQL) > 0 {
			if last = i; first < 0 {
				first = i
			}
		}
	}
	r.block(set.Blocked)
	forward, again, err := r.storage(set.Columns)
	if err != nil {
		return err
	}
	if len(set.Drop)+len(again) == 0 || first < 0 {
		return nil
	}
	note := "views, keys, triggers and policies that use the columns step aside and come back as they were"
	if len(set.Drop) > 0 {
		for i := range r.actions[first : last+1] {
			a := &r.actions[first+i]
			if s := r.o.Plan.Step(a.Step); s != nil && s.Action == plan.SetType && len(a.SQL) > 0 {
				ruled := r.ruled(s, Action{Note: note, Met: []plan.Obstacle{plan.Dependents}})
				if ruled.Do == Wait {
					ruled.Step = s.ID
					*a = ruled
				}
			}
		}
	}
	back := Action{Do: Adapt, SQL: slices.Concat(forward, set.Restore, set.Refresh), Undo: set.Drop, Note: note}
	away := Action{Do: Adapt, SQL: set.Drop, Undo: slices.Concat(again, set.Restore, set.Refresh), Note: note}
	r.actions = slices.Insert(r.actions, last+1, back)
	r.actions = slices.Insert(r.actions, first, away)
	return nil
}

// afterRemovals asks what depends on the columns when what the template forbids is gone.
func (r *resolver) afterRemovals(targets []dependents.Target) (*dependents.Set, error) {
	inner, err := r.tx.Begin(r.ctx)
	if err != nil {
		return nil, err
	}
	defer inner.Rollback(r.ctx) //nolint:errcheck // where it fails, the next statement does too
	for _, a := range r.actions {
		if s := r.o.Plan.Step(a.Step); s != nil && s.Action == plan.Remove {
			if err := execute(r.ctx, inner, a.SQL...); err != nil {
				return nil, err
			}
		}
	}
	return dependents.Of(r.ctx, r.tx, targets)
}

// storage returns the statements that set again what a change of type resets, storage and compression: those that the new types take, and
// all of them for the way back.
func (r *resolver) storage(columns []dependents.Column) (forward, again []string, err error) {
	varies := make(map[string]bool) // columns whose new type is of variable length, by name
	for _, target := range r.targets {
		f := schema.Fact{Schema: r.to(target.Schema), Table: target.Table, Name: target.Column}
		var size *int16
		if err := r.tx.QueryRow(r.ctx, "SELECT (SELECT typlen FROM pg_catalog.pg_type WHERE oid = pg_catalog.to_regtype($1))", r.newType(f)).Scan(&size); err != nil {
			return nil, nil, err
		}
		varies[target.Column] = size != nil && *size < 0
	}
	for _, c := range columns {
		again = append(again, c.Again...)
		if varies[c.Column] {
			forward = append(forward, c.Again...)
		}
	}
	return forward, again, nil
}

// newType is the type that the plan gives a column, "" if it gives none.
func (r *resolver) newType(column schema.Fact) string {
	for i := range r.o.Plan.Steps {
		for _, f := range r.o.Plan.Steps[i].Facts {
			if f.Kind == schema.KindColumnType && f.Schema == column.Schema && f.Table == column.Table && f.Name == column.Name {
				return f.Detail
			}
		}
	}
	return ""
}

// block turns what cannot step aside into decisions, one for each step that it blocks.
func (r *resolver) block(list []dependents.Blocked) {
	why := make(map[schema.ColumnName][]string)
	for _, b := range list {
		at := schema.ColumnName{Schema: b.Target.Schema, Table: b.Target.Table, Column: b.Target.Column}
		why[at] = append(why[at], b.What+": "+b.Why)
	}
	for i := range r.actions {
		a := &r.actions[i]
		s := r.o.Plan.Step(a.Step)
		if s == nil || s.Action != plan.SetType || len(a.SQL) == 0 {
			continue
		}
		f := about(s)
		at := r.table(f)
		if reasons := why[schema.ColumnName{Schema: at.Schema, Table: at.Name, Column: f.Name}]; len(reasons) > 0 {
			wait, _ := r.ask(s, plan.Impossible, "the type of "+quote(at)+"."+schema.Quote(f.Name)+" cannot be changed in place: "+strings.Join(reasons, "; "), ChooseSkip)
			wait.Step = s.ID
			*a = wait
		}
	}
}

// afterLast returns what stands behind the last occurrence of a text, "" if it does not occur.
func afterLast(s, text string) string {
	if i := strings.LastIndex(s, text); i >= 0 {
		return s[i+len(text):]
	}
	return ""
}

// throughText makes the cast at a statement's end one by way of the value's text.
func throughText(statement, name string) string {
	to := afterLast(statement, " USING "+name+"::")
	return strings.TrimSuffix(statement, to) + "text::" + to
}
