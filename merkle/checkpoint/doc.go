// Package checkpoint is the public side of an append-only log (RFC 6962): what its owner signs, what witnesses add, and what shows that an entry is in
// it. The log itself, its hashes and its entries, is elsewhere.
//
//	tree (size, root) ─ Key.Sign ─▶ checkpoint ─ witnesses ─▶ cosigned checkpoint ─ Policy.Open ─▶ tree
//	                                                 entry, Proof ─────────────────────┘
//
// All forms are those of C2SP, so that other tools read them: tlog-checkpoint over signed notes, tlog-cosignature, tlog-proof and the paths of
// tlog-tiles.
//
// A checkpoint that nobody cosigned shows what the log's owner said to whoever has it. That others were told the same, only witnesses show.
package checkpoint
