// Package auditlog makes the service's event log one that others can check: it signs checkpoints, has witnesses cosign them, and reads tiles and
// proofs. The entries and hashes are those of package eventlog, the forms those of package checkpoint.
//
//	eventlog ─ head ─▶ Log.Step ─ signed ─▶ veil.checkpoint ─▶ Latest, Prove, Tile ─▶ readers
//	                      │  ▲
//	          checkpoint, growth │ cosignature
//	                      ▼  │
//	                    witnesses
//
// # What is refused
//
// A log that was put back, from a backup or by hand, would grow again beside what it was, and both would be signed. So before anything is signed, the
// head is held against the last checkpoint that this machine remembers in a file beside the root key, and against what each witness says that it has
// seen; where the log is behind one of them, or another log, nothing more is signed ([Refusal]), and the service says so until somebody looks. A
// witness that is away stops nothing: checkpoints are then signed and not cosigned, and the witness is shown the last one when it is back.
package auditlog
