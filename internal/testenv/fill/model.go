package fill

import (
	"slices"

	"github.com/jackc/pgx/v5"
)

// table is one that holds rows itself: an ordinary table, or a leaf of a partitioned one.
type table struct {
	oid          uint32
	schema, name string
	columns      []*column // in the order of their numbers; those that are dropped left out
	links        []*link
	keys         []*key
	rules        []*rule
}

func (t *table) sql() string   { return pgx.Identifier{t.schema, t.name}.Sanitize() }
func (t *table) label() string { return t.schema + "." + t.name }

type column struct {
	index     int // in table.columns, and of its value in a row
	number    int16
	name      string
	kind      *kind
	mod       int32 // as pg_attribute.atttypmod has it
	notNull   bool
	generated bool     // computed from other columns
	sequence  uint32   // behind its default or identity, 0 if there is none
	alone     bool     // the only column of a key
	words     []string // literals of its default and checks
	pool      []string // if not empty: values that the checks on this column alone let pass
	likely    []string // those of the pool that are words
}

// serial says whether the column's values count upwards.
func (c *column) serial() bool { return c.sequence != 0 || c.alone }

// link is a foreign key.
type link struct {
	name      string
	columns   []*column
	target    uint32   // the referenced table, perhaps partitioned
	keys      []string // names of its columns
	matchFull bool
	offers    []row // tuples of the target that are good for it
}

// soft says whether the link may be satisfied by NULL.
func (l *link) soft() bool {
	null := func(c *column) bool { return !c.notNull }
	if l.matchFull {
		return !slices.ContainsFunc(l.columns, func(c *column) bool { return c.notNull })
	}
	return slices.ContainsFunc(l.columns, null)
}

// key is a unique or exclusion constraint or a unique index.
type key struct {
	name    string
	columns []*column // all that take part, in expressions and predicates too
	plain   bool      // its columns decide: no expression, no predicate, no exclusion
	oneNull bool      // NULLS NOT DISTINCT
}

// rule is a check constraint, or with the name "" a partition's bounds.
type rule struct {
	name       string
	expression string
	columns    []*column
}

// row holds the values of one row in the text form of their types, nil for NULL and for generated columns.
type row []*string

// kind is a type, as pg_type has it.
type kind struct {
	oid      uint32
	name     string // as in the catalog, without its schema
	builtin  bool   // of pg_catalog
	sql      string // with its schema and no modifier
	class    string // typtype
	category string // typcategory
	notNull  bool   // of a domain
	element  *kind  // of an array
	base     *kind  // of a domain
	subtype  *kind  // of a range
	mod      int32  // of a domain's base
	labels   []string
	fields   []field
	checks   []string // of a domain, in terms of "value"
	pool     []string // of a domain or a type that is not known here
	probed   bool     // whether the pool is filled
}

type field struct {
	kind *kind
	mod  int32
}
