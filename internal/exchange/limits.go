package exchange

const (
	// maxAttempts bounds how often a comparison is opened again for another salt; each needs it with probability below 2^-15.
	maxAttempts = 8
	// maxPlace bounds the file of a place, in bytes.
	maxPlace = 64 << 10
)
