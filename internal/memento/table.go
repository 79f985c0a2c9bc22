package memento

// Column is a column whose values count.
type Column struct {
	Name string `json:"name"`
	// As is a type, as format_type prints it with schema, to which values are converted before they are looked at. So the
	// values of a column that changed its type are compared with what they were. Empty means its own type.
	As string `json:"as,omitempty"`
}

// Table is a table and those of its columns that count, in the order in which they are looked at.
type Table struct {
	Schema  string   `json:"schema"`
	Name    string   `json:"name"`
	Columns []Column `json:"columns"`
}

// TableName is the name of a table.
type TableName struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
}

// ID is the name of the table.
func (t Table) ID() TableName { return TableName{t.Schema, t.Name} }

// String is the name as SQL has it.
func (n TableName) String() string { return ident(n.Schema, n.Name) }

// names are the names of the columns.
func (t Table) names() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}
