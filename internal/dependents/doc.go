// Package dependents takes aside what stands in the way of a change in somebody's database, and puts it back as it was.
//
// # Model
//
// PostgreSQL refuses to change the type of a column while a view, a rule, a trigger, a policy or a function's body uses it, and to
// drop a key or a type that others use. Those others belong to the tenant: they have to step aside and to come back with every
// property that a dump shows. A [Set] has the statements for that:
//
//	set.Drop      triggers, rules, policies, foreign keys, checks, indexes, then views, the outermost first
//	              ... the change ...
//	set.Restore   the same, the other way round
//	set.Refresh   materialized views that held rows
//
// [Of] is for columns whose types change, [OfType] for an enum or domain that is swapped for another, [OfRelation] for a view that is
// made anew, [OfKey] for a primary key or unique constraint that is replaced. Nothing is changed by asking. What cannot step aside, as a
// generated column, is in [Set.Blocked] with the reason; such a change has to be refused.
//
// # How to use a Set
//
// Lock the tables first, so that nothing new comes to depend on them, ask, and run everything in that same transaction. The statements
// name all objects in full and are for a session with an empty search_path (in any other, an object of the path may stand in for a
// system object of the same name) and with default_tablespace unset.
//
// To undo a change exactly, ask anew, run that set's Drop, change back, and run the Restore of the first set. The Restore of the second
// will not do: PostgreSQL writes the conversions that a type needs into the expressions it keeps, a check a > 0 comes back from a
// column of type numeric as a > (0)::numeric, and stays so.
//
// # What PostgreSQL would carry along, and loses
//
// ALTER COLUMN TYPE makes indexes, constraints and statistics objects of the column anew by itself. It keeps those of plain tables, so
// they stay where they are. It forgets the names and comments of indexes on partitions, the owner and target of statistics objects, the
// statistics targets of indexed expressions, and that an index depends on an extension; and it rewrites the expressions of checks and
// indexes. All these step aside too. What it forgets of the column itself is in [Set.Columns].
//
// # Limits
//
// What comes back differs from what was in three ways. A view made of VALUES inside UNION is printed with other blanks. Names and comments
// that PostgreSQL 18 gives to inherited not-null constraints are those of the parent; no dump shows them. A materialized view is filled
// anew, so one of random() or now() has other rows.
//
// What names a column only in text is not found: bodies of functions in quotes, and queries of programs. What a dropped column takes along
// is named in [Set.Aside] and [Set.Carried], but what used it cannot be restored.
//
// # How it asks
//
// One recursive query walks pg_depend from what changes, over views on views, to all that depends on it. Then each kind of object is
// asked for its statements, which the server itself spells, in one pipelined round. The cost does not depend on how many targets there
// are. All is read in a savepoint that is rolled back, so that the settings of the caller's transaction stay as they were.
//
// The sources are the chapter "System Catalogs" of PostgreSQL's manual, and tablecmds.c, dependency.c and pg_dump.c of versions 15 to 18.
package dependents
