// Package bundle is one file with all that an auditor needs to check a comparison, or a whole log, without a network.
//
//	service: events, hashes, checkpoints, cosignatures, template, messages, report ─▶ Bundle ─ Encode ─▶ file
//	auditor: file ─ Parse ─▶ Bundle ─ Verify, with the service's key and the witnesses' from somewhere else ─▶ Findings, or the first Fault
//
// # The file
//
// "veil bundle\n", a version byte, then the parts, each once, in the order of their numbers, and only where it is not empty: the number (1 byte), the
// size (8 bytes, highest first), the bytes. Lists are of items after their size (4 bytes).
//
//	1 log          the key that signs checkpoints, signed by the service's identity, and the witnesses' keys; JSON
//	2 checkpoints  a list of signed notes, the smallest first
//	3 leaves       the hash of every entry up to the last checkpoint, 32 bytes each
//	4 entries      a list: the number of an entry (8 bytes) and its bytes
//	5 template     in its canonical form
//	6 transcript   a list of the messages of the comparison
//	7 report       the service's, JSON
//	8 proofs       a list of what the tenant shows of its schema, JSON each
//
// There is one way to write a bundle: a file that is written in another way is refused, so that nothing in it is left unchecked.
package bundle
