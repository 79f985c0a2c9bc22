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
// Everything is put together here, by object id; the server prints only expressions. It does so with an empty search_path and fixed
// settings for dates, intervals, time zone and the like, so that the text does not depend on who asks.
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
