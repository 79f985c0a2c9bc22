package fill

const (
	defaultRows = 20
	maxRows     = 10_000 // rows of one table

	drawTries    = 200 // of a row before its keys are unlike all others
	balanceRows  = 5   // fewer rows may have too few NULLs
	balanceTries = 120 // of a bundle with a NULL, or a value, where there was none
	repairTries  = 240 // of a bundle that the server refuses
	redrawTries  = 60  // of a bundle's constraints one by one, before it is drawn again as a whole
	hopeless     = 2   // bundles refused in a row after which a unit is given up
	lateTries    = 6   // tuples offered to one row of a link that is updated in the end
	poolTries    = 160 // values of a column shown to its checks
	poolRounds   = 4   // of poolTries, until there is a good value
	probeTries   = 400 // values shown to a domain or to a type that is not known here
	poolSize     = 64  // values of a domain kept
	maxTuples    = 2_000
	maxDictWords = 400 // literals of one column's checks
	maxTextRunes = 48  // of ordinary generated text
	fullText     = 64  // a varchar of at most so many characters is sometimes full
	maxDepth     = 4   // of arrays in composites in arrays
)
