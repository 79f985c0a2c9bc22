// Package commitment says what of a schema is committed to: which of its facts stand in which leaf of a tree of package merkle.
//
//	facts ─▶ Tables ─▶ merkle.Commit, merkle.CommitPublic ─▶ root
//	facts ◀─ FactsOf ◀─ an opening
//
// Each fact stands in exactly one leaf: that of its table, or, for what belongs to no table, such as an enum or a view, that of its schema, whose
// table has the empty name. So an opening of all leaves gives all facts, and what a submission encrypts can be held against them.
//
// The canonical JSON of a column (RFC 8785) is a list of its facts, each with the members detail and kind: all that is said of the column alone. What
// several columns have part in, such as a key, is among the table's facts only.
package commitment
