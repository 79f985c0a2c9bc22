package provision

// For tests that plan from verdicts of their own.
var (
	Blueprint = blueprint
	Goals     = goals
	Unsafe    = unsafe
)
