// Package eventlog keeps all that the service knows as events, and a transparency log over them, in one PostgreSQL transaction.
//
// # Model
//
// A command makes events in one stream. Each event has two places: a version in its stream, dense from 1, and a sequence in the log, dense from 0.
//
//	stream template/omop   1 ─ 2 ─────────── 3
//	stream comparison/a7   │   │   1 ─ 2     │
//	                       │   │   │   │     │
//	log                    0 ─ 1 ─ 2 ─ 3 ─── 4 ─▶     leaves of an RFC 6962 tree
//
// The leaf is the event's exact bytes, a version byte and canonical JSON (RFC 8785), written once and never made again from something else; it
// says everything about the event but its place. See [EncodeLeaf] and [DecodeLeaf].
//
// # Appending
//
// [Append] is part of the caller's transaction, in which the caller's read models and jobs change as well. It locks the one row of the log's head,
// which puts all writers in order, takes the next numbers, and writes events, hashes and the new head. So a transaction that comes to nothing leaves no
// gap, the order of the leaves is that of the commits, and whoever sees an event sees all before it.
//
// The version that the caller saw guards against what happened in between ([ConflictError]). The command's id guards against doing something
// twice: the second time, the caller gets the events of the first ([DoneError]). Constraints of the database stand behind both.
//
// # Reading
//
// [Read] and [ReadStream] give pages and streams, [Follow] what is there and what comes. Row-level security shows a tenant the events about it and no
// others; every reader compares the columns of a row with the leaf.
//
// # The log
//
// Hashes are stored as golang.org/x/mod/sumdb/tlog numbers them: a leaf's, then those of the subtrees that it completes. The head's row has the
// tree's size, its root, and the hashes of its right edge, all that the next leaf needs. [Head], [Root], [ProveEvent] and [ProveGrowth] answer
// auditors, [Hashes] serves whatever else tlog can do, and [Verify] hashes everything again and names what was changed.
//
// A leaf has the random id of its command in it. So a tenant, who may see hashes of others' leaves, cannot find out by guessing what they say.
package eventlog
