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
	set, err := dependents.Of(r.ctx, r.tx, targets)
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
	if len(set.Drop) == 0 || first < 0 {
		return nil
	}
	var columns []string // what a change of type resets
	for _, c := range set.Columns {
		columns = append(columns, c.Again...)
	}
	set.Restore = append(columns, set.Restore...)
	note := "views, keys, triggers and policies that use the columns step aside and come back as they were"
	back := Action{Do: Adapt, SQL: slices.Concat(set.Restore, set.Refresh), Undo: set.Drop, Note: note}
	away := Action{Do: Adapt, SQL: set.Drop, Undo: slices.Concat(set.Restore, set.Refresh), Note: note}
	r.actions = slices.Insert(r.actions, last+1, back)
	r.actions = slices.Insert(r.actions, first, away)
	return nil
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
