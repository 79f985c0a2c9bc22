package executor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/provisioner/plan"
)

// convert is the action that changes a type.
func (r *resolver) convert(s *plan.Step, t *schema.Table, c *schema.Column, loss plan.Conversion, rows bool) (Action, error) {
	if c.Generated != schema.NotGenerated {
		return r.ask(s, plan.Impossible, "the column "+schema.Quote(c.Name)+" of "+quote(t.Relation)+" is generated, and the type of its expression cannot be changed in place", ChooseSkip)
	}
	sql, err := r.sql(s.SQL...)
	if err != nil {
		return Action{}, err
	}
	alter, target, name := r.alterColumn(about(s)), sql[len(sql)-1], schema.Quote(c.Name)
	to := afterLast(target, " USING "+name+"::")
	a := Action{Do: Run, Table: t.Relation}
	if !r.understands("SELECT NULL::" + c.Type + "::" + to) { // by way of their text, which every type has
		a.Do, a.Note = Adapt, "no cast leads from one type to the other, so values go by way of their text"
		target = throughText(target, name)
	}
	a.SQL = []string{target}
	if err := r.convertBack(&a, t, c, alter, to, rows && !loss.Keeps); err != nil {
		return Action{}, err
	}
	if err := r.convertDefaults(&a, s, t, c, to); err != nil {
		return Action{}, err
	}
	if a.Beside, err = r.joined(t.Relation); err != nil {
		return Action{}, err
	}
	at, err := r.holders(t.Relation, c.Name)
	if err != nil {
		return Action{}, err
	}
	switch {
	case !rows: // there is no value to compare, and there may be no cast
		a.touch(at)
	case loss.Keeps:
		a.recast(at, c.Type)
	default:
		a.change(at)
	}
	r.targets = append(r.targets, schema.ColumnName{Schema: t.Schema, Table: t.Name, Column: c.Name})
	return a, nil
}

// convertDefaults takes the defaults of a column, and of those that inherit it, away and puts them back.
func (r *resolver) convertDefaults(a *Action, s *plan.Step, t *schema.Table, c *schema.Column, to string) error {
	if c.Identity != schema.NoIdentity {
		return nil
	}
	drop, again, err := r.defaults(t, c.Name, false)
	if err != nil || len(drop) == 0 {
		return err
	}
	var back []string
	for _, sql := range again {
		set, value, has := strings.Cut(sql, " SET DEFAULT ")
		own := strings.HasPrefix(sql, "ALTER TABLE ONLY "+quote(t.Relation)+" ")
		if has && (!own || !r.replacesDefault(about(s))) {
			back = append(back, set+" SET DEFAULT "+r.defaultOf(value, to))
		}
	}
	a.Do, a.SQL, a.Undo = Adapt, slices.Concat(drop, a.SQL, back), slices.Concat(drop, a.Undo, again)
	return nil
}

// defaults are the statements that take away the defaults of a column in its table and in those that inherit from it, and those that
// put back what each has, or all away where none is to be.
func (r *resolver) defaults(t *schema.Table, column string, none bool) (drop, again []string, err error) {
	rows, err := r.tx.Query(r.ctx, strings.Replace(familySQL, "a.attname FROM", "pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM", 1)+
		`LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated = '' WHERE a.attnum IS NOT NULL ORDER BY 1, 2`,
		t.Schema, t.Name, column)
	if err != nil {
		return nil, nil, err
	}
	var at schema.Relation
	var value *string
	_, err = pgx.ForEachRow(rows, []any{&at.Schema, &at.Name, &value}, func() error {
		alter := "ALTER TABLE ONLY " + quote(at) + " ALTER COLUMN " + schema.Quote(column) + " "
		switch {
		case value != nil:
			drop = append(drop, alter+"DROP DEFAULT")
		case at != t.Relation && t.PartitionKey == "":
			return nil
		}
		if value == nil || none {
			again = append(again, alter+"DROP DEFAULT")
		} else {
			again = append(again, alter+"SET DEFAULT "+*value)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("the defaults of %s.%s could not be read: %w", quote(t.Relation), schema.Quote(column), err)
	}
	return drop, again, nil
}

// convertBack adds the statements that give a column its type back. Values that come from the backup afterwards are NULL in between,
// because not every value that somebody might write by then has a cast back, and the tenant's checks may not know it. Where that cannot
// be, in a key, they are cast.
func (r *resolver) convertBack(a *Action, t *schema.Table, c *schema.Column, alter, from string, fromBackup bool) error {
	name := schema.Quote(c.Name)
	value := name + "::" + c.Type
	if !r.understands("SELECT NULL::" + from + "::" + c.Type) {
		value = name + "::text::" + c.Type
	}
	if fromBackup && c.Type != "text" && c.Type != "character varying" && !inPrimaryKey(t, c.Name) {
		value = "NULL::" + c.Type
		if c.NotNull {
			strict, err := r.strict(t.Relation, c.Name)
			if err != nil {
				return err
			}
			a.Undo, a.Finally = append(a.Undo, alter+"DROP NOT NULL"), append([]string{alter + "SET NOT NULL"}, strict...)
		}
	}
	collation := ""
	if c.Collation != "" {
		collation = " COLLATE " + c.Collation
	}
	a.Undo = append(a.Undo, alter+"TYPE "+c.Type+collation+" USING "+value)
	return nil
}

// inPrimaryKey says whether a column is in the table's primary key.
func inPrimaryKey(t *schema.Table, column string) bool {
	for _, k := range t.Constraints {
		if k.Type == schema.PrimaryKey && k.Index != nil && slices.ContainsFunc(k.Index.Keys, func(key schema.IndexKey) bool { return key.Column == column }) {
			return true
		}
	}
	return false
}

// understands says whether the server takes a statement. It is taken back.
func (r *resolver) understands(sql string) bool {
	inner, err := r.tx.Begin(r.ctx)
	if err != nil {
		return false
	}
	defer inner.Rollback(r.ctx) //nolint:errcheck // where it fails, the next statement does too
	return execute(r.ctx, inner, sql) == nil
}

// replacesDefault says whether a later step gives a column the template's default.
func (r *resolver) replacesDefault(f schema.Fact) bool {
	for i := range r.o.Plan.Steps {
		s := &r.o.Plan.Steps[i]
		if g := about(s); s.Action == plan.SetValue && g.Schema == f.Schema && g.Table == f.Table && g.Name == f.Name {
			return !r.holds(s) && !r.leftOut(s)
		}
	}
	return false
}

// defaultOf spells a default for another type: with a cast where it is not assigned to it without one.
func (r *resolver) defaultOf(value, typ string) string {
	probe := func(value string) bool {
		return r.understands("CREATE TEMPORARY TABLE veil_probe (x " + typ + " DEFAULT " + value + ")")
	}
	if cast := "(" + value + ")::" + typ; !probe(value) && probe(cast) {
		return cast
	}
	return value
}
