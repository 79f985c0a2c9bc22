package he

// The hard limits of this package, on one page for whoever audits it.
const (
	// MaxColumns bounds the encrypted columns of a submission. Products of two
	// 60-bit residues are summed in 128 bits without reduction; 255 of them
	// and the masking term fit.
	MaxColumns = 255

	// MaxReplies bounds the replies of one response.
	MaxReplies = 192

	// maxModulusBits is the widest prime of a modulus, in bits: 256 products of
	// two such residues must not overflow 128 bits.
	maxModulusBits = 60

	// tailBits is the failure probability, as -log2, that every bound on a
	// sum of random terms is computed for.
	tailBits = 128

	// log2MaxReplyCoefficients spreads the failure probability of a response over
	// 2^21 coefficients: MaxReplies at the largest ring degree are fewer.
	log2MaxReplyCoefficients = 21
)
