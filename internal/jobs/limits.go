package jobs

import "time"

// The hard limits of this package.
const (
	// maxAttempts is how often an evaluation is tried before its comparison is given up.
	maxAttempts = 8

	// jobTimeout bounds one evaluation. The largest that a comparison may ask for takes some seconds of one core.
	jobTimeout = 2 * time.Minute

	// migrationLock is the advisory lock of those who migrate.
	migrationLock = 0x7665696c6a6f6273 // "veiljobs"
)
