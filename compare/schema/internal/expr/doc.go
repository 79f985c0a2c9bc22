// Package expr brings what a PostgreSQL server prints of an expression or a type to one canonical spelling.
//
// # Model
//
// The server keeps expressions as trees and prints them when asked. What it prints is almost canonical: it
// comes with all parentheses, upper-case keywords, lower-case or quoted names. But hand-written DDL, its dump and the dump of that dump
// were seen to print differently, and names carry the schema they live in. So a text is cut into tokens, the tokens are
// grouped into a tree by their brackets ([parser]), the tree is simplified, and printed again:
//
//   - x AND (y AND z) is x AND y AND z, and the same for OR
//   - (ARRAY[x, y])::T[] is ARRAY[(x)::T, (y)::T], which is what the server makes of it at the next reload
//   - ARRAY[]::T[] is '{}'::T[]
//   - a cast to the type that a value was just cast to is dropped, as is the cast of a string literal
//     between text and character varying
//   - ((x)) is (x), and parentheses around a lone name or literal are dropped where nothing hangs on them
//   - "x" is x where the quotes change nothing; the list of words that keep their quotes is fixed, since the server's
//     own grows from version to version
//   - names change as [Renames] says: qualifiers, tables, columns, and names inside 'public.t'::regclass
//
// It is no parser of SQL: it needs only what the server's printing guarantees, that operators come in parentheses. Text
// that it does not understand is an error, and the caller keeps the text as it is.
//
// The sources are ruleutils.c (what is printed), gram.y and parse_expr.c (what is made of it at reload) of PostgreSQL 15 to 18.
package expr
