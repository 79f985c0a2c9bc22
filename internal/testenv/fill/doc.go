// Package fill puts generated rows into every table of a database, so that tests of provisioning work on tables that
// hold something.
//
// # Model
//
// The catalog says what a row must be. It is read once into tables, each with
//
//	column   a type with its modifier, NULL or not, generated or not, the sequence behind it
//	link     a foreign key: its columns take a tuple that the referenced table already has
//	key      a unique or exclusion constraint or a unique index
//	rule     a check constraint, or the bounds of a partition
//
// The tables are cut into units and the units put in order, so that a row is inserted after the rows it points to:
//
//	hard link  none of its columns may be NULL: the target comes first; a cycle of hard links is one unit
//	soft link  may be NULL: where its target comes later, it is NULL at first and updated in the end
//
// A unit is filled by one statement. A row for each of its tables, a bundle, is what a cycle of hard links needs; PostgreSQL looks
// at foreign keys at the end of a statement, so a bundle's rows may point to each other, and a row to itself.
//
// # The server is the judge
//
// Nothing here understands an expression. Values are drawn by type, with the literals of defaults and checks thrown in,
// and the server says what it makes of them: once for the checks that look at one column, whose good values become the
// column's pool, and then by taking a row or naming the constraint that refused it. The columns of that constraint are drawn again, and
// again, up to a limit. So a table that cannot be filled ends in a [Gap] with the server's last word.
//
// # What is left as it was
//
// Everything happens in one transaction. User triggers, rules and forced row security would stand in the way; they are switched off
// and put back exactly. The role needs no right but to own the tables. The same seed gives the same rows.
package fill
