package diff

// Hard limits.
const (
	// maxMinimal is the number of elements of both slices together up to which
	// an edit script is the shortest. The time for that grows with the square
	// of it; beyond, the script is still right and may be longer.
	maxMinimal = 1 << 13

	// maxText is the most code points of one line of text.
	maxText = 400
)
