package schema

import "github.com/veilschema/veil/compare/schema/internal/expr"

// names tells what the names in an expression become. One is made for each table, since bare names are its columns.
type names struct {
	m       Mapping
	schemas map[string]bool     // those that were read
	owned   map[Relation]string // sequence to the spelling of the column that owns it
	table   Relation            // to which the expression belongs, the zero Relation if to none
}

var _ expr.Names = names{}

func newNames(d *Database, m Mapping) names {
	n := names{m: m, schemas: make(map[string]bool), owned: make(map[Relation]string)}
	for _, s := range d.Schemas {
		n.schemas[s] = true
	}
	for _, s := range d.Sequences {
		if s.Owner != (Relation{}) {
			n.owned[s.Relation] = quoteRelation(m.relation(s.Owner)) + "." + Quote(m.column(s.Owner, s.OwnerName))
		}
	}
	return n
}

func (n names) of(table Relation) names {
	n.table = table
	return n
}

// Qualified renames schema.name where the qualifier is a schema that was read, and table.column where it is the own table. An
// alias that is called like a schema is taken for the schema.
func (n names) Qualified(qualifier, name string) (string, string) {
	switch {
	case n.schemas[qualifier]:
		to := n.m.relation(Relation{qualifier, name})
		return to.Schema, to.Name
	case n.table.Name != "" && n.table.Name == qualifier:
		return n.m.relation(n.table).Name, n.m.column(n.table, name)
	}
	return qualifier, name
}

// Column renames a column of the own table.
func (n names) Column(name string) string {
	if len(n.m.Columns) == 0 {
		return name
	}
	return n.m.column(n.table, name)
}

// Sequence spells a sequence that a column owns.
func (n names) Sequence(schema, name string) (string, bool) {
	spelling, ok := n.owned[Relation{schema, name}]
	return spelling, ok
}
