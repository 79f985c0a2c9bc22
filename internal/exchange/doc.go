// Package exchange is the tenant's side of a comparison over a network. A comparison goes on after a crash of either side, and after a connection
// was lost at any point: nothing is evaluated twice and nothing is decrypted twice.
//
// # Model
//
//	facts ─▶ Compare ─▶ resume the unfinished one, or open another
//	             │
//	             ├─ compare.Tenant     the protocol, kept in State's journal before anything is sent
//	             └─ Service            the other side, over HTTP (api/client)
//
// The journal of package sessionlog has every message. What it has not is where the comparison is held: the service's address, the template and
// the idempotency key of the open. That is a [Place], a small file beside the journal, written before the open is sent. So an open whose answer was
// lost is sent again under the same key, and the service opens no second comparison.
//
// # After a crash
//
// Every step is a message sent and an answer taken. A message of ours that the journal has last is sent again, byte for byte, because nobody knows
// whether it arrived; the service takes it once. A message of theirs that it has last is taken again. Both are what [compare.ResumeTenant] promises.
//
// # Whom to trust
//
// The service's key and the template's digest are pinned by the caller. An offence that can be proven is *compare.Misconduct; an answer that the
// protocol does not take is *[Untrusted], and nothing depends on what it said.
package exchange
