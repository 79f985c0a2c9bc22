package diff

import "github.com/veilschema/veil/compare/schema"

// renamed tells what a tenant calls the tables and columns that a mapping
// renames, by their new names.
type renamed struct {
	tables  map[schema.Relation]schema.Relation
	columns map[schema.ColumnName]string
}

// renames turns a mapping around. A mapping by itself cannot be turned around,
// since several schemas may go to one; over the tables of a database it can.
func renames(d *schema.Database, m schema.Mapping) renamed {
	r := renamed{map[schema.Relation]schema.Relation{}, map[schema.ColumnName]string{}}
	for i := range d.Tables {
		from := d.Tables[i].Relation
		to := renamedTable(from, m)
		if to != from {
			r.tables[to] = from
		}
		for _, c := range d.Tables[i].Columns {
			if name := renamedColumn(from, c.Name, m); name != c.Name {
				r.columns[schema.ColumnName{Schema: to.Schema, Table: to.Name, Column: name}] = c.Name
			}
		}
	}
	return r
}

func renamedTable(r schema.Relation, m schema.Mapping) schema.Relation {
	to := r
	if name, ok := m.Tables[r]; ok {
		to.Name = name
	}
	if name, ok := m.Schemas[r.Schema]; ok {
		to.Schema = name
	}
	return to
}

func renamedColumn(of schema.Relation, name string, m schema.Mapping) string {
	if to, ok := m.Columns[schema.ColumnName{Schema: of.Schema, Table: of.Name, Column: name}]; ok {
		return to
	}
	return name
}
