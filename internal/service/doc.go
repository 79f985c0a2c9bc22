// Package service is what the service knows and does: tenants and their tokens, templates, comparisons.
//
// # Model
//
// Everything is an event. A [Command] looks at what there is and says what happens; its events, the log over them, the tables that
// are read and the jobs that follow are written in one transaction. A [Query] reads those tables.
//
//	Do ─▶ Command ─▶ event ─┬▶ eventlog     the truth
//	                        ├▶ read models  reducers, in this package; Rebuild makes them anew from the events
//	                        └▶ jobs         evaluation, carried out by Evaluate on any machine
//	Ask ─▶ Query  ─▶ read models
//
// Both go through one small bus, which knows who may do what, sets the scope of the transaction, answers a command that comes again
// with what came of it the first time, and tells logs and metrics.
//
// # A comparison
//
// The messages of the protocol (package compare) are taken one by one, each in one transaction under the lock of the
// comparison's row, so that no two answers to one message can exist:
//
//	opened ─▶ accepted ─▶ submitted ─▶ evaluated ─▶ committed ─▶ disclosed
//	   └──────────┴───────────┴────────────┴────────────┴──────▶ failed, misconduct, deleted
//
// Nothing of the service's side lives in a process: its secrets follow from the root key and the comparison's id, and the rest from the
// messages, so that any process can go on where another one ended. A message that was taken before is answered with the same bytes.
//
// # Who sees what
//
// An [Actor] has a role and, for tenants and auditors, one tenant. The database enforces the same again by row-level security.
package service
