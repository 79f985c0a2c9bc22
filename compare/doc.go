// Package compare is the comparison protocol: a tenant learns how its schema
// stands to a template, a service learns the verdicts that the tenant discloses,
// and neither can lie about them.
//
// # Model
//
// Facts (package compare/schema) become elements of Z_t under a key that both
// sides make together. A tenant puts each of its facts into two bins; a bin is
// the monic polynomial f whose roots are its facts, and its coefficients are
// encrypted (package he). The service puts each template fact y into one place,
// a layer and one of y's two bins, and evaluates under encryption, with secrets
// r, r', alpha and s of every place,
//
//	v = r f(y)      w = r alpha f(y)      u = r' f(y) + s
//
// The tenant decrypts. f(y) = 0, the fact is there: v = w = 0 and u = s, which
// nobody knows otherwise. f(y) != 0, it is absent: w/v = alpha, which nobody
// knows otherwise. These are the tokens of a disclosure.
//
// # Messages
//
//	tenant                                   service
//	open        who, which template, size  ─▶
//	            layout, commitments        ◀─  offer
//	accept      nonce                      ─▶
//	            half of the salt           ◀─  salt       session hash = everything so far
//	submission  encrypted columns          ─▶
//	            encrypted v, w, u          ◀─  response
//	commitment  hash of the disclosure     ─▶
//	            seed of the evaluation     ◀─  seed       tenant evaluates again, compares bytes
//	disclosure  verdicts, hash of tokens   ─▶             service checks the tokens
//	            what it accepts            ◀─  verdict
//
// Every message is signed over the hash of all messages before it and itself.
//
// # Types
//
// Prepare makes a template ready once. Tenant and Evaluator are the two roles:
// each method takes the other side's message as bytes and returns its own, and
// after their constructors nothing is random. Result is what a finished
// comparison says. Misconduct is the error for a proven offence and carries
// evidence, which VerifyEvidence checks for whoever trusts neither side. Layout
// says how facts lie in slots.
//
// The package is pure: it has no files, sockets or clocks. What must be durable
// goes through Ledger and Vault.
//
// The specification, with arguments and limits, is docs/protocol.md.
package compare
