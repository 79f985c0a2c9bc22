// Package ddl cuts schema files into statements and says what loading them for their structure
// should do with each.
//
// A file is what psql would read: SQL with comments, quotes, dollar quotes and function bodies,
// psql's own commands, and rows after COPY ... FROM stdin. [Splitter] follows psql's scanner and
// returns [Piece] after piece; put together, the pieces are the file. [Parse] reads the
// first words of a statement and looks them up in a table of rules.
//
// Nothing here is a defence. A statement that is cut or read wrongly fails to load, or loads
// with the rights that its database's owner has anyway.
//
// Source: PostgreSQL 18, src/fe_utils/psqlscan.l.
package ddl
