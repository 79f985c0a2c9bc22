package schema

// Mapping renames what a database has to what a template calls it. The zero Mapping renames nothing. Keys are names as
// the database has them; a name that is in none of the maps stays.
type Mapping struct {
	Schemas map[string]string     // schema to schema; several may go to one
	Tables  map[Relation]string   // table to its new name in the mapped schema
	Columns map[ColumnName]string // column to its new name
}

// ColumnName is a column of a table.
type ColumnName struct {
	Schema string
	Table  string
	Column string
}
