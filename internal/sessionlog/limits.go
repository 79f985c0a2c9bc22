package sessionlog

// Hard limits of the package.
const (
	// maxRecords is the largest number of records in a log: two a comparison, 112 bytes each. A tenant that
	// compares every minute needs a year to reach it.
	maxRecords = 1 << 20

	// fileMode is the mode of a log, dirMode that of a directory made for it.
	fileMode, dirMode = 0o600, 0o700
)
