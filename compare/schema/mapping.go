package schema

import (
	"fmt"
	"maps"
	"slices"
)

// Mapping renames what a database has to what a template calls it. The zero Mapping renames nothing. Keys are names as
// the database has them; a name that is in none of the maps stays. Names change wherever they occur: in types, in the targets of foreign
// keys, in expressions.
type Mapping struct {
	Schemas map[string]string     // schema to schema; several may go to one
	Tables  map[Relation]string   // table or view to its new name in the mapped schema
	Columns map[ColumnName]string // column of a table to its new name
}

// ColumnName is a column of a table.
type ColumnName struct {
	Schema string
	Table  string
	Column string
}

func (m Mapping) schema(name string) string {
	if to, ok := m.Schemas[name]; ok {
		return to
	}
	return name
}

func (m Mapping) relation(r Relation) Relation {
	name := r.Name
	if to, ok := m.Tables[r]; ok {
		name = to
	}
	return Relation{m.schema(r.Schema), name}
}

func (m Mapping) column(table Relation, name string) string {
	if to, ok := m.Columns[ColumnName{table.Schema, table.Name, name}]; ok {
		return to
	}
	return name
}

// Validate says whether the mapping fits the database: every entry names something that is there, every new name can be a
// name, and no two things get the same name. The error names the entry.
func (m Mapping) Validate(d *Database) error {
	if err := m.validateSchemas(d); err != nil {
		return err
	}
	columns := make(map[Relation][]Column, len(d.Tables))
	relations := make(map[Relation]bool, len(d.Tables)+len(d.Views))
	for _, t := range d.Tables {
		columns[t.Relation], relations[t.Relation] = t.Columns, true
	}
	for _, v := range d.Views {
		relations[v.Relation] = true
	}
	for _, from := range slices.SortedFunc(maps.Keys(m.Tables), compareRelations) {
		if !relations[from] {
			return fmt.Errorf("the mapping renames the table %s, which the database does not have", quoteRelation(from))
		}
		if err := checkNewName("table "+quoteRelation(from), m.Tables[from]); err != nil {
			return err
		}
	}
	for _, from := range slices.SortedFunc(maps.Keys(m.Columns), compareColumnNames) {
		table := Relation{from.Schema, from.Table}
		spelt := quoteRelation(table) + "." + Quote(from.Column)
		if !slices.ContainsFunc(columns[table], func(c Column) bool { return c.Name == from.Column }) {
			return fmt.Errorf("the mapping renames the column %s, which the database does not have", spelt)
		}
		if err := checkNewName("column "+spelt, m.Columns[from]); err != nil {
			return err
		}
	}
	return m.validateUnique(d)
}

func (m Mapping) validateSchemas(d *Database) error {
	for _, from := range slices.Sorted(maps.Keys(m.Schemas)) {
		if !slices.Contains(d.Schemas, from) {
			return fmt.Errorf("the mapping renames the schema %s, which is not among the schemas that were read", Quote(from))
		}
		if err := checkNewName("schema "+Quote(from), m.Schemas[from]); err != nil {
			return err
		}
	}
	return nil
}

func checkNewName(what, to string) error {
	if to == "" || len(to) > maxName {
		return fmt.Errorf("the mapping gives the %s a name of %d bytes; want 1 to %d", what, len(to), maxName)
	}
	return nil
}

// validateUnique looks for tables, views, sequences or types, and for columns of a table, that would get the same name.
func (m Mapping) validateUnique(d *Database) error {
	relations, types := make(map[Relation]Relation), make(map[Relation]Relation)
	claim := func(taken map[Relation]Relation, from Relation) error {
		to := m.relation(from)
		if other, ok := taken[to]; ok {
			return fmt.Errorf("the mapping gives %s and %s the same name %s; map one of them to another table or schema",
				quoteRelation(other), quoteRelation(from), quoteRelation(to))
		}
		taken[to] = from
		return nil
	}
	for _, from := range d.relations() {
		if err := claim(relations, from); err != nil {
			return err
		}
	}
	for _, from := range d.types() {
		if err := claim(types, from); err != nil {
			return err
		}
	}
	for _, t := range d.Tables {
		columns := make(map[string]string, len(t.Columns))
		for _, c := range t.Columns {
			to := m.column(t.Relation, c.Name)
			if other, ok := columns[to]; ok {
				return fmt.Errorf("the mapping gives the columns %s and %s of %s the same name %s",
					Quote(other), Quote(c.Name), quoteRelation(t.Relation), Quote(to))
			}
			columns[to] = c.Name
		}
	}
	return nil
}

// relations lists the names of tables, views and standalone sequences.
func (d *Database) relations() []Relation {
	var names []Relation
	for _, t := range d.Tables {
		names = append(names, t.Relation)
	}
	for _, v := range d.Views {
		names = append(names, v.Relation)
	}
	for _, s := range d.Sequences {
		if s.Owner == (Relation{}) {
			names = append(names, s.Relation)
		}
	}
	return names
}

// types lists the names of types that are no table's.
func (d *Database) types() []Relation {
	var names []Relation
	for _, t := range d.Enums {
		names = append(names, t.Relation)
	}
	for _, t := range d.Domains {
		names = append(names, t.Relation)
	}
	for _, t := range d.Composites {
		names = append(names, t.Relation)
	}
	for _, t := range d.Ranges {
		names = append(names, t.Relation)
	}
	return names
}
