// Package jobs is the service's queue: evaluations, which are entered in the transaction that takes a submission and carried out by whatever
// process works.
//
// # Model
//
//	transaction of a command ── Queue.EnqueueEvaluation ──▶ river ──▶ Queue.Work ──▶ service.Evaluate
//
// The queue is River's, in a schema of its own in the service's database. Its entries name a tenant and a comparison by their ids and nothing
// else. More machines that work mean more processes on the same database.
//
// # What a crash does
//
// An entry is there or not as its transaction is. Every worker holds an advisory lock while it lives; an entry that is running by one whose lock is
// free is given to another one within two seconds. Where a machine vanished without a word, PostgreSQL learns of it by its keepalives; after
// [Options.Rescue] an entry is given away in any case. So an evaluation may be carried out twice at a time. That does no harm: it is a function of what
// is in the database, and the comparison's row decides whose result is kept.
package jobs
