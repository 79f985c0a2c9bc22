package executor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/dependents"
	"github.com/veilschema/veil/provisioner/plan"
)

// addKey resolves a constraint: other names where its own is taken, another primary key or foreign key of the same columns replaced.
func (r *resolver) addKey(s *plan.Step) (Action, error) {
	f := about(s)
	at := r.table(f)
	made, err := r.keyRoom(f)
	if err != nil {
		return r.ask(s, plan.OtherKey, err.Error(), ChooseSkip)
	}
	name := r.constraintName(at, s.Object.Name, f.Kind)
	a, err := r.run(s, "ALTER TABLE "+quote(at)+" DROP CONSTRAINT "+schema.Quote(name))
	if a.Do != Run {
		return a, err
	}
	if name != s.Object.Name {
		head, detail, _ := strings.Cut(s.SQL[0], " ADD CONSTRAINT "+schema.Quote(s.Object.Name)+" ")
		if a.SQL, err = r.sql(head + " ADD CONSTRAINT " + schema.Quote(name) + " " + detail); err != nil {
			return a, err
		}
		a.Do, a.Note, a.Met = Adapt, "the name "+s.Object.Name+" is taken", []plan.Obstacle{plan.NameTaken}
	}
	if made.note != "" {
		a.Do, a.Note, a.Met = Adapt, made.note, append([]plan.Obstacle{made.met}, a.Met...)
	}
	if err := r.mended(&a, s, at); err != nil {
		return a, err
	}
	a.Table = at
	if to, points := f.Target(); points {
		a.Beside = append(a.Beside, r.name(to))
	}
	if len(made.away) > 0 {
		joined, err := r.joined(at)
		if err != nil {
			return a, err
		}
		a.Beside = append(a.Beside, joined...)
	}
	a.SQL = slices.Concat(made.away, made.other, a.SQL, made.back)
	a.Undo = slices.Concat(made.away, a.Undo, made.undo, made.back)
	return a, nil
}

// room is what makes room for a constraint: what points at the one that is there goes away and comes back, that one becomes another.
type room struct {
	away, other, undo, back []string
	note                    string
	met                     plan.Obstacle
}

// keyRoom makes room for a constraint of a table that is there.
func (r *resolver) keyRoom(f schema.Fact) (room, error) {
	t := r.tables[schema.Relation{Schema: f.Schema, Name: f.Table}]
	switch {
	case t == nil:
		return room{}, nil
	case f.Kind == schema.KindForeignKey:
		return r.otherActions(f, t)
	case f.Kind != schema.KindPrimaryKey:
		return room{}, nil
	}
	made, err := r.demote(t)
	if err != nil {
		return room{}, err
	}
	nullable, err := r.nullableAgain(f, t)
	made.undo = append(nullable, made.undo...)
	return made, err
}

// mended adds what mends references that point nowhere to an action, if that was decided.
func (r *resolver) mended(a *Action, s *plan.Step, at schema.Relation) error {
	mend, columns := r.mend(s, at)
	if len(mend) == 0 {
		return nil
	}
	f := about(s)
	a.SQL = append(mend, a.SQL...)
	for _, c := range columns {
		if _, was := r.column(schema.Fact{Schema: f.Schema, Table: f.Table, Name: c}); was == nil {
			continue // a new one
		}
		changed, err := r.holders(at, c)
		if err != nil {
			return err
		}
		a.change(changed)
	}
	a.Do, a.Note = Adapt, "references that point nowhere are mended as decided"
	return nil
}

// constraintName returns a name for a constraint that is free on its table, and among relations where an index backs it.
func (r *resolver) constraintName(at schema.Relation, want string, k schema.Kind) string {
	indexed := k == schema.KindPrimaryKey || k == schema.KindUnique || k == schema.KindExclusion
	if r.keys[at] == nil {
		r.keys[at] = make(map[string]struct{})
	}
	name := freeName(want, func(name string) bool {
		_, onTable := r.keys[at][name]
		_, relation := r.taken[schema.Relation{Schema: at.Schema, Name: name}]
		return onTable || indexed && relation
	})
	r.keys[at][name] = struct{}{}
	if indexed {
		r.taken[schema.Relation{Schema: at.Schema, Name: name}] = "i"
	}
	return name
}

// demote makes the primary key that a table has a unique constraint of the same name, so that nothing that relied on it is lost. What
// points at it steps aside.
func (r *resolver) demote(t *schema.Table) (room, error) {
	for _, spelling := range r.perTable[schema.Relation{Schema: r.to(t.Schema), Name: t.Name}] {
		name := spelling.Object.Name
		if spelling.Fact.Kind != schema.KindPrimaryKey || !r.facts[spelling.Fact] { // or it is removed before
			continue
		}
		set, err := dependents.OfKey(r.ctx, r.tx, t.Schema, t.Name, name)
		if err != nil {
			return room{}, err
		}
		if len(set.Blocked) > 0 {
			return room{}, fmt.Errorf("the primary key %s of %s cannot make room: %s: %s", schema.Quote(name), quote(t.Relation), set.Blocked[0].What, set.Blocked[0].Why)
		}
		again, err := dependents.Again(r.ctx, r.tx, dependents.Constraint, t.Schema, t.Name, name)
		if err != nil {
			return room{}, err
		}
		remove := []string{"ALTER TABLE " + quote(t.Relation) + " DROP CONSTRAINT " + schema.Quote(name)}
		return room{
			away: set.Drop, other: slices.Concat(remove, unique(again)), undo: slices.Concat(remove, again), back: slices.Concat(set.Restore, set.Refresh),
			note: "the table had another primary key, which is a unique constraint now", met: plan.OtherKey,
		}, nil
	}
	return room{}, nil
}

// unique makes the statements that add a primary key, of partitions too, those that add a unique constraint.
func unique(again []string) []string {
	out := slices.Clone(again)
	for i, sql := range out {
		if strings.HasPrefix(sql, "ALTER TABLE ONLY ") {
			out[i] = strings.Replace(sql, " PRIMARY KEY (", " UNIQUE (", 1)
		}
	}
	return out
}

// nullableAgain returns the statements that let the columns of a primary key be NULL again that were so before.
func (r *resolver) nullableAgain(f schema.Fact, t *schema.Table) ([]string, error) {
	var out []string
	for _, c := range t.Columns {
		notNull := r.facts[schema.Fact{Kind: schema.KindNotNull, Schema: f.Schema, Table: f.Table, Name: c.Name}]
		if !notNull && inKey(f.Detail, c.Name) {
			strict, err := r.strict(t.Relation, c.Name)
			if err != nil {
				return nil, err
			}
			out = append(append(out, r.alterColumn(schema.Fact{Schema: f.Schema, Table: f.Table, Name: c.Name})+"DROP NOT NULL"), strict...)
		}
	}
	return out, nil
}

// inKey says whether a key's detail lists a column before INCLUDE.
func inKey(detail, name string) bool {
	keys, _, _ := strings.Cut(detail, ") include (")
	for _, part := range schema.SplitExpressions(strings.TrimSuffix(strings.TrimPrefix(keys, "("), ")")) {
		if strings.TrimSpace(part) == schema.Quote(name) {
			return true
		}
	}
	return false
}

// otherActions replaces a foreign key of the same columns and target that does something else when the target changes.
func (r *resolver) otherActions(f schema.Fact, t *schema.Table) (room, error) {
	var made room
	for _, spelling := range r.perTable[schema.Relation{Schema: f.Schema, Name: f.Table}] {
		g := spelling.Fact
		if g.Kind != schema.KindForeignKey || g == f || r.template[g] || !r.facts[g] || fromTo(g) != fromTo(f) {
			continue
		}
		again, err := dependents.Again(r.ctx, r.tx, dependents.Constraint, t.Schema, t.Name, spelling.Object.Name)
		if err != nil {
			return room{}, err
		}
		made.other = append(made.other, "ALTER TABLE "+quote(t.Relation)+" DROP CONSTRAINT "+schema.Quote(spelling.Object.Name))
		made.undo = append(made.undo, again...)
		made.note, made.met = "the foreign key of these columns did something else", plan.OtherActions
		delete(r.keys[t.Relation], spelling.Object.Name)
	}
	return made, nil
}

// fromTo is the part of a foreign key's detail that says which columns point where.
func fromTo(f schema.Fact) string {
	detail := f.Detail
	for _, word := range []string{" match full", " on update ", " on delete ", " deferrable"} {
		if i := strings.Index(detail, word); i >= 0 {
			detail = detail[:i]
		}
	}
	return detail
}

// addIndex resolves an index, with another name where its own is taken.
func (r *resolver) addIndex(s *plan.Step) (Action, error) {
	f := about(s)
	at := r.table(f)
	name := r.free(schema.Relation{Schema: at.Schema, Name: s.Object.Name})
	r.taken[name] = "i"
	a, err := r.run(s, "DROP INDEX "+quote(name))
	if a.Do != Run {
		return a, err
	}
	if name.Name != s.Object.Name {
		text := strings.Replace(s.SQL[0], "INDEX "+schema.Quote(s.Object.Name)+" ON ", "INDEX "+schema.Quote(name.Name)+" ON ", 1)
		if a.SQL, err = r.sql(text); err != nil {
			return a, err
		}
		a.Do, a.Note, a.Met = Adapt, "the name "+s.Object.Name+" is taken", []plan.Obstacle{plan.NameTaken}
	}
	a.Table = at
	return a, nil
}

func (r *resolver) attach(s *plan.Step) (Action, error) {
	f := about(s)
	to, ok := f.Target()
	if !ok {
		return r.ask(s, plan.Impossible, "its other table is not known", ChooseSkip)
	}
	parent, child := r.name(to), r.table(f)
	undo := "ALTER TABLE " + quote(child) + " NO INHERIT " + quote(parent)
	if f.Kind == schema.KindPartition {
		undo = "ALTER TABLE " + quote(parent) + " DETACH PARTITION " + quote(child)
	}
	a, err := r.run(s, undo)
	a.Table = child
	return a, err
}

func (r *resolver) enable(s *plan.Step) (Action, error) {
	f := about(s)
	at := r.table(f)
	word := "DISABLE"
	if f.Detail == "forced" {
		word = "NO FORCE"
	}
	a, err := r.run(s, "ALTER TABLE "+quote(at)+" "+word+" ROW LEVEL SECURITY")
	a.Table = at
	return a, err
}

// mend returns the statement that mends references that point nowhere, as decided, and the columns that it changes.
func (r *resolver) mend(s *plan.Step, at schema.Relation) (sql, columns []string) {
	answer, ok := r.answer(s, plan.RowsInTheWay, ChooseClear, ChooseFill)
	f := about(s)
	to, points := f.Target()
	if !ok || !points || f.Kind != schema.KindForeignKey {
		return nil, nil
	}
	from, targets := foreignColumns(f.Detail)
	if len(from) != len(targets) || len(from) == 0 || answer.Choice == ChooseFill && len(from) != 1 {
		return nil, nil
	}
	value := "NULL"
	if answer.Choice == ChooseFill {
		value = literal(answer.Value)
	}
	var sets, there, same []string
	for i := range from {
		sets = append(sets, schema.Quote(from[i])+" = "+value)
		there = append(there, "t."+schema.Quote(from[i])+" IS NOT NULL")
		same = append(same, "p."+schema.Quote(targets[i])+" = t."+schema.Quote(from[i]))
	}
	return []string{"UPDATE " + quote(at) + " t SET " + strings.Join(sets, ", ") + " WHERE " + strings.Join(there, " AND ") +
		" AND NOT EXISTS (SELECT FROM " + quote(r.name(to)) + " p WHERE " + strings.Join(same, " AND ") + ")"}, from
}

// foreignColumns reads the columns on both sides from the detail of a foreign key.
func foreignColumns(detail string) (from, to []string) {
	head, tail, ok := strings.Cut(detail, ") references ")
	if !ok {
		return nil, nil
	}
	list := func(text string) []string {
		var names []string
		for _, part := range schema.SplitExpressions(text) {
			names = append(names, unquote(strings.TrimSpace(part)))
		}
		return names
	}
	open := strings.LastIndex(fromTo(schema.Fact{Detail: tail}), " (")
	if open < 0 {
		return nil, nil
	}
	return list(strings.TrimPrefix(head, "(")), list(strings.TrimSuffix(fromTo(schema.Fact{Detail: tail})[open+2:], ")"))
}

// unquote is the inverse of [schema.Quote].
func unquote(name string) string {
	if inner, ok := strings.CutPrefix(name, `"`); ok {
		return strings.ReplaceAll(strings.TrimSuffix(inner, `"`), `""`, `"`)
	}
	return name
}
