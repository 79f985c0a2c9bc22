package compare

// The hard limits of this package, on one page for whoever audits it.
const (
	// MaxFacts bounds the facts of a tenant and of a template.
	MaxFacts = 1 << 17

	// MaxMessageBytes bounds a message of the protocol: the largest is a
	// submission of 255 columns under the widest parameter set.
	MaxMessageBytes = 48 << 20

	// MaxEvidenceBytes bounds a file of evidence: a template and two messages
	// of each kind.
	MaxEvidenceBytes = 160 << 20

	// maxPrivateBytes bounds what is sealed beside a message: a disclosure of
	// MaxFacts verdicts.
	maxPrivateBytes = 64 + MaxFacts/4

	// maxRecordBytes bounds a record of a tenant's journal.
	maxRecordBytes = recordHeader + maxPrivateBytes + sealedBytes + MaxMessageBytes

	// maxGroups bounds the slot groups of a layout.
	maxGroups = 64

	// rows is the number of replies of a layer: v, w and u.
	rows = 3

	// overflowBits is the probability, as -log2, that some bin of an honest
	// tenant overflows.
	overflowBits = 40

	// falseMatchBits is the probability of a false match, as -log2, above which
	// a parameter set is not chosen for a template.
	falseMatchBits = 16
)
