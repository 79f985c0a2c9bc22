// Package witness cosigns the checkpoints of transparency logs, so that a log cannot show different people different trees, nor take back what it has
// shown.
//
// # Model
//
// A log signs checkpoints: "my tree of N leaves has this root". It sends each to a witness, with a proof that the tree only grew since the one the
// witness saw last. The witness checks the proof against its own memory, keeps the new checkpoint, and adds its signature with the time:
//
//	log                                              witness
//	 │  old 5, proof, checkpoint of 8 leaves           │ remembers 5 leaves and their root
//	 │ ──────────────────── POST /add-checkpoint ────▶ │ judge: grown, and signed by the log?
//	 │                                                 │ write, sync, rename, sync the folder
//	 │ ◀─────────────── — witness Az3grl... ────────── │ remembers 8 leaves and their root
//
// Whoever trusts the witness's key knows that no checkpoint contradicting this one has its cosignature. That is all a witness promises, and it holds
// as long as the witness never forgets. So the cosignature leaves only after the disk has what it says, a log has one request at a time, one process
// at a time uses a folder, and what cannot be read is never taken for empty.
//
// # Types
//
// [Witness] is the witness with its folder; [Open] and [Witness.Serve] are all that a program needs. [Client] asks any witness of this protocol, and
// believes no answer before it has checked the cosignature.
//
// # Folder
//
//	DIR/                    0700, of the one who runs the witness
//	├── lock                flock held as long as the process has the witness open
//	├── witness.key         the witness's Ed25519 key and name, as a note signer key of type 0x04
//	└── 5f3c....checkpoint  for each log, named by SHA-256 of its origin: the last checkpoint with the cosignature, a signed note
//
// A checkpoint's file is checked by the cosignature in it, so that no other checksum is needed. A file that was removed cannot be told from one that
// never was: who must start anew removes the folder as a whole, and the key with it, and never a single file. A backup that is restored rolls
// the witness back; it is for reading, and not for running from.
//
// # Sources
//
// The protocol is C2SP tlog-witness, cosignatures are cosignature/v1 of C2SP tlog-cosignature, checkpoints C2SP tlog-checkpoint in C2SP signed-note.
// Trees and consistency proofs are those of RFC 6962, section 2.1.2.
package witness
