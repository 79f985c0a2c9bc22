// Package allowlist says which SQL of a stranger's template may be loaded and which may run in a
// tenant's database.
//
// # Model
//
// A template's DDL is hostile input twice. First all of it runs in a scratch database, which package postgres contains: no
// superuser, no network, no files, limits on time, memory and disk. Later parts of it (defaults, checks, index expressions,
// views, policies, function bodies) run in a tenant's database with the rights of whoever carries the plan out, who may be a
// superuser, and stay there to run with the rights of whoever touches a table. What is not contained must be read:
//
//	file of DDL -> [File] -> scratch database -> facts -> plan -> [Statement], one by one -> tenant's database
//
// Both parse with PostgreSQL's own grammar and walk the tree, node by node. The text decides nothing, so comments, quotes,
// casts and spellings hide nothing.
//
// # Why an allow-list
//
// What PostgreSQL can do grows with each version and each extension, so a list of what is dangerous is never finished, and
// what it forgot passes. Here what is forgotten is refused:
//
//   - nodes.txt has the kinds of nodes of the grammar, and their fields, that may occur in a tree;
//   - statementKinds has the statements, planChanges and fileChanges the changes of ALTER TABLE, lists.go the languages, extensions,
//     settings, options and catalogs;
//   - builtins.txt has all functions of PostgreSQL 15 to 18. One may be called if it is immutable or stable, or one of
//     the few volatile ones in lists.go, and if its name does not begin with pg_, but for those in lists.go.
//
// One list is turned the other way. A template calls functions of its own, and those of extensions, whose names nobody knows
// beforehand; Statement sees one statement and not the template around it. A name that PostgreSQL does not have is
// therefore taken, unless it begins with pg_ or is known to reach other servers, files or programs (farFunctions, farSchemas).
// So a plan can call a function that the tenant wrote. It calls it with no more than the caller's rights, and must know its name.
//
// # What may stand in expressions
//
// The same rules hold wherever an expression stands. A function is called by f(x), by x.f, by a trigger or as part of a
// range type, and each of these is checked. Functions that run text (crosstab) may have constant text, which is checked as a query.
// current_setting may read a template's own settings and those that say how values are spelt. System catalogs may be read where
// they show structure, never written.
//
// # Bodies of functions
//
// The languages are sql and plpgsql, whose bodies are parsed and walked too. A body may read and change rows and branch, loop and
// raise; it may not end transactions, name conditions whose catching would outlive a time limit, or make other objects. EXECUTE runs
// text that nobody can read beforehand and is refused, with one exception: in a function that returns event_trigger, which nothing can
// call until a superuser makes an event trigger for it.
//
// # File, Statement and Removal
//
// [File] takes more, because what it passes is contained: dumps' preambles, rights and owners (which the loader leaves out), event
// triggers (which it leaves out or refuses), seed rows, DROP and renames within the file, SECURITY DEFINER, and views on what others
// are doing (pg_stat_activity). [Statement] takes only what adds: no OR REPLACE, no DROP, no owners, nothing temporary, no function named
// like one of PostgreSQL's own. [Removal] takes only what takes one thing away, for templates that forbid it.
//
// # What is not judged
//
// Time and memory. A loop without an end, a materialized view of a trillion rows, a regular expression that never returns: nobody can tell
// from the text. Limits on the session stop them, here as in the scratch database. Nor is it judged whether changing rows is
// what the tenant wants: a template's trigger may delete rows of the template's tables, as any application may.
//
// # The parser
//
// The grammar is that of PostgreSQL 17, compiled to WebAssembly, so it cannot touch the program's memory. It is built at the first use,
// which takes a second or two ([Warm] does it early), and then reads 1 to 2 MiB of DDL a second. Its stacks are small, and it does not
// survive that they overflow: nesting is counted from the tokens alone, before the grammar sees a text (limits.go). If a call fails in
// the middle all the same, nothing passes any more in this process. Syntax that is new in PostgreSQL 18 is refused as unknown.
package allowlist
