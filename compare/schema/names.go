package schema

import "github.com/veilschema/veil/compare/schema/internal/expr"

// names tells what the names in an expression become. One is made for each table, since bare names are its columns.
type names struct {
	m       Mapping
	schemas map[string]bool     // those that were read
	tables  map[Relation]bool   // those of these schemas
	owned   map[Relation]string // sequence to the spelling of the column that owns it
	table   Relation            // to which the expression belongs, the zero Relation if to none
}

var _ expr.Names = names{}

func newNames(d *Database, m Mapping) names {
	n := names{m: m, schemas: make(map[string]bool), tables: make(map[Relation]bool), owned: make(map[Relation]string)}
	for _, s := range d.Schemas {
		n.schemas[s] = true
	}
	for i := range d.Tables {
		n.tables[d.Tables[i].Relation] = true
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

// Qualified renames schema.name where the qualifier is a schema that was read, and table.column where it is a table
// beside the own one, or NEW or OLD of a trigger. An alias that is called like one of these is taken for it.
func (n names) Qualified(qualifier, name string) (string, string) {
	if n.schemas[qualifier] {
		to := n.m.relation(Relation{qualifier, name})
		return to.Schema, to.Name
	}
	if beside := (Relation{n.table.Schema, qualifier}); n.tables[beside] {
		return n.m.relation(beside).Name, n.m.column(beside, name)
	}
	if qualifier == "new" || qualifier == "old" {
		return qualifier, n.m.column(n.table, name)
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
