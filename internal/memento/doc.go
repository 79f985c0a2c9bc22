// Package memento keeps what an executor needs to bring a PostgreSQL database back exactly, and shows that it is back.
//
// # Model
//
// Before the first change there is a memento: the structure as text, a checksum of the rows of each table, a backup of the values that will be
// lost, and the statements that undo each step. It lies in one folder for each run:
//
//	STATE/provision/                      0700
//	├── lock-5f3c...                      LockDatabase: one process changes a database at a time
//	└── 20260102t030405678z-abcdefghij/   Create: time and chance
//	    ├── run.json                      Journal.Save: replaced as a whole
//	    ├── structure.before              Journal.WriteFile: new files only, never overwritten
//	    └── ...                           Journal.CreateFile: backups
//
// Everything in it speaks the tenant's own names, and backups hold rows: files have mode 0600, and nothing of it leaves the machine.
//
// # What a database is
//
// [Structure] is the whole structure of some schemas as sorted lines that depend on no object id, no dropped column and no order of
// making. [Checksum] is a fingerprint of the rows of a table as a multiset. Two databases with the same structure and the same
// checksums are the same to everybody who asks by SQL, but for the order of rows and the state of sequences.
//
// # What is lost and comes back
//
// [Backup] writes columns of a table; [Restore] puts them back by a key that [KeyOf] finds, or replaces all rows where there is none. Before
// anything is written, [EstimateSpace] says whether there is room.
//
// # What became of it
//
// A process may die at any moment. The order that makes its [Run] tell the truth is the caller's part:
//
//	LockDatabase ─▶ Create ─▶ structure, sums, backups ─▶ Save prepared
//	─▶ BEGIN ─▶ TransactionID ─▶ Save applying ─▶ changes ─▶ Save applying, with undo, structure and sums after ─▶ COMMIT ─▶ Save completed
//
// Whoever finds a run that is [Status.Unfinished] takes the lock and asks [Outcome], which asks the server for the transaction by its id:
// committed, aborted, still in progress, or unknown to this server. Then the run can be saved as what it is.
//
// # Settings
//
// All that the server prints here, it prints under fixed settings, in a savepoint where the caller has a transaction: afterwards the
// settings are what they were, and an error leaves the transaction usable.
package memento
