// Package merkle commits to a schema so that single tables of it can be shown, or shown to be missing, and nothing else.
//
// # Model
//
// A schema is a set of tables. Each has a label of 256 bits, which fixes its place, and a commitment to its content. The labels are leaves of a
// binary prefix tree: the bits of a label say left (0) or right (1) from the root on, and a subtree with one leaf is that leaf. So one root has
// one answer for each label: the commitment, or that there is none.
//
//	hash(nothing)  = 32 zero bytes
//	hash(one leaf) = SHA-256(0x02, label, commitment)
//	hash(more)     = SHA-256(0x03, hash(left), hash(right))
//
// [Tree] is that tree, [Proof] a path in it. Neither knows of tables: [Committer] makes labels and commitments of a tenant's tables, and the
// statements that a tenant shows ([Statement]) say a table or a column or that there is no such table.
//
// # Labels
//
// A tenant's labels are outputs of a verifiable random function over the table's name: ECVRF-EDWARDS25519-SHA512-TAI as in draft-irtf-cfrg-vrf-10. The
// outputs are those of RFC 9381, the proofs are not: there, the challenge is also over the public key, so that a verifier of the RFC refuses these. Here
// the key is in the challenge through the point that it and the name are hashed to, which has to be known before the challenge is. The proof shows
// the label to be the only one for that name under the tenant's key, and says nothing about other names; a keyed hash in its place would have to
// give its key away to show that a table is missing. A template's labels are hashes: everybody knows its tables.
//
// # Contents
//
// A table's commitment is an HMAC under an opening, over its name, the root of a tree over its columns, and a keyed digest of its facts. The column
// tree is that of RFC 6962, its leaves are salted hashes, filled up with random ones to a power of two and sorted, so that neither the number nor
// the order of columns shows. All of these keys follow from the table's content and a secret: what did not change keeps its leaf, and what did gets
// keys with which nobody can go on guessing from what was shown before.
//
// In full, where field(x) is x after its size in four bytes, highest first, key(k, use, x) is HMAC-SHA-256 under k over "veil/v1/merkle/", field(use)
// and x, and numbers are decimal digits:
//
//	name          = field(schema) field(table)
//	content       = name, field(column) field(canonical) of each column, field(facts)
//	label         = the first 32 bytes of the function's output over "veil/v1/merkle/label\x00" name, with the seed key(committer's seed, "labels", "")
//	secret        = key(committer's seed, "openings", "")
//	seed          = key(secret, "seed", content)
//	column's leaf = SHA-256(0x00, key(seed, "column", column), field(column), field(canonical))
//	decoy i       = key(seed, "decoy", i)
//	commitment    = HMAC-SHA-256 under key(seed, "commitment", "") over "veil/v1/merkle/table\x00", name, the column tree's root, key(seed, "facts", facts)
//	no table i    = label key(secret, "dummy label", i), commitment key(secret, "dummy", i)
//
// Of a template's table, the label is SHA-256("veil/v1/merkle/public-label\x00" name), and the seed key(32 zero bytes, "public", content).
// Known answers stand in testdata/vectors.json, written by another, naive implementation.
//
// # What the number of siblings tells
//
// A path is about as long as the logarithm of the number of leaves. [Committer.Commit] adds leaves that are no tables, to a power of two of them, so
// that it tells the number of tables within a factor of two.
package merkle
