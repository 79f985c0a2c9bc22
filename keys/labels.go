package keys

// label names the one purpose of a derived secret. Two purposes never share a label, and a label
// never changes its meaning: a new use gets a new one. The list is closed, an auditor reads it here.
type label uint8

const (
	labelUnknown label = iota

	// Derived from a tenant's root key.

	labelIdentity   // seed of the tenant's Ed25519 signing key
	labelSealing    // key that seals the secrets of comparisons on the tenant's disk
	labelStorage    // key for other local state of the tenant
	labelMerkle     // seed of the labels and openings of the schema commitment
	labelAttest     // seed of the Ed25519 key that signs attestations for other tools
	labelComparison // salt that joins the root key with a comparison's own secret

	// Derived from a service's root key.

	labelEvaluation // the salt's half and the seed of one evaluation
	labelLog        // seed of the Ed25519 key that signs the log's checkpoints

	// Derived from the key of one comparison.

	labelHEKey       // seed of the secret HE key and of every draw of its encryptions
	labelCommitNonce // nonce of the commitment to a disclosure

	// Derived from a machine's sealing key.

	labelMachineSeal // key of one sealed file

	labelCount // not a label
)

// labelNames are the bytes that enter HKDF.
var labelNames = [labelCount]string{
	labelIdentity:    "veil/v1/tenant/identity",
	labelSealing:     "veil/v1/tenant/sealing",
	labelStorage:     "veil/v1/tenant/storage",
	labelMerkle:      "veil/v1/tenant/merkle",
	labelAttest:      "veil/v1/tenant/attestation",
	labelComparison:  "veil/v1/tenant/comparison",
	labelEvaluation:  "veil/v1/service/evaluation",
	labelLog:         "veil/v1/service/log",
	labelHEKey:       "veil/v1/comparison/he-key",
	labelCommitNonce: "veil/v1/comparison/commit-nonce",
	labelMachineSeal: "veil/v1/machine/seal",
}

// String returns the bytes that enter HKDF, "" for a value that is no label.
func (l label) String() string {
	if l >= labelCount {
		return ""
	}
	return labelNames[l]
}
