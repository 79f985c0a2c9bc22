package allowlist

// MaxNesting is the limit of the same name without its capital.
const MaxNesting = maxNesting
