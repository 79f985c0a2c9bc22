package check

const (
	// maxDDLBytes bounds a file of DDL, as postgres.Limits does by default.
	maxDDLBytes = 64 << 20
	// maxAttempts bounds how often a session is opened again for another salt; each
	// needs it with probability below 2^-15.
	maxAttempts = 8
)
