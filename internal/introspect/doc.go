// Package introspect reads the structure of a PostgreSQL database into a [schema.Database].
//
// # Model
//
// [Read] asks the system catalog in one read-only transaction on one snapshot, in four rounds of pipelined statements:
//
//	who      the server, the database, its schemas and extensions
//	what     which objects the asked-for schemas have, and which of them belong to an extension
//	rows     the catalog rows of those objects: tables, columns, constraints, indexes, ...
//	names    what those rows point to: types, collations, operator classes, tables of other schemas
//
// [Options] may name single relations, which are then found by name and cost no more than they are. [ReadTx] asks inside a transaction of
// the caller's and sees what that has changed.
//
// Everything is put together here, by object id; the server prints only expressions. It does so with an empty search_path and fixed
// settings for dates, intervals, time zone and the like, so that the text does not depend on who asks.
//
// # Building anew
//
// A model says what holds, not how to make it so. [ReadDesign] asks in two more rounds for what is missing: the texts of views,
// functions and triggers, and from the dependency catalog what must be there before what. That catalog speaks of rows of all
// others; what has no identity of its own (a default, the rule of a view, the type of a table's rows, an array, a member of an extension)
// is told as the object of which it is a part, so that both ends of a [Need] are things that facts are about:
//
//	pg_attrdef 1 --> pg_proc 2                  column s.t.a --> function s.f
//	pg_rewrite 3 --> pg_class 4, column 1       view s.v     --> column s.t.a
//	pg_class 4, column 2 --> pg_type 5 (_mood)  column s.t.b --> enum s.mood
//
// # Many schemas side by side
//
// The catalog has no index by schema. The dependency catalog has one: every object depends on its schema. From there all
// is found by object ids, so that the cost is that of the schemas asked for, however many stand beside them.
//
// # Rights
//
// A role that may connect and has no other right reads the whole catalog. Nothing of the tables' contents is read.
//
// The sources are the chapter "System Catalogs" of PostgreSQL's manual, versions 15 to 18, and ruleutils.c.
package introspect
