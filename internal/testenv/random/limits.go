package random

const (
	maxTables  = 6
	maxColumns = 7 // of a table, besides its key and its foreign keys
	maxDamages = 8
	maxOwn     = 4

	pickTries = 60 // kinds of change tried before a database counts as exhausted
	sqlTries  = 5  // statements of one kind offered to PostgreSQL
)
