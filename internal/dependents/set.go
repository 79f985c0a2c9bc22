package dependents

// Target is a column whose type changes, by names as the catalog has them. The columns of partitions and inheriting tables
// change with it and need not be named.
type Target struct{ Schema, Table, Column string }

// Set is what has to be done around a change. Every statement stands alone and has no semicolon at its end.
type Set struct {
	// Drop takes the dependents away, in this order.
	Drop []string
	// Restore puts them back after the change, in this order.
	Restore []string
	// Refresh fills the materialized views that held rows, after Restore.
	Refresh []string
	// Own gives the relation, type or key that was made anew under its old name what the old one had besides its definition: owner,
	// options, defaults of a view's columns, rights, comments, and that the table is clustered or replicated by the key. It runs after the
	// change and before Restore, and fails where the new one has no such column or index. Of gives none.
	Own []string
	// Aside names what Drop takes away as "view public.v" or "trigger t on public.x", in the order of Drop.
	Aside []string
	// Carried names the plain keys and indexes of the columns, which stay where they are: the server carries them along when a type
	// changes, and drops them without a word when the column is dropped.
	Carried []string
	// Blocked is what cannot step aside. Unless it is empty, the change is not possible, and Drop and Restore are not the whole.
	Blocked []Blocked
	// Columns are those whose types change: the targets with what inherits from them, or for [OfType] all that use the type.
	Columns []Column
}

// Blocked is an object that forbids the change.
type Blocked struct {
	What   string // as "function public.f(integer)"
	Why    string // what follows "cannot step aside: ", without a full stop
	Target Target // the column through which it stands in the way; the zero Target where that is a type, key or relation as a whole
}

// Column is a column as it is before the change.
type Column struct {
	Target
	Type      string // with its modifier, as the server spells it
	Default   string // the expression, "" for none; of a generated column that of its value
	Collation string // qualified, "" for that of the type
	Inherited bool   // changes with the same column of a parent, whose table is named in the change
	Array     bool   // for [OfType]: an array of the type
	// Again sets what a change of type resets: storage and compression. A statement fails if the new type is of fixed length.
	Again []string
}
