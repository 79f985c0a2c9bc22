package executor

import (
	"fmt"
	"strings"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/provisioner/plan"
)

// kinds are what the kinds of relations are called, and what ALTER calls them.
var kinds = map[string]string{
	"r": "table", "p": "table", "v": "view", "m": "materialized view", "S": "sequence", "i": "index", "I": "index", "f": "foreign table", "c": "type",
}

// vacate makes room for a new relation or type of a name. It returns the statements that rename what has it, as decided, and
// whether a decision is awaited.
func (r *resolver) vacate(s *plan.Step, at schema.Relation) (sql, undo []string, wait *Action, err error) {
	kind, taken := r.taken[at]
	if !taken {
		if _, isType := r.types[at]; !isType {
			return nil, nil, nil, nil
		}
		kind = "c"
	}
	word, why := kinds[kind], ""
	if a, ok := r.answer(s, plan.NameTaken, ChooseRename); ok {
		to := schema.Relation{Schema: at.Schema, Name: a.Value}
		why = fmt.Sprintf("; the name %s that was decided is taken too, or longer than %d bytes", schema.Quote(a.Value), maxNameBytes)
		if to == r.free(to) {
			delete(r.taken, at)
			r.taken[to] = kind
			alter := "ALTER " + strings.ToUpper(word) + " "
			return []string{alter + quote(at) + " RENAME TO " + schema.Quote(to.Name)}, []string{alter + quote(to) + " RENAME TO " + schema.Quote(at.Name)}, nil, nil
		}
	}
	a, err := r.ask(s, plan.NameTaken, fmt.Sprintf("%s is a %s here, so there is no room for what the template calls so%s", quote(at), word, why), ChooseRename, ChooseSkip)
	return nil, nil, &a, err
}

func (r *resolver) addTable(s *plan.Step) (Action, error) {
	f := about(s)
	in := schema.Relation{Schema: f.Schema, Name: f.Table}
	at := r.name(in)
	sql, undo, wait, err := r.vacate(s, at)
	if wait != nil || err != nil {
		return *wait, err
	}
	r.vacateSequences(s)
	a, err := r.run(s, append([]string{"DROP TABLE " + quote(at)}, undo...)...)
	if len(sql) > 0 && a.Do == Run {
		a.Do, a.SQL, a.Note = Adapt, append(sql, a.SQL...), "what had the name has another one"
	}
	r.taken[at], r.types[at] = "r", "c"
	r.keys[at] = make(map[string]struct{})
	r.rows[at] = false
	return a, err
}

// vacateSequences gives the sequences that a step makes for its columns other names where theirs are taken.
func (r *resolver) vacateSequences(s *plan.Step) {
	for _, text := range s.SQL {
		name, ok := strings.CutPrefix(text, "CREATE SEQUENCE ")
		if !ok {
			continue
		}
		_, _ = schema.Requalify(name, func(space, object string) (string, string) {
			in := schema.Relation{Schema: space, Name: object}
			if _, known := r.moved[in]; !known && r.ofTemplate(space) {
				at := schema.Relation{Schema: r.home(space), Name: object}
				r.moved[in] = r.free(at)
				r.taken[r.moved[in]] = "S"
			}
			return space, object
		})
	}
}

// free returns the name, or one like it that no relation has.
func (r *resolver) free(at schema.Relation) schema.Relation {
	return schema.Relation{Schema: at.Schema, Name: freeName(at.Name, func(name string) bool {
		_, relation := r.taken[schema.Relation{Schema: at.Schema, Name: name}]
		_, typ := r.types[schema.Relation{Schema: at.Schema, Name: name}]
		return relation || typ
	})}
}

const maxNameBytes = 63

// freeName returns a name, or the name with a number behind it, that is not taken.
func freeName(name string, taken func(string) bool) string {
	try := cutName(name, "")
	for n := 1; taken(try); n++ {
		try = cutName(name, fmt.Sprintf("_%d", n))
	}
	return try
}

// cutName is a name with a tail, shortened to what PostgreSQL keeps of a name.
func cutName(name, tail string) string {
	runes := []rune(name)
	for len(string(runes))+len(tail) > maxNameBytes {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + tail
}

func (r *resolver) addColumn(s *plan.Step) (Action, error) {
	f := columnOf(s)
	t, _ := r.column(f)
	at := r.table(f)
	r.vacateSequences(s)
	undo := []string{"ALTER TABLE " + quote(at) + " DROP COLUMN " + schema.Quote(f.Name)}
	if t == nil { // made by this plan
		a, err := r.run(s, undo...)
		a.Table = at
		return a, err
	}
	lenient, err := r.lenient(at, f.Name) // children that have the column already keep it
	if err != nil {
		return Action{}, err
	}
	a, err := r.fillColumn(s, f, at, append(undo, lenient...))
	if err != nil {
		return a, err
	}
	a.Table = at
	if a.Do == Run && a.Note == "" {
		a.Note = r.like(t, s)
	}
	return a, err
}

// columnOf is the fact that the step's column exists.
func columnOf(s *plan.Step) schema.Fact {
	return schema.Fact{Kind: schema.KindColumn, Schema: s.Object.Schema, Table: s.Object.Table, Name: s.Object.Name}
}

// fillColumn adds a column, filled by decision where rows would have no value for it.
func (r *resolver) fillColumn(s *plan.Step, f schema.Fact, at schema.Relation, undo []string) (Action, error) {
	kinds := make(map[schema.Kind]bool)
	for _, fact := range s.Facts {
		kinds[fact.Kind] = true
	}
	if !needsValue(kinds) {
		return r.run(s, undo...)
	}
	rows, err := r.hasRows(at)
	if err != nil || !rows {
		a, err2 := r.run(s, undo...)
		if err == nil {
			err = err2
		}
		return a, err
	}
	answer, ok := r.answer(s, plan.RowsInTheWay, ChooseFill, ChooseNumber)
	if !ok {
		why := fmt.Sprintf("the column %s of %s refuses NULL and has no default, and the table has rows", schema.Quote(f.Name), quote(at))
		if hint := r.like(r.tables[schema.Relation{Schema: f.Schema, Name: f.Table}], s); hint != "" {
			why += "; " + hint
		}
		return r.ask(s, plan.RowsInTheWay, why, ChooseFill, ChooseNumber, ChooseSkip)
	}
	a, err := r.run(s, undo...)
	if a.Do != Run {
		return a, err
	}
	last := len(a.SQL) - 1
	for i, text := range a.SQL {
		if strings.Contains(text, " ADD COLUMN ") {
			last = i
		}
	}
	name := schema.Quote(f.Name)
	alter := "ALTER TABLE " + quote(at)
	filled := []string{
		strings.TrimSuffix(a.SQL[last], " NOT NULL"),
		fillStatement(at, name, answer),
		alter + " ALTER COLUMN " + name + " SET NOT NULL",
	}
	a.SQL = append(append(a.SQL[:last:last], filled...), a.SQL[last+1:]...)
	a.Do, a.Note = Adapt, "rows get the value that was decided"
	children, err := r.holders(at, f.Name) // that have the column already
	a.change(children)
	return a, err
}

// fillStatement writes what was decided into the rows that have no value.
func fillStatement(at schema.Relation, column string, a Answer) string {
	if a.Choice == ChooseNumber {
		return "UPDATE " + quote(at) + " t SET " + column + " = n.number FROM (SELECT ctid, tableoid, pg_catalog.row_number() OVER () AS number FROM " +
			quote(at) + ") n WHERE t.ctid = n.ctid AND t.tableoid = n.tableoid AND t." + column + " IS NULL"
	}
	return "UPDATE " + quote(at) + " SET " + column + " = " + literal(a.Value) + " WHERE " + column + " IS NULL"
}

// literal spells a text as an SQL literal of unknown type.
func literal(s string) string {
	if strings.Contains(s, `\`) {
		return " E'" + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), "'", "''") + "'"
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// like names a column of the tenant's own that may be the one that the step adds, under another name.
func (r *resolver) like(t *schema.Table, s *plan.Step) string {
	if t == nil {
		return ""
	}
	f := columnOf(s)
	typ := ""
	for _, fact := range s.Facts {
		if fact.Kind == schema.KindColumnType {
			typ = fact.Detail
		}
	}
	best, score := "", 0.5
	for _, spelling := range r.perTable[schema.Relation{Schema: f.Schema, Name: f.Table}] {
		g := spelling.Fact
		own := schema.Fact{Kind: schema.KindColumn, Schema: g.Schema, Table: g.Table, Name: g.Name}
		if g.Kind != schema.KindColumnType || g.Detail != typ || r.template[own] {
			continue
		}
		if d := dice(g.Name, f.Name); d > score {
			best, score = g.Name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("the column %s of the same type has a similar name: if it is this one, rename it in the mapping file", schema.Quote(best))
}

// dice is the Dice coefficient of the names' bigrams (L. R. Dice, Measures of the amount of ecologic association between
// species, Ecology 26, 1945).
func dice(a, b string) float64 {
	count := make(map[string]int)
	for i := 0; i+2 <= len(a); i++ {
		count[a[i:i+2]]++
	}
	both := 0
	for i := 0; i+2 <= len(b); i++ {
		if count[b[i:i+2]] > 0 {
			count[b[i:i+2]]--
			both++
		}
	}
	if len(a)+len(b) < 4 {
		return 0
	}
	return 2 * float64(both) / float64(len(a)-1+len(b)-1)
}
