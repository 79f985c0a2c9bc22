package merkle

// Hard limits of this package. Whatever exceeds one is refused with an error before memory is taken for it.
const (
	// MaxDepth is the length of a label in bits, and of the longest path.
	MaxDepth = 8 * len(Label{})

	// maxColumnDepth is more than any table of PostgreSQL has use for: it has at most 1,600 columns.
	maxColumnDepth = 16

	// MaxStatementBytes is how large a statement may be, as JSON or in its binary form: the JSON of a table with 1,600 columns takes less than a
	// quarter of it.
	MaxStatementBytes = 8 << 20

	// maxName is the largest size of a name in the binary form of a statement, in bytes. PostgreSQL stops at 63 as it is usually built; a server
	// built with a larger NAMEDATALEN stays far below this.
	maxName = 1024

	// maxProofBytes is the size of the largest proof: a path of full length without empty siblings, and another leaf at its end.
	maxProofBytes = 4 + MaxDepth/8 + MaxDepth*len(Hash{}) + len(Label{}) + len(Hash{})
)
