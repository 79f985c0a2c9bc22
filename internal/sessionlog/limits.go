package sessionlog

import "github.com/veilschema/veil/compare"

// Hard limits of the package.
const (
	// maxRecords is the largest number of records in a log: two a comparison, 112 bytes each. A tenant that
	// compares every minute needs a year to reach it.
	maxRecords = 1 << 20

	// maxJournalRecord is the largest record of a journal: a message of the protocol, and what is sealed beside it. maxJournalBytes is the largest
	// journal: ten messages, of which two are large.
	maxJournalRecord = compare.MaxMessageBytes + 16<<20
	maxJournalBytes  = 3 * maxJournalRecord

	// fileMode is the mode of a log, dirMode that of a directory made for it.
	fileMode, dirMode = 0o600, 0o700
)
