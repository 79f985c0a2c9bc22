package executor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/dependents"
	"github.com/veilschema/veil/provisioner/plan"
)

// typ resolves an enum, domain, composite or range type.
func (r *resolver) typ(s *plan.Step) (Action, error) {
	in := schema.Relation{Schema: s.Object.Schema, Name: s.Object.Name}
	at := r.name(in)
	drop := "DROP TYPE " + quote(at)
	if s.Object.Kind == schema.KindDomain {
		drop = "DROP DOMAIN " + quote(at)
	}
	was, taken := r.types[at]
	if !taken {
		r.types[at] = "e"
		return r.run(s, drop)
	}
	same := map[schema.Kind]string{schema.KindEnum: "e", schema.KindDomain: "d"}[s.Object.Kind]
	if was != same {
		return r.ask(s, plan.OtherShape, fmt.Sprintf("%s is another type here, and values of it may be in use", quote(at)), ChooseSkip)
	}
	if s.Object.Kind == schema.KindEnum {
		if a, ok := r.addLabels(s, at); ok {
			return a, nil
		}
	}
	if s.Object.Kind == schema.KindDomain {
		if a, ok, err := r.domain(s, at); ok || err != nil {
			return a, err
		}
	}
	return r.swap(s, at, same)
}

// labels returns the labels of an enum of the tenant's.
func (r *resolver) labels(at schema.Relation) []string {
	for _, e := range r.db.Enums {
		if e.Relation == at {
			return e.Labels
		}
	}
	return nil
}

// addLabels adds labels to an enum that has the others in the same order. It is undone by another type, see swap.
func (r *resolver) addLabels(s *plan.Step, at schema.Relation) (Action, bool) {
	have, want := r.labels(at), enumLabels(about(s).Detail)
	var sql []string
	i := 0
	for k, label := range want {
		if i < len(have) && have[i] == label {
			i++
			continue
		}
		if r.usesLabel(s, label) {
			return Action{}, false // a label that was added in a transaction cannot be used in it
		}
		where := ""
		switch {
		case i < len(have):
			where = " BEFORE " + literal(have[i])
		case k > 0:
			where = " AFTER " + literal(want[k-1])
		}
		sql = append(sql, "ALTER TYPE "+quote(at)+" ADD VALUE "+literal(label)+where)
	}
	if i < len(have) {
		return Action{}, false
	}
	met := []plan.Obstacle{plan.OtherShape}
	undo, err := r.swapStatements(at, "TYPE", "CREATE TYPE "+quote(at)+" AS ENUM ("+literals(have)+")")
	if err != nil {
		return Action{Do: Adapt, SQL: sql, Note: "the enum lacks labels; a label cannot be taken away again, because " + err.Error(), Forward: true, Met: met}, true
	}
	return Action{Do: Adapt, SQL: sql, Undo: undo, Note: "the enum is there and lacks labels", Met: met}, true
}

// usesLabel says whether another step of the plan has the label in a literal.
func (r *resolver) usesLabel(own *plan.Step, label string) bool {
	text := literal(label)
	for i := range r.o.Plan.Steps {
		if s := &r.o.Plan.Steps[i]; s.ID != own.ID && slices.ContainsFunc(s.SQL, func(sql string) bool { return strings.Contains(sql, text) }) {
			return true
		}
	}
	return false
}

// enumLabels reads "('a', 'b')".
func enumLabels(detail string) []string {
	var out []string
	for _, part := range schema.SplitExpressions(strings.TrimSuffix(strings.TrimPrefix(detail, "("), ")")) {
		part = strings.TrimSpace(part)
		if len(part) >= 2 {
			out = append(out, strings.ReplaceAll(part[1:len(part)-1], "''", "'"))
		}
	}
	return out
}

func literals(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = literal(s)
	}
	return strings.Join(out, ", ")
}

// swap replaces an enum or domain by a new type of its name and casts every column that uses it by way of the text.
func (r *resolver) swap(s *plan.Step, at schema.Relation, typtype string) (Action, error) {
	word := map[string]string{"e": "TYPE", "d": "DOMAIN"}[typtype]
	made, err := r.sql(s.SQL...)
	if err != nil {
		return r.ask(s, plan.Impossible, err.Error(), ChooseSkip)
	}
	columns, rows, err := r.users(at)
	if err != nil {
		return Action{}, err
	}
	was, keeps := r.under(s, at)
	lossy := rows && (typtype == "d" && !keeps || typtype == "e" && lacks(enumLabels(about(s).Detail), r.labels(at)))
	if _, ok := r.answer(s, plan.Lossy, ChooseConvert); lossy && !ok {
		return r.ask(s, plan.Lossy, fmt.Sprintf("%s is defined otherwise here, and values in use may not fit what the template wants", quote(at)), ChooseConvert, ChooseSkip)
	}
	sql, err := r.swapStatements(at, word, made...)
	if err != nil {
		return r.ask(s, plan.Dependents, fmt.Sprintf("%s is defined otherwise here and cannot be replaced: %v", quote(at), err), ChooseSkip)
	}
	again, err := r.typeAgain(at, typtype)
	if err != nil {
		return Action{}, err
	}
	undo, err := r.swapStatements(at, word, again...)
	if err != nil {
		return Action{}, err
	}
	a := Action{Do: Adapt, SQL: sql, Undo: undo, Note: "another definition of this name is replaced", Met: []plan.Obstacle{plan.OtherShape}}
	for _, c := range columns {
		switch {
		case typtype == "e": // every value keeps its text, or the new type refuses it
			a.touch(c.at)
		case lossy:
			a.change(c.at)
		case c.array:
			a.recast(c.at, was+"[]")
		default:
			a.recast(c.at, was)
		}
	}
	return a, nil
}

// lacks says whether want lacks a label that is there.
func lacks(want, have []string) bool {
	return slices.ContainsFunc(have, func(label string) bool { return !slices.Contains(want, label) })
}

// user is a column whose type is one that is replaced, or an array of it, in its table and all that inherit from it.
type user struct {
	at    []schema.ColumnName
	array bool
}

// users are the columns of a type, and whether any of their tables has rows.
func (r *resolver) users(at schema.Relation) (list []user, rows bool, err error) {
	set, err := dependents.OfType(r.ctx, r.tx, at.Schema, at.Name)
	if err != nil {
		return nil, false, err
	}
	for _, c := range set.Columns {
		if c.Inherited {
			continue // it is with its parent's
		}
		t := schema.Relation{Schema: c.Schema, Name: c.Table}
		any, err := r.hasRows(t)
		if err != nil {
			return nil, false, err
		}
		columns, err := r.holders(t, c.Column)
		if err != nil {
			return nil, false, err
		}
		list, rows = append(list, user{columns, c.Array}), rows || any
	}
	return list, rows, nil
}

// under is the type under a domain as it is now, and whether the one that the step puts there keeps its values.
func (r *resolver) under(s *plan.Step, at schema.Relation) (typ string, keeps bool) {
	for _, d := range r.db.Domains {
		if d.Relation == at {
			return d.Type, plan.Convert(d.Type, parseDomain(about(s).Detail).typ).Keeps
		}
	}
	return "", false
}

// typeAgain returns the statements that make the enum or domain as it is now.
func (r *resolver) typeAgain(at schema.Relation, typtype string) ([]string, error) {
	if typtype == "e" {
		return []string{"CREATE TYPE " + quote(at) + " AS ENUM (" + literals(r.labels(at)) + ")"}, nil
	}
	for _, d := range r.db.Domains {
		if d.Relation != at {
			continue
		}
		sql := "CREATE DOMAIN " + quote(at) + " AS " + d.Type
		if d.Collation != "" {
			sql += " COLLATE " + d.Collation
		}
		if d.Default != "" {
			sql += " DEFAULT " + d.Default
		}
		if d.NotNull {
			sql += " NOT NULL"
		}
		checks, _, err := r.domainChecks(at)
		return append([]string{sql}, checks...), err
	}
	return nil, fmt.Errorf("the domain %s is not among what was read", quote(at))
}

// swapStatements returns the statements that put a new type in the place of one.
func (r *resolver) swapStatements(at schema.Relation, word string, made ...string) ([]string, error) {
	set, err := dependents.OfType(r.ctx, r.tx, at.Schema, at.Name)
	if err != nil {
		return nil, err
	}
	if len(set.Blocked) > 0 {
		return nil, fmt.Errorf("%s stands in the way: %s", set.Blocked[0].What, set.Blocked[0].Why)
	}
	old := schema.Relation{Schema: at.Schema, Name: freeName(cutName(at.Name, "_before"), func(name string) bool {
		_, taken := r.types[schema.Relation{Schema: at.Schema, Name: name}]
		return taken
	})}
	sql := slices.Concat(set.Drop, []string{"ALTER " + word + " " + quote(at) + " RENAME TO " + schema.Quote(old.Name)}, made)
	var after []string
	for _, c := range set.Columns {
		alter := "ALTER TABLE " + schema.Quote(c.Schema) + "." + schema.Quote(c.Table) + " ALTER COLUMN " + schema.Quote(c.Column) + " "
		if c.Default != "" {
			sql = append(sql, alter+"DROP DEFAULT")
			after = append(after, alter+"SET DEFAULT "+c.Default)
		}
		if c.Inherited {
			continue
		}
		name := schema.Quote(c.Column)
		to, through := quote(at), "::text::"
		if c.Array {
			to, through = to+"[]", "::text[]::"
		}
		sql = append(sql, alter+"TYPE "+to+" USING "+name+through+to)
		after = append(after, c.Again...)
	}
	return slices.Concat(sql, after, []string{"DROP " + word + " " + quote(old)}, set.Own, set.Restore, set.Refresh), nil
}
