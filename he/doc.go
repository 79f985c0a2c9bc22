// Package he is the homomorphic kernel of Veil: it encrypts columns of slots
// under BFV, lets somebody who holds no key compute inner products of those
// columns with a plaintext matrix, and decrypts the replies.
//
// # Model
//
// R = Z[X]/(X^N+1). A plaintext is a vector of N slots over Z_t, t = 1 mod 2N
// prime, so that slots and coefficients are one number-theoretic transform
// apart. A ciphertext is a pair (c0, c1) over R_Q, Q a product of two or three
// primes, with phase
//
//	c0 + c1*s = round(Q/t * m) + e   (mod Q)
//
// for the uniform ternary key s. There is exactly one computation:
//
//	columns           col_0 ... col_{m-1}       (encrypted, one ciphertext each)
//	matrix, row o     M_o0  ... M_o,m-1, C_o    (plaintext vectors of slots)
//	reply o           sum_k col_k . M_ok + C_o  (slot by slot, encrypted)
//
// It has depth one and uses no rotation and no relinearisation, hence no
// evaluation keys. Exact matching (package compare) is one encoding for it.
//
// # The way of a comparison
//
//	Encrypt(params, seed, columns)         tenant   -> Key, *Submission
//	Submission.AppendBinary, ParseSubmission        the wire, bytes in and out
//	Evaluate(submission, matrices, seed)   service  -> *Response
//	Response.AppendBinary, ParseResponse
//	Key.Decrypt(response)                  tenant   -> slots of every reply
//
// # What makes it safe
//
//   - A Key exists once: Encrypt derives it, the plaintext's digest goes into
//     every seed, and a Key decrypts one response only.
//   - The second components of all ciphertexts and of the public key are
//     expanded from a seed and never sent, so nobody can choose them.
//   - Every reply carries a fresh encryption of zero and noise that floods
//     everything else (see Parameters.FloodBound); there is no way to ask for
//     an evaluation without it.
//   - Bytes from outside meet a codec of our own (codec.go) and never a decoder
//     of the HE library, whose ring arithmetic is all that is used of it.
//   - Everything is integers, drawn from keyed streams in a pinned order:
//     Evaluate is a pure function, equal to the byte on every machine.
//
// The arithmetic is not constant-time. Who shares a processor with a tenant or
// a service is outside what this package protects against.
//
// # Sources
//
// BFV: Fan and Vercauteren, "Somewhat Practical Fully Homomorphic Encryption"
// (IACR ePrint 2012/144). Flooding: Asharov et al., "Multiparty Computation with
// Low Communication, Computation and Interaction via Threshold FHE" (Eurocrypt
// 2012). Parameters: Bossuat et al., "Security Guidelines for Implementing
// Homomorphic Encryption" (IACR ePrint 2024/463). Derivations and numbers stand
// in docs/parameters.md.
package he
