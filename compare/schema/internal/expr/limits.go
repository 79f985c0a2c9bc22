package expr

// Hard limits of this package. Text beyond them is an error.
const (
	// maxDepth is how deep brackets may nest. The server's own stack ends at a few thousand.
	maxDepth = 2000

	// maxText is the largest text, in bytes.
	maxText = 1 << 20

	// maxSpread is how much text, in bytes, the types of an array's elements may take when a cast moves from the array to
	// them. Beyond it the cast stays where it is.
	maxSpread = 1 << 20
)
