// Package sessionlog is a tenant's durable memory of its comparisons: which sessions were begun, which response each
// of them got, and the secret of each that can be thrown away.
//
// # Why it must be durable
//
// Two submissions in one session, or two responses decrypted under one HE key, let a malicious service
// solve for that key. So a session is recorded before anything is sent in it, and the digest of a
// response before it is decrypted, and both stay refused after a crash, in another process, and for ever.
// The order is the caller's part:
//
//	MarkSession ─▶ send submission ─▶ receive response ─▶ RecordResponse ─▶ decrypt
//
// # The record
//
// [Log] is one file of records of fixed size that is only appended to. Every method that adds a
// record returns after the disk has it. A record's checksum runs over the record before it, so
// that a record that is missing or changed in the middle shows when the file is opened, and the file is then refused.
// A crash in the middle of an append leaves a last record whose checksum does not fit; nothing was sent on its
// account, and it is dropped ([Log.Dropped] says so). One process holds the file at a time.
//
// The checksum finds accidents. Against somebody who can write the tenant's files there is no help here: a shortened
// file is a valid one. Nonces are drawn afresh, so that a session's hash does not come up again by itself.
//
// # The secrets
//
// [Vault] holds one sealed file per comparison with the random secret that its keys are derived from.
// [Vault.Forget] deletes it: from then on not even the tenant opens that comparison.
//
// # The journals
//
// [Journal] keeps of every comparison what was sent and received, so that a tenant whose process died goes on where it was
// (compare.ResumeTenant). What is secret in a record is sealed before it comes here.
package sessionlog
