package allowlist

// Hard limits of what is read. The parser runs PostgreSQL's grammar in a sandbox with two small stacks. Deep trees of SQL overflow
// the one, which ends the parser for good; deep PL/pgSQL overflows the other, of 64 KiB, which nothing guards, and writes over
// the grammar's own data. So what is deeper than this is refused before the parser sees it.
const (
	maxFileBytes      = 16 << 20 // the largest real one has 4.2 MiB
	maxFileTexts      = 100_000  // statements, and expressions of functions; that one has some 16,000
	maxStatementBytes = 1 << 20
	maxStatementTexts = 10_000
	maxBodyBytes      = 128 << 10 // of a function; the parser's time goes with the square of its variables
	maxNesting        = 200       // levels of SQL, as nesting counts them; the parser ends between 1,000 and 4,000
	maxBlocks         = 20        // statements of PL/pgSQL in each other; each takes 1.2 KiB of 54
	maxTreeDepth      = 4000      // messages within messages of a parse tree, several to a level
	maxNameBytes      = 63        // NAMEDATALEN - 1: PostgreSQL cuts what is longer
	maxRefusals       = 1000      // of one file, which is read no further then
	maxRefusalsShown  = 20        // in an error's text
	maxExcerptRunes   = 80        // of a statement shown with a refusal
)
