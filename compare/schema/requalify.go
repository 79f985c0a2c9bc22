package schema

import "github.com/veilschema/veil/compare/schema/internal/expr"

// Requalify returns SQL with every qualified name replaced by what in returns for it, everything else byte by byte as it
// is. Qualified names are NAME.NAME outside of literals, and those in literals that are cast to regclass and the like. What
// stands in dollar quotes, the body of a function, is a text of another language: it stays, and in is asked with the
// name "" for each word in it that is followed by a dot, so that a caller can refuse what it cannot rename.
//
// A column of a table, or of an alias, that is called like a schema is taken for one; the caller's in should know its schemas.
func Requalify(sql string, in func(schema, name string) (string, string)) (string, error) {
	return expr.Requalify(sql, in)
}
