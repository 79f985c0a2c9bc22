// Package keys holds everything of Veil that is secret for longer than one message: a tenant's root
// key, what is derived from it, signing identities, and the sealed form in which keys lie on a disk.
//
// # Model
//
// A tenant makes one 32-byte root key, once. Nothing else is stored but one random secret per
// comparison, kept so that it can be deleted. All other secrets are derived, each for one purpose:
//
//	random ─▶ Root ──identity──▶ Identity (Ed25519)          signs every message
//	           │ ────sealing───▶ Lock                        seals the secrets of comparisons
//	           │ ────storage───▶ Secret                      local state of the tenant
//	           ▼
//	random ─▶ comparison secret ─┐
//	session hash, tenant nonce ──┴▶ Comparison ─▶ seed of the HE key, commitment nonce
//
// Deleting a comparison's secret makes that comparison unopenable, for its owner and for whoever
// takes the root key later; the session hash and the nonce are public and bind the keys to one
// session, so that no session shares a key with another.
//
// # Types
//
// [Secret] is a string of bytes that does not print, by whatever road, and leaves through
// [Secret.Expose] only: search for that name to see every place where a secret is used. [Root] and
// [Comparison] derive. [Identity] signs and [PublicIdentity] verifies, always under a [Domain].
// [Seal] and [Open] turn a secret into bytes for a file and back, under a [Lock]: a passphrase for
// people, a 32-byte sealing key for machines.
//
// # Derivation
//
// HKDF with SHA-256 (RFC 5869), one label per purpose, all of them in labels.go. The info string is
// the label and then every piece of context, each preceded by its length, so that no two contexts
// spell the same string. The root key is uniform, so any single secret tells nothing of another as
// long as HMAC-SHA256 is a pseudorandom function. A comparison's key is extracted with a key of the
// root as the salt and the comparison's secret as the input: it stays secret as long as either of the two
// does (HMAC as a dual PRF: Backendal, Bellare, Günther, Scarlata, "When Messages are Keys", 2023).
//
// # Sealing
//
// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) with the whole header as associated data, under a key
// from Argon2id (RFC 9106) or, for a machine's key, from HKDF. Cost parameters are checked against
// limits.go before any memory is taken for them. A wrong passphrase and a damaged file cannot be told
// apart and are not: both are [ErrUnsealed].
//
// # What this package does not do
//
// It has no files, clocks or randomness of its own and builds for GOOS=js GOARCH=wasm; readers come
// in as arguments. Wiping is best effort: the garbage collector does not copy these slices, but
// registers, stacks and the swap are beyond a Go program.
package keys
