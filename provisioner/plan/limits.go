package plan

// Hard limits of plans.
const (
	maxSteps     = 100_000 // of one plan
	maxStepBytes = 4 << 20 // of one step's SQL
	maxName      = 63      // bytes of a name in PostgreSQL, which cuts off what is longer
)
