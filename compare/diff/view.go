package diff

import (
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// View is a diff that [WriteText] can write: a [TableView] or an [OrderView].
type View interface {
	// blocks returns the lines of the text, one block for each table.
	blocks() []block
}

var (
	_ View = (*TableView)(nil)
	_ View = (*OrderView)(nil)
)

// TableView is a diff of tables and what belongs to them. Names are the
// template's, and the tenant's where only the tenant has the thing.
type TableView struct {
	Tables []Table
	// Objects are the facts that belong to no table: enums, sequences, views,
	// functions, extensions.
	Objects []Line
}

// Same reports whether the view shows no difference and nothing undisclosed.
func (v *TableView) Same() bool {
	for _, t := range v.Tables {
		if !t.Same() {
			return false
		}
	}
	return sameLines(v.Objects)
}

// Table is one table in a diff.
type Table struct {
	Mark Mark
	Name schema.Relation
	// Was is what the tenant calls it where a mapping renames it, the zero
	// Relation otherwise.
	Was schema.Relation
	// Rule and AnyOf are as in Line.
	Rule    template.Rule
	AnyOf   string
	Columns []Column // sorted by name
	// Facts are those that belong to no single column: keys, checks, indexes.
	Facts []Line
}

// Same reports whether the table and all in it is the same on both sides.
func (t *Table) Same() bool {
	for _, c := range t.Columns {
		if !c.Same() {
			return false
		}
	}
	return t.Mark == Same && sameLines(t.Facts)
}

// Column is one column in a diff.
type Column struct {
	Mark Mark
	Name string
	Was  string // what the tenant calls it where a mapping renames it, "" otherwise
	// Rule and AnyOf are as in Line.
	Rule  template.Rule
	AnyOf string
	// Facts are its type, default and whatever else there is to it.
	Facts []Line
}

// Same reports whether the column and all that is said of it is the same on
// both sides.
func (c *Column) Same() bool { return c.Mark == Same && sameLines(c.Facts) }

// Line is one fact in a diff.
type Line struct {
	Mark Mark
	Fact schema.Fact
	// Rule is the template's for the fact, RuleUnknown where the template does not
	// judge it; AnyOf is its group of alternatives, "" where it is in none.
	Rule  template.Rule
	AnyOf string
}

func sameLines(list []Line) bool {
	for _, l := range list {
		if l.Mark != Same {
			return false
		}
	}
	return true
}

// OrderView is a diff of the order of a table's columns.
type OrderView struct {
	Name  schema.Relation
	Was   schema.Relation // as in Table
	Lines []OrderLine
}

// Same reports whether all columns are there in the same order.
func (v *OrderView) Same() bool {
	for _, l := range v.Lines {
		if l.Mark != Same {
			return false
		}
	}
	return true
}

// OrderLine is one column at its place. A column that stands elsewhere has two
// lines, one Extra at the tenant's place and one Missing at the template's, both
// with Moved set.
type OrderLine struct {
	Mark  Mark
	Name  string
	Was   string // as in Column
	Moved bool
}
