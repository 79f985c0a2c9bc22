package schema

// Quote returns name as a detail spells it.
func Quote(name string) string { return name }
