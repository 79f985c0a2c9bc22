package allowlist

// Hard limits of what is read. The parser runs PostgreSQL's grammar in a sandbox whose stack is
// small: deeper trees than maxNesting end it for good, so they are refused before it sees them.
const (
	maxFileBytes      = 64 << 20 // as the loader's default
	maxStatementBytes = 1 << 20  // the longest of 40,000 real ones has 69 KiB
	maxNesting        = 200      // levels, as nesting counts them; the parser ends between 1,000 and 4,000
	maxTreeDepth      = 4000     // messages within messages of a parse tree, several to a level
	maxNameBytes      = 63       // NAMEDATALEN - 1: PostgreSQL cuts what is longer
	maxRefusals       = 1000     // kept of one file
	maxRefusalsShown  = 20       // in an error's text
	maxExcerptRunes   = 80       // of a statement shown with a refusal
)
