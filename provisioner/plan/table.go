package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
)

// schemas adds a step for each schema of the template's in which nothing is known to be there, before all that is made in it.
func (p *planner) schemas() {
	occupied, wanted := make(map[string]bool), make(map[string]bool)
	for f := range p.virtual.spelt {
		in := f.Schema
		if f.Kind == schema.KindExtension {
			in = p.blueprint.Extensions[f.Name]
		}
		if in == "" || strings.HasPrefix(in, "pg_") {
			continue
		}
		// An extension of this name may be in any schema of the tenant's.
		occupied[in] = occupied[in] || f.Kind != schema.KindExtension && p.virtual.state(f) == schema.Present
		wanted[in] = wanted[in] || p.virtual.wanted(f)
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if wanted[name] && !occupied[name] {
			p.add(Step{
				Action: Create, Object: Object{Schema: name}, Goal: "make the schema " + schema.Quote(name), Facts: []schema.Fact{}, Guarded: true,
				SQL: []string{"CREATE SCHEMA " + schema.Quote(name)}, Hazards: []Hazard{HazardPrivileges}, Reversible: Exact,
			})
		}
	}
}

// tables adds a step for each wanted table that is not known to be there, with its columns.
func (p *planner) tables() {
	for i := range p.blueprint.Facts {
		f := p.blueprint.Facts[i].Fact
		if f.Kind == schema.KindTable && p.virtual.wanted(f) {
			p.table(f)
		}
	}
}

func (p *planner) table(f schema.Fact) {
	t := newTable{step: Step{Action: AddTable, Object: Object{Kind: schema.KindTable, Schema: f.Schema, Table: f.Table}}}
	t.step.Goal = "create the table " + of(f)
	t.step.Parts = make(map[string]string)
	t.step.Facts = []schema.Fact{f}
	for _, s := range p.virtual.about[place{f.Schema, f.Table, ""}] {
		p.tableFact(&t, s)
	}
	t.step.SQL = append(t.sequences, t.create(f))
	t.step.SQL = append(t.step.SQL, t.owned...)
	t.step.Reversible = Exact
	undisclosed := p.virtual.state(f) == schema.Undisclosed
	t.step.Guarded = undisclosed
	p.add(t.step)
	if undisclosed { // its parts may be missing where the table is there
		for _, fact := range t.step.Facts {
			delete(p.made, fact)
		}
		p.made[f] = len(p.steps) - 1
		return
	}
	// The template's own design of a new table includes what its policy makes optional.
	for _, s := range p.virtual.about[place{f.Schema, f.Table, ""}] {
		if g := p.virtual.goals[s.Fact]; g == nil || g.Want != WantAbsent {
			p.reach(s.Fact)
		}
	}
}

// newTable collects the clauses of a CREATE TABLE.
type newTable struct {
	step             Step
	columns          []string // clauses in the order of their names' first fact
	partitionOf      string   // "s.t FOR VALUES ..."
	inherits         []string
	partitionKey     string
	sequences, owned []string
}

// tableFact takes a fact of the table into its CREATE TABLE where it belongs there.
func (p *planner) tableFact(t *newTable, s *schema.Spelling) {
	f := s.Fact
	switch f.Kind {
	case schema.KindColumn:
		c := p.columnClause(f)
		t.columns = append(t.columns, c.clause)
		t.step.Parts[f.Name] = c.clause
		for _, own := range c.facts {
			if p.virtual.saidBy(f, own) {
				t.step.Facts = append(t.step.Facts, own)
			}
		}
		t.sequences, t.owned = append(t.sequences, c.before...), append(t.owned, c.after...)
	case schema.KindPartition:
		t.partitionOf = strings.TrimPrefix(s.SQL, "of ")
		t.step.Facts = append(t.step.Facts, f)
		t.step.Locks = append(t.step.Locks, lockTarget(f, "ACCESS EXCLUSIVE")...)
	case schema.KindInheritance:
		t.inherits = append(t.inherits, strings.TrimPrefix(s.SQL, "from "))
		t.step.Facts = append(t.step.Facts, f)
		t.step.Locks = append(t.step.Locks, lockTarget(f, "ACCESS EXCLUSIVE")...)
	case schema.KindPartitionKey:
		t.partitionKey = s.SQL
		t.step.Facts = append(t.step.Facts, f)
	}
}

func (t *newTable) create(f schema.Fact) string {
	var b strings.Builder
	b.WriteString("CREATE TABLE " + of(f))
	if t.partitionOf != "" {
		b.WriteString(" PARTITION OF " + t.partitionOf)
	} else {
		b.WriteString(" (")
		for i, c := range t.columns {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString("\n    " + c)
		}
		b.WriteString("\n)")
	}
	if len(t.inherits) > 0 {
		b.WriteString(" INHERITS (" + strings.Join(t.inherits, ", ") + ")")
	}
	if t.partitionKey != "" {
		b.WriteString(" PARTITION BY " + t.partitionKey)
	}
	return b.String()
}

// of returns the qualified name of a fact's table.
func of(f schema.Fact) string { return schema.Quote(f.Schema) + "." + schema.Quote(f.Table) }

// named returns the qualified name of an object that is no table's.
func named(f schema.Fact) string { return schema.Quote(f.Schema) + "." + schema.Quote(f.Name) }

func lockAll(f schema.Fact) []Lock {
	if f.Table == "" {
		return nil
	}
	return []Lock{{of(f), "ACCESS EXCLUSIVE"}}
}

func lockTarget(f schema.Fact, mode string) []Lock {
	to, ok := f.Target()
	if !ok {
		return nil
	}
	return []Lock{{schema.Quote(to.Schema) + "." + schema.Quote(to.Name), mode}}
}
