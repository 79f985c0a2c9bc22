package executor

import (
	"fmt"

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
		if other := &r.o.Plan.Steps[i]; other.Action == s.Action && about(other).Table == above.Table && about(other).Name == above.Name {
			return Action{Do: Keep, Note: "it changes with " + quote(parent)}, nil
		}
	}
	return r.ask(s, plan.Impossible, "the type of a partition's column changes with its parent's, and that is not in the template", ChooseSkip)
}

// convert is the action that changes a type.
func (r *resolver) convert(s *plan.Step, t *schema.Table, c *schema.Column, loss plan.Conversion, rows bool) (Action, error) {
	if c.Generated != schema.NotGenerated {
		return r.ask(s, plan.Impossible, "the column "+schema.Quote(c.Name)+" of "+quote(t.Relation)+" is generated, and the type of its expression cannot be changed in place", ChooseSkip)
	}
	sql, err := r.sql(s.SQL...)
	if err != nil {
		return Action{}, err
	}
	f := about(s)
	alter := r.alterColumn(f)
	name := schema.Quote(c.Name)
	target := sql[len(sql)-1]
	collation := ""
	if c.Collation != "" {
		collation = " COLLATE " + c.Collation
	}
	back := alter + "TYPE " + c.Type + collation + " USING " + name + "::" + c.Type
	castable, err := r.castable(c.Type, target, name)
	if err != nil {
		return Action{}, err
	}
	a := Action{Do: Run, Table: t.Relation}
	if !castable { // by way of their text, which every type has
		a.Do, a.Note = Adapt, "no cast leads from one type to the other, so values go by way of their text"
		target = throughText(target, name)
		back = alter + "TYPE " + c.Type + collation + " USING " + name + "::text::" + c.Type
	}
	a.SQL, a.Undo = []string{target}, []string{back}
	if c.Default != "" && c.Identity == schema.NoIdentity {
		a.SQL = []string{alter + "DROP DEFAULT", target, alter + "SET DEFAULT " + c.Default}
		a.Undo = []string{alter + "DROP DEFAULT", back, alter + "SET DEFAULT " + c.Default}
		for i := range r.o.Plan.Steps { // the template's own default follows
			next := &r.o.Plan.Steps[i]
			if next.Action == plan.SetValue && about(next).Table == f.Table && about(next).Schema == f.Schema && about(next).Name == f.Name {
				a.SQL = a.SQL[:2]
			}
		}
		a.Do = Adapt
	}
	at := schema.ColumnName{Schema: t.Schema, Table: t.Name, Column: c.Name}
	switch {
	case !rows: // there is no value to compare, and there may be no cast
	case loss.Keeps:
		a.Recast = map[schema.ColumnName]string{at: c.Type}
	default:
		a.Changed = []schema.ColumnName{at}
	}
	r.targets = append(r.targets, at)
	return a, nil
}

// castable says whether a cast leads from a type to the one that the statement casts the column to.
func (r *resolver) castable(from, statement, name string) (bool, error) {
	to := afterLast(statement, " USING "+name+"::")
	if to == "" {
		return false, nil
	}
	inner, err := r.tx.Begin(r.ctx)
	if err != nil {
		return false, err
	}
	_, err = inner.Exec(r.ctx, "SELECT NULL::"+from+"::"+to)
	return err == nil, inner.Rollback(r.ctx)
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
	case c.Default != "":
		return r.run(s, alter+"SET DEFAULT "+c.Default)
	}
	return r.run(s, alter+"DROP DEFAULT")
}

// instead puts a default where an identity is.
func (r *resolver) instead(s *plan.Step, t *schema.Table, c *schema.Column, alter string) (Action, error) {
	last, err := r.lastValue(t, c)
	if err != nil {
		return Action{}, err
	}
	a, err := r.run(s, append([]string{alter + "DROP DEFAULT"}, r.identityAgain(t, c, alter, last)...)...)
	if a.Do != Run {
		return a, err
	}
	a.Do, a.Note, a.SQL = Adapt, "it was an identity column", append([]string{alter + "DROP IDENTITY"}, a.SQL...)
	return a, err
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
	if !nulls {
		a, err := r.run(s, alter+"DROP NOT NULL")
		a.Table = t.Relation
		return a, err
	}
	answer, ok := r.answer(s, plan.RowsInTheWay, ChooseFill, ChooseNumber)
	if !ok {
		return r.ask(s, plan.RowsInTheWay, fmt.Sprintf("the column %s of %s shall refuse NULL, and there are rows that have it", name, quote(t.Relation)), ChooseFill, ChooseNumber, ChooseSkip)
	}
	a, err := r.run(s, alter+"DROP NOT NULL")
	if a.Do != Run {
		return a, err
	}
	a.Do, a.Note, a.Table = Adapt, "rows without a value get the one that was decided", t.Relation
	a.SQL = append([]string{fillStatement(t.Relation, name, answer)}, a.SQL...)
	a.Changed = []schema.ColumnName{{Schema: t.Schema, Table: t.Name, Column: f.Name}}
	return a, err
}

// setIdentity makes a column an identity column that goes on behind the values that are there.
func (r *resolver) setIdentity(s *plan.Step) (Action, error) {
	f := about(s)
	t, c := r.column(f)
	alter := r.alterColumn(f)
	if c == nil {
		return r.run(s, alter+"DROP IDENTITY")
	}
	undo := []string{alter + "DROP IDENTITY"}
	var before []string
	last, err := r.lastValue(t, c)
	if err != nil {
		return Action{}, err
	}
	switch {
	case c.Generated != schema.NotGenerated:
		return r.ask(s, plan.Impossible, "the column "+schema.Quote(f.Name)+" of "+quote(t.Relation)+" is generated from others", ChooseSkip)
	case c.Identity != schema.NoIdentity:
		before, undo = []string{alter + "DROP IDENTITY"}, append(undo, r.identityAgain(t, c, alter, last)...)
	case c.Default != "":
		before, undo = []string{alter + "DROP DEFAULT"}, append(undo, alter+"SET DEFAULT "+c.Default)
	}
	if !c.NotNull && !r.facts[schema.Fact{Kind: schema.KindNotNull, Schema: f.Schema, Table: f.Table, Name: f.Name}] {
		before, undo = append(before, alter+"SET NOT NULL"), append(undo, alter+"DROP NOT NULL")
	}
	a, err := r.run(s, undo...)
	if a.Do != Run {
		return a, err
	}
	name := schema.Quote(f.Name)
	sequence := "pg_catalog.pg_get_serial_sequence(" + literal(quote(t.Relation)) + ", " + literal(c.Name) + ")"
	a.SQL = append(append(before, a.SQL...),
		"SELECT pg_catalog.setval("+sequence+", pg_catalog.max("+name+")) FROM "+quote(t.Relation)+" HAVING pg_catalog.max("+name+") >= 1")
	a.Table, a.Do = t.Relation, Adapt
	return a, err
}

// lastValue returns what a column's identity or owned sequence has given out, "" if there is none or it has given nothing.
func (r *resolver) lastValue(t *schema.Table, c *schema.Column) (string, error) {
	for _, q := range r.db.Sequences {
		if q.Owner == t.Relation && q.OwnerName == c.Name && q.OfIdentity {
			var last *string
			err := r.tx.QueryRow(r.ctx, "SELECT CASE WHEN is_called THEN last_value::text END FROM "+quote(q.Relation)).Scan(&last)
			if last == nil || err != nil {
				return "", err
			}
			return *last, nil
		}
	}
	return "", nil
}

// identityAgain returns the statements that make a column the identity column that it was.
func (r *resolver) identityAgain(t *schema.Table, c *schema.Column, alter, last string) []string {
	how, options := "ALWAYS", ""
	if c.Identity == schema.IdentityByDefault {
		how = "BY DEFAULT"
	}
	for _, q := range r.db.Sequences {
		if q.Owner == t.Relation && q.OwnerName == c.Name && q.OfIdentity {
			options = " (SEQUENCE NAME " + quote(q.Relation) + " " + sequenceOptions(q.Options) + ")"
		}
	}
	sql := []string{alter + "ADD GENERATED " + how + " AS IDENTITY" + options}
	if last != "" {
		sql = append(sql, "SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence("+literal(quote(t.Relation))+", "+literal(c.Name)+"), "+last+")")
	}
	return sql
}

// sequenceOptions spells all options of a sequence but its type.
func sequenceOptions(o schema.SequenceOptions) string {
	cycle := "NO CYCLE"
	if o.Cycle {
		cycle = "CYCLE"
	}
	return fmt.Sprintf("START WITH %d INCREMENT BY %d MINVALUE %d MAXVALUE %d CACHE %d %s", o.Start, o.Increment, o.Min, o.Max, o.Cache, cycle)
}
