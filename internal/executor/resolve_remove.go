package executor

import (
	"fmt"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/dependents"
	"github.com/veilschema/veil/provisioner/plan"
)

// remove takes away what the template forbids. Data goes only by decision.
func (r *resolver) remove(s *plan.Step) (Action, error) {
	f := about(s)
	if f.Table != "" {
		at := r.table(f)
		switch f.Kind {
		case schema.KindTable, schema.KindColumn:
			return r.removeData(s, at)
		case schema.KindPrimaryKey, schema.KindUnique, schema.KindForeignKey, schema.KindCheck, schema.KindExclusion, schema.KindIndex:
			return r.removeKey(f, at)
		}
	}
	var undo []string
	_, c := r.column(f)
	alter := r.alterColumn(f)
	switch {
	case f.Kind == schema.KindNotNull:
		undo = []string{alter + "SET NOT NULL"}
	case f.Kind == schema.KindDefault && c != nil:
		undo = []string{alter + "SET DEFAULT " + c.Default}
	case f.Kind == schema.KindRowSecurity && f.Name == "" && f.Detail == "forced":
		undo = []string{"ALTER TABLE " + quote(r.table(f)) + " FORCE ROW LEVEL SECURITY"}
	case f.Kind == schema.KindRowSecurity && f.Name == "":
		undo = []string{"ALTER TABLE " + quote(r.table(f)) + " ENABLE ROW LEVEL SECURITY"}
	case f.Kind == schema.KindRowSecurity:
		var err error
		if undo, err = r.memberAgain(s, dependents.Policy); err != nil {
			return Action{}, err
		}
	case f.Kind == schema.KindTrigger:
		var err error
		if undo, err = r.memberAgain(s, dependents.Trigger); err != nil {
			return Action{}, err
		}
	default:
		return r.ask(s, plan.Impossible, fmt.Sprintf("the template forbids the %s %s, and a person has to remove it", f.Kind, f.Name), ChooseSkip)
	}
	a, err := r.run(s, undo...)
	if f.Table != "" {
		a.Table = r.table(f)
	}
	return a, err
}

// removeData drops a table or column, if that was decided.
func (r *resolver) removeData(s *plan.Step, at schema.Relation) (Action, error) {
	f := about(s)
	if _, ok := r.answer(s, plan.Lossy, ChooseRemove); !ok {
		what := "table " + quote(at)
		if f.Kind == schema.KindColumn {
			what = "column " + schema.Quote(f.Name) + " of " + quote(at)
		}
		return r.ask(s, plan.Lossy, "the template forbids the "+what+", and its data goes with it", ChooseRemove, ChooseSkip)
	}
	a, err := r.run(s)
	if a.Do == Run {
		a.Forward, a.Table = true, at
		if f.Kind == schema.KindColumn {
			a.Changed = []schema.ColumnName{{Schema: at.Schema, Table: at.Name, Column: f.Name}}
		}
	}
	return a, err
}

// removeKey drops every constraint or index that is the forbidden fact.
func (r *resolver) removeKey(f schema.Fact, at schema.Relation) (Action, error) {
	a := Action{Do: Adapt, Note: "under the name that it has here", Table: at}
	for _, spelling := range r.spelt[f] {
		drop, what := "DROP INDEX "+quote(spelling.Object), dependents.Index
		if f.Kind != schema.KindIndex {
			drop, what = "ALTER TABLE "+quote(at)+" DROP CONSTRAINT "+schema.Quote(spelling.Object.Name), dependents.Constraint
		}
		undo, err := dependents.Again(r.ctx, r.tx, what, at.Schema, at.Name, spelling.Object.Name)
		if err != nil {
			return Action{}, err
		}
		a.SQL, a.Undo = append(a.SQL, drop), append(a.Undo, undo...)
		delete(r.keys[at], spelling.Object.Name)
		delete(r.taken, schema.Relation{Schema: at.Schema, Name: spelling.Object.Name})
	}
	return a, nil
}
