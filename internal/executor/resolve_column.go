package executor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/provisioner/plan"
)

// alterColumn is the start of a statement about the step's column, under the tenant's names.
func (r *resolver) alterColumn(f schema.Fact) string {
	return "ALTER TABLE " + quote(r.table(f)) + " ALTER COLUMN " + schema.Quote(f.Name) + " "
}

// setType resolves a change of type. What uses the column steps aside before the first such step and comes back after the last:
// see [resolver.stepAside].
func (r *resolver) setType(s *plan.Step) (Action, error) {
	f := about(s)
	t, c := r.column(f)
	if c == nil {
		return r.ask(s, plan.Impossible, "the column "+schema.Quote(f.Name)+" is not there", ChooseSkip)
	}
	if t.PartitionOf != (schema.Relation{}) {
		if parent := r.tables[schema.Relation{Schema: r.to(t.PartitionOf.Schema), Name: t.PartitionOf.Name}]; parent != nil {
			return r.partOf(s, parent.Relation)
		}
	}
	from, to := "", ""
	if was := r.of(f, schema.KindColumnType); was != nil {
		from = was.Fact.Detail
	}
	for _, fact := range s.Facts {
		if fact.Kind == schema.KindColumnType {
			to = fact.Detail
		}
	}
	if to == "" { // only the collation changes
		to = from
	}
	loss := plan.Convert(from, to)
	rows, err := r.hasRows(t.Relation)
	if err != nil {
		return Action{}, err
	}
	if !loss.Keeps {
		if _, ok := r.answer(s, plan.Lossy, ChooseConvert); rows && !ok {
			return r.ask(s, plan.Lossy, fmt.Sprintf("the column %s of %s is %s and shall be %s, which does not hold all of its values",
				schema.Quote(f.Name), quote(t.Relation), from, to), ChooseConvert, ChooseSkip)
		}
	}
	return r.convert(s, t, c, loss, rows)
}

// partOf keeps a partition's column, which changes with its parent's.
func (r *resolver) partOf(s *plan.Step, parent schema.Relation) (Action, error) {
	above := about(s)
	above.Schema, above.Table = r.to(parent.Schema), parent.Name
	for i := range r.o.Plan.Steps {
		if other := &r.o.Plan.Steps[i]; other.Action == s.Action && about(other).Schema == above.Schema && about(other).Table == above.Table &&
			about(other).Name == above.Name {
			return Action{Do: Keep, Note: "it changes with " + quote(parent)}, nil
		}
	}
	return r.ask(s, plan.Impossible, "the type of a partition's column changes with its parent's, and that is not in the template", ChooseSkip)
}

func (r *resolver) setDefault(s *plan.Step) (Action, error) {
	f := about(s)
	t, c := r.column(f)
	alter := r.alterColumn(f)
	if c == nil {
		return r.run(s, alter+"DROP DEFAULT")
	}
	switch {
	case c.Generated != schema.NotGenerated:
		return r.ask(s, plan.Impossible, "the column "+schema.Quote(f.Name)+" of "+quote(t.Relation)+" is generated from others and can have no default", ChooseSkip)
	case c.Identity != schema.NoIdentity:
		return r.instead(s, t, c, alter)
	}
	retyped := slices.Contains(r.targets, schema.ColumnName{Schema: t.Schema, Table: t.Name, Column: c.Name})
	_, undo, err := r.defaults(t, c.Name, retyped) // with another type comes another default, which goes back with it
	if err != nil {
		return Action{}, err
	}
	a, err := r.run(s, undo...)
	if a.Do != Run {
		return a, err
	}
	if c.Default != "" {
		a.Note, a.Met = "the column has another default", []plan.Obstacle{plan.OtherShape}
	}
	if own := r.ownNext(t, c); f.Detail == "nextval(SEQUENCE OF "+dotted(f)+")" && own != "" {
		a.SQL[0] = alter + "SET DEFAULT " + own
	}
	if t.PartitionKey == "" { // its children may have defaults of their own
		a.SQL[0] = strings.Replace(a.SQL[0], "ALTER TABLE ", "ALTER TABLE ONLY ", 1)
	}
	return a, err
}

// ownNext is the default that takes the next number of the sequence that a column owns, "" if it owns none: here it may have another name.
func (r *resolver) ownNext(t *schema.Table, c *schema.Column) string {
	for _, q := range r.db.Sequences {
		if q.Owner == t.Relation && q.OwnerName == c.Name && !q.OfIdentity {
			return "pg_catalog.nextval(" + literal(quote(q.Relation)) + "::pg_catalog.regclass)"
		}
	}
	return ""
}

// dotted is a column with its table as facts spell it.
func dotted(f schema.Fact) string {
	return schema.Quote(f.Schema) + "." + schema.Quote(f.Table) + "." + schema.Quote(f.Name)
}

func (r *resolver) setNotNull(s *plan.Step) (Action, error) {
	f := about(s)
	t, c := r.column(f)
	alter := r.alterColumn(f)
	if c == nil {
		return r.run(s, alter+"DROP NOT NULL")
	}
	name := schema.Quote(f.Name)
	var nulls bool
	if err := r.tx.QueryRow(r.ctx, "SELECT EXISTS (SELECT FROM "+quote(t.Relation)+" WHERE "+name+" IS NULL)").Scan(&nulls); err != nil {
		return Action{}, err
	}
	strict, err := r.strict(t.Relation, c.Name)
	if err != nil {
		return Action{}, err
	}
	undo := append([]string{alter + "DROP NOT NULL"}, strict...)
	if !nulls {
		a, err := r.run(s, undo...)
		a.Table = t.Relation
		return a, err
	}
	answer, ok := r.answer(s, plan.RowsInTheWay, ChooseFill, ChooseNumber)
	if !ok {
		return r.ask(s, plan.RowsInTheWay, fmt.Sprintf("the column %s of %s shall refuse NULL, and there are rows that have it", name, quote(t.Relation)), ChooseFill, ChooseNumber, ChooseSkip)
	}
	a, err := r.run(s, undo...)
	if a.Do != Run {
		return a, err
	}
	a.Do, a.Note, a.Table = Adapt, "rows without a value get the one that was decided", t.Relation
	a.SQL = append([]string{fillStatement(t.Relation, name, answer)}, a.SQL...)
	at, err := r.holders(t.Relation, c.Name)
	a.change(at)
	return a, err
}
