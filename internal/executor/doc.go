// Package executor carries out a plan on one database, beside that database. It sees the tenant's catalog; whoever made the plan does not.
//
// # Model
//
//	plan's steps ──┐
//	catalog ───────┼─▶ resolve ─▶ actions, decisions ─▶ one transaction ─▶ committed, or as it was
//	decisions ─────┘
//
// A step is a goal with SQL for the case that nothing is in the way. [Inspect] looks at the catalog and resolves each step into an
// [Action]: keep what holds already, run the SQL, adapt it (another name for an index whose name is taken, another key to be
// replaced), or leave it out because a person said so. Where the step's rules do not know what to do, or say so, there is a
// [Decision] with its choices, and nothing is changed before all of them are made.
//
// # One transaction
//
// [Apply] takes the locks first (a short lock_timeout, and again after a random pause), resolves once more under them, keeps a
// memento (the structure as text, a checksum of the rows of each touched table, a backup of values that do not survive), runs
// the actions, and before it commits holds the rows against their checksums and the plan's facts against the catalog. PostgreSQL's
// transactional DDL does the rest: an error, a panic, a killed process or a killed server leave what was there before.
//
// A statement that rows refuse is undone to its savepoint and becomes a decision; the rest is tried to find all of them, and
// then everything is rolled back.
//
// # Names
//
// The plan speaks the template's names. Tables and columns that the mapping renames are renamed first. Schemas keep the tenant's
// names, so statements are requalified ([schema.Requalify]).
//
// # Rollback
//
// Every action has statements that undo it. [Rollback] runs them in reverse, brings back values from the backup and commits
// only if structure and rows are then what the memento says. A plan with a step that is forward only has no rollback.
package executor
