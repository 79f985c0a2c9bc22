package plan

import (
	"strings"

	"github.com/veilschema/veil/compare/schema"
)

// columnParts are the clauses of one column in the template.
type columnParts struct {
	clause        string // "room integer DEFAULT 0 NOT NULL"
	facts         []schema.Fact
	before, after []string // the sequence that it owns: made before the column, tied to it after
	typ           string
	collation     string
	byKind        map[schema.Kind]*schema.Spelling
}

// columnClause collects what the template says of a column, in the order that CREATE TABLE takes.
func (p *planner) columnClause(f schema.Fact) columnParts {
	c := columnParts{byKind: make(map[schema.Kind]*schema.Spelling)}
	for _, s := range p.virtual.about[place{f.Schema, f.Table, f.Name}] {
		if g := p.virtual.goals[s.Fact]; g != nil && g.Want == WantAbsent {
			continue
		}
		c.byKind[s.Fact.Kind] = s
		c.facts = append(c.facts, s.Fact)
	}
	words := []string{schema.Quote(f.Name)}
	add := func(k schema.Kind, spell func(sql string) string) {
		if s := c.byKind[k]; s != nil {
			words = append(words, spell(s.SQL))
		}
	}
	add(schema.KindColumnType, func(sql string) string { c.typ = sql; return sql })
	add(schema.KindCollation, func(sql string) string { c.collation = " COLLATE " + sql; return "COLLATE " + sql })
	add(schema.KindDefault, func(sql string) string { return "DEFAULT " + sql })
	add(schema.KindGenerated, generated)
	add(schema.KindIdentity, func(sql string) string { return "GENERATED " + identity(sql) })
	add(schema.KindNotNull, func(string) string { return "NOT NULL" })
	c.clause = strings.Join(words, " ")
	if s := c.byKind[schema.KindSequence]; s != nil {
		c.before, c.after = ownedSequence(s)
	}
	return c
}

// generated spells "stored (a + b)" as a clause.
func generated(sql string) string {
	how, value, _ := strings.Cut(sql, " ")
	return "GENERATED ALWAYS AS " + value + " " + strings.ToUpper(how)
}

// identity spells "by default increment 2" as a clause without its first word.
func identity(sql string) string {
	how := "ALWAYS"
	options, ok := strings.CutPrefix(sql, "always")
	if !ok {
		how, options = "BY DEFAULT", strings.TrimPrefix(sql, "by default")
	}
	if options = strings.TrimSpace(options); options != "" {
		return how + " AS IDENTITY (" + options + ")"
	}
	return how + " AS IDENTITY"
}

// ownedSequence returns the statements that make a sequence, and tie it to the column that owns it.
func ownedSequence(s *schema.Spelling) (before, after []string) {
	name := schema.Quote(s.Object.Schema) + "." + schema.Quote(s.Object.Name)
	return []string{"CREATE SEQUENCE " + name + " " + strings.TrimPrefix(s.SQL, "owned ")},
		[]string{"ALTER SEQUENCE " + name + " OWNED BY " + of(s.Fact) + "." + schema.Quote(s.Fact.Name)}
}

// column adds the step that makes a fact of a column: the column with all its facts where it is not known to be there, one property
// otherwise.
func (p *planner) column(s *schema.Spelling) {
	f := s.Fact
	c := p.columnClause(f)
	own := column(f)
	if p.virtual.wanted(own) && !p.done(own) && !p.virtual.inherited(own) {
		p.newColumn(own, c)
		if p.virtual.state(own) == schema.Absent {
			return
		}
	}
	if p.done(f) {
		return
	}
	switch f.Kind {
	case schema.KindColumn:
	case schema.KindColumnType, schema.KindCollation:
		p.setType(s, c)
	case schema.KindDefault:
		p.alter(s, SetValue, "set the default of "+dotted(f), "SET DEFAULT "+s.SQL, nil)
	case schema.KindNotNull:
		p.alter(s, SetFill, "refuse NULL in "+dotted(f), "SET NOT NULL", []Hazard{HazardScan, HazardRows})
	case schema.KindIdentity:
		p.alter(s, SetIdent, "make "+dotted(f)+" an identity column", "ADD GENERATED "+identity(s.SQL), nil)
	case schema.KindGenerated:
		p.ask(s, "generate "+dotted(f)+" from other columns")
	case schema.KindSequence:
		before, after := ownedSequence(s)
		p.add(Step{
			Action: Create, Goal: "give " + dotted(f) + " a sequence of its own", Object: objectOf(s), Facts: []schema.Fact{f},
			SQL: append(before, after...), Locks: lockAll(f), Reversible: Exact,
		})
		p.steps[len(p.steps)-1].rank = ranks[SetType] // where the column is not there, it comes with it
	}
}

// newColumn adds the step that adds a column.
func (p *planner) newColumn(own schema.Fact, c columnParts) {
	hazards := []Hazard{HazardBlocksAll}
	_, value := c.byKind[schema.KindDefault]
	_, gen := c.byKind[schema.KindGenerated]
	_, ident := c.byKind[schema.KindIdentity]
	if _, filled := c.byKind[schema.KindNotNull]; filled && !value && !gen && !ident {
		hazards = append(hazards, HazardRows)
	}
	if value && !constant(c.byKind[schema.KindDefault].SQL) || gen || ident {
		hazards = append(hazards, HazardRewrite)
	}
	sql := append(c.before, "ALTER TABLE "+of(own)+" ADD COLUMN "+c.clause)
	undisclosed := p.virtual.state(own) == schema.Undisclosed
	p.add(Step{
		Action: AddCol, Goal: "add the column " + dotted(own), Object: Object{Kind: schema.KindColumn, Schema: own.Schema, Table: own.Table, Name: own.Name},
		Facts: c.facts, SQL: append(sql, c.after...), Locks: lockAll(own), Hazards: hazards, Reversible: Exact,
		Parts: map[string]string{own.Name: c.clause},
	})
	if undisclosed {
		for _, f := range c.facts {
			delete(p.made, f)
		}
		p.made[own] = len(p.steps) - 1
	}
}

// setType adds the step that gives a column its type and collation.
func (p *planner) setType(s *schema.Spelling, c columnParts) {
	f := s.Fact
	typ := c.byKind[schema.KindColumnType]
	if typ == nil {
		p.refuse(f, "the template forbids the type of this column, or its DDL does not say it")
		return
	}
	step := Step{Action: SetType, Goal: "make " + dotted(f) + " " + c.typ, Object: Object{Kind: schema.KindColumnType, Schema: f.Schema, Table: f.Table, Name: f.Name}, Locks: lockAll(f)}
	step.Facts = []schema.Fact{typ.Fact}
	if collation := c.byKind[schema.KindCollation]; collation != nil {
		step.Facts = append(step.Facts, collation.Fact)
	}
	name := schema.Quote(f.Name)
	step.SQL = []string{"ALTER TABLE " + of(f) + " ALTER COLUMN " + name + " TYPE " + c.typ + c.collation + " USING " + name + "::" + c.typ}
	from := ""
	if g := p.virtual.goals[typ.Fact]; g != nil {
		step.Was, from = g.Was, g.Was
		if g.Verdict == schema.Present { // only the collation changes
			from = typ.Fact.Detail
		}
	}
	step.converts(from, typ.Fact.Detail)
	p.add(step)
}

// converts says what a change of type may do; "" is a type that is not known.
func (s *Step) converts(from, to string) {
	var c Conversion
	if from == "" {
		c.Rewrites = true
	} else {
		c = Convert(from, to)
	}
	s.Hazards, s.Reversible = []Hazard{HazardBlocksAll}, Exact
	if c.Rewrites {
		s.Hazards = append(s.Hazards, HazardRewrite)
	}
	if !c.Keeps {
		s.Hazards, s.Reversible = append(s.Hazards, HazardLossy), FromBackup
	}
}

// alter adds a step of one ALTER COLUMN.
func (p *planner) alter(s *schema.Spelling, a Action, goal, clause string, hazards []Hazard) {
	f := s.Fact
	was := ""
	if g := p.virtual.goals[f]; g != nil {
		was = g.Was
	}
	p.add(Step{
		Action: a, Goal: goal, Object: Object{Kind: f.Kind, Schema: f.Schema, Table: f.Table, Name: f.Name}, Facts: []schema.Fact{f}, Was: was,
		SQL:   []string{"ALTER TABLE " + of(f) + " ALTER COLUMN " + schema.Quote(f.Name) + " " + clause},
		Locks: lockAll(f), Hazards: append([]Hazard{HazardBlocksAll}, hazards...), Reversible: Exact,
	})
}

// dotted is a column with its table.
func dotted(f schema.Fact) string { return of(f) + "." + schema.Quote(f.Name) }

// constant says whether a default is a literal, so that adding a column with it touches no row.
func constant(sql string) bool {
	return !strings.Contains(sql, "(") || strings.HasPrefix(sql, "'") && strings.Count(sql, "'") == 2
}
