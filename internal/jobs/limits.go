package jobs

import "time"

// The hard limits of this package.
const (
	// maxAttempts is how often an evaluation is tried before its comparison is given up.
	maxAttempts = 8

	// jobTimeout bounds one evaluation. The largest that a comparison may ask for takes some seconds of one core.
	jobTimeout = 2 * time.Minute

	// livesClass is the class of the advisory locks by which workers know who lives.
	livesClass = 0x7665696c // "veil"

	// beatTime is how often a worker looks for what dead ones had taken.
	beatTime = 2 * time.Second

	// workerPrefix begins the name of every worker that holds a lock while it lives.
	workerPrefix = "veil-"

	// migrationLock is the advisory lock of those who migrate.
	migrationLock = 0x7665696c6a6f6273 // "veiljobs"
)
