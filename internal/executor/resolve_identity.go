package executor

import (
	"fmt"
	"strings"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/provisioner/plan"
)

// instead puts a default where an identity is.
func (r *resolver) instead(s *plan.Step, t *schema.Table, c *schema.Column, alter string) (Action, error) {
	again, err := r.identityAgain(t, c, alter)
	if err != nil {
		return Action{}, err
	}
	a, err := r.run(s, append([]string{alter + "DROP DEFAULT"}, again...)...)
	if a.Do != Run {
		return a, err
	}
	a.Do, a.Note, a.SQL = Adapt, "it was an identity column", append([]string{alter + "DROP IDENTITY"}, a.SQL...)
	a.Met = []plan.Obstacle{plan.OtherShape}
	return a, err
}

// setIdentity makes a column an identity column that goes on behind the values that are there, and those that its sequence has given out.
func (r *resolver) setIdentity(s *plan.Step) (Action, error) {
	f := about(s)
	t, c := r.column(f)
	alter := r.alterColumn(f)
	if c == nil {
		return r.run(s, alter+"DROP IDENTITY")
	}
	if c.Generated != schema.NotGenerated {
		return r.ask(s, plan.Impossible, "the column "+schema.Quote(f.Name)+" of "+quote(t.Relation)+" is generated from others", ChooseSkip)
	}
	if a, ok := r.otherIdentity(s, t, c, alter); ok {
		return a, nil
	}
	before, undo, err := r.makeRoom(t, c, alter)
	if err != nil {
		return Action{}, err
	}
	instead := len(before) > 0
	if !c.NotNull && !r.facts[schema.Fact{Kind: schema.KindNotNull, Schema: f.Schema, Table: f.Table, Name: f.Name}] {
		before, undo = append(before, alter+"SET NOT NULL"), append(undo, alter+"DROP NOT NULL")
	}
	last, err := r.givenOut(t, c)
	if err != nil {
		return Action{}, err
	}
	a, err := r.run(s, append([]string{alter + "DROP IDENTITY"}, undo...)...)
	if a.Do != Run {
		return a, err
	}
	a.SQL = append(append(before, a.SQL...), goOn(t, c, last))
	a.Table, a.Do = t.Relation, Adapt
	if instead {
		a.Note, a.Met = "what the column had instead makes room", []plan.Obstacle{plan.OtherShape}
	}
	return a, err
}

// goOn is the statement that makes a column's identity go on behind the values that are there and the last that was given out. A serial
// column keeps its sequence, so that it is not for its name alone to say which one is meant.
func goOn(t *schema.Table, c *schema.Column, last string) string {
	return "SELECT pg_catalog.setval(d.objid::pg_catalog.regclass, m.last) FROM (SELECT greatest(pg_catalog.max(" + schema.Quote(c.Name) + "), " + last + ") AS last FROM " +
		quote(t.Relation) + ") m, pg_catalog.pg_depend d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid" +
		" WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'i' AND d.refobjid = " + literal(quote(t.Relation)) +
		"::pg_catalog.regclass AND a.attname = " + literal(c.Name) + " AND m.last >= 1"
}

// makeRoom takes away the identity or default that a column has. Both lists are in the order to run.
func (r *resolver) makeRoom(t *schema.Table, c *schema.Column, alter string) (before, undo []string, err error) {
	switch {
	case c.Identity != schema.NoIdentity:
		undo, err = r.identityAgain(t, c, alter)
		return []string{alter + "DROP IDENTITY"}, undo, err
	case c.Default != "":
		return []string{alter + "DROP DEFAULT"}, []string{alter + "SET DEFAULT " + c.Default}, nil
	}
	return nil, nil, nil
}

// otherIdentity changes an identity that the column has in place, so that its sequence stays what it is.
func (r *resolver) otherIdentity(s *plan.Step, t *schema.Table, c *schema.Column, alter string) (Action, bool) {
	detail := about(s).Detail
	how, options, _ := strings.Cut(strings.TrimPrefix(detail, "by "), " ")
	q := r.sequenceOf(t, c)
	if c.Identity == schema.NoIdentity || q == nil || strings.HasPrefix(options, "as ") {
		return Action{}, false
	}
	words := map[string]string{"always": "ALWAYS", "default": "BY DEFAULT"}
	was := "ALWAYS"
	if c.Identity == schema.IdentityByDefault {
		was = "BY DEFAULT"
	}
	set := func(how string, options []string) string {
		return alter + "SET GENERATED " + how + " SET " + strings.Join(options, " SET ")
	}
	return Action{
		Do: Adapt, Note: "it is an identity column of another kind", Table: t.Relation, Met: []plan.Obstacle{plan.OtherShape},
		SQL: []string{set(words[how], wantedOptions(options))}, Undo: []string{set(was, sequenceOptions(q.Options))},
	}, true
}

// sequenceOf is the sequence of a column's identity, nil if it has none.
func (r *resolver) sequenceOf(t *schema.Table, c *schema.Column) *schema.Sequence {
	for i := range r.db.Sequences {
		if q := &r.db.Sequences[i]; q.Owner == t.Relation && q.OwnerName == c.Name && q.OfIdentity {
			return q
		}
	}
	return nil
}

// givenOut is the last number that sequences of a column have given out, "NULL" if they have given none.
func (r *resolver) givenOut(t *schema.Table, c *schema.Column) (string, error) {
	last := "NULL"
	for _, q := range r.db.Sequences {
		if q.Owner != t.Relation || q.OwnerName != c.Name {
			continue
		}
		err := r.tx.QueryRow(r.ctx, "SELECT coalesce(greatest("+last+", CASE WHEN is_called THEN last_value END)::text, 'NULL') FROM "+quote(q.Relation)).Scan(&last)
		if err != nil {
			return "", fmt.Errorf("the sequence %s could not be read: %w", quote(q.Relation), err)
		}
	}
	return last, nil
}

// identityAgain returns the statements that make a column the identity column that it is.
func (r *resolver) identityAgain(t *schema.Table, c *schema.Column, alter string) ([]string, error) {
	how := "ALWAYS"
	if c.Identity == schema.IdentityByDefault {
		how = "BY DEFAULT"
	}
	q := r.sequenceOf(t, c)
	if q == nil {
		return nil, fmt.Errorf("the sequence of %s.%s is not among what was read", quote(t.Relation), schema.Quote(c.Name))
	}
	var last, comment string
	if err := r.tx.QueryRow(r.ctx, "SELECT pg_catalog.concat(last_value, ', ', is_called), coalesce(pg_catalog.obj_description("+literal(quote(q.Relation))+
		"::pg_catalog.regclass, 'pg_class'), '') FROM "+quote(q.Relation)).Scan(&last, &comment); err != nil {
		return nil, fmt.Errorf("the sequence %s could not be read: %w", quote(q.Relation), err)
	}
	sql := []string{
		alter + "ADD GENERATED " + how + " AS IDENTITY (SEQUENCE NAME " + quote(q.Relation) + " " + strings.Join(sequenceOptions(q.Options), " ") + ")",
		"SELECT pg_catalog.setval(" + literal(quote(q.Relation)) + ", " + strings.NewReplacer(", t", ", true", ", f", ", false").Replace(last) + ")",
	}
	if comment != "" {
		sql = append(sql, "COMMENT ON SEQUENCE "+quote(q.Relation)+" IS "+literal(comment))
	}
	return sql, nil
}

// sequenceOptions spells all options of a sequence but its type. Bounds that its type gives it are not spelt as numbers: the column may
// still have another type when this runs.
func sequenceOptions(o schema.SequenceOptions) []string {
	low, high := fmt.Sprintf("MINVALUE %d", o.Min), fmt.Sprintf("MAXVALUE %d", o.Max)
	least, most := bounds(o)
	if o.Min == least {
		low = "NO MINVALUE"
	}
	if o.Max == most {
		high = "NO MAXVALUE"
	}
	cycle := "NO CYCLE"
	if o.Cycle {
		cycle = "CYCLE"
	}
	return []string{
		fmt.Sprintf("START WITH %d", o.Start), fmt.Sprintf("INCREMENT BY %d", o.Increment), low, high, fmt.Sprintf("CACHE %d", o.Cache), cycle,
	}
}

// bounds are those that a sequence has if none are given.
func bounds(o schema.SequenceOptions) (low, high int64) {
	bits := map[string]int{"smallint": 16, "integer": 32, "bigint": 64}[o.Type]
	if bits == 0 {
		bits = 64
	}
	if o.Increment < 0 {
		return -1 << (bits - 1), -1
	}
	return 1, 1<<(bits-1) - 1
}

// wantedOptions spells all options of a sequence of which a fact has those that differ from what the server takes.
func wantedOptions(options string) []string {
	named := make(map[string]string)
	words := strings.Fields(options)
	for i, word := range words {
		if i+1 < len(words) {
			named[word] = words[i+1]
		}
	}
	option := func(word, otherwise string) string {
		if value, ok := named[word]; ok {
			return strings.ToUpper(word) + " " + value
		}
		return otherwise
	}
	start, cycle := option("minvalue", "MINVALUE 1"), "NO CYCLE"
	if strings.HasPrefix(named["increment"], "-") {
		start = option("maxvalue", "MAXVALUE -1")
	}
	if strings.HasSuffix(options, "cycle") {
		cycle = "CYCLE"
	}
	_, from, _ := strings.Cut(start, " ")
	return []string{
		option("increment", "INCREMENT 1"), option("minvalue", "NO MINVALUE"), option("maxvalue", "NO MAXVALUE"), option("start", "START "+from),
		option("cache", "CACHE 1"), cycle,
	}
}
