package postgres

import "time"

// Hard limits of a private server, fixed at its start. They bound what the code in a
// stranger's schema file can take from the machine; Limits are the ones a caller chooses.
const (
	minMajor = 15 // oldest PostgreSQL whose catalogs and role rules the project relies on

	startTimeout = 30 * time.Second // initdb and the first connection, each
	stopTimeout  = 10 * time.Second // immediate shutdown; the postmaster kills stragglers after 5 s

	maxConnections      = 40   // of the server, all scratch databases together
	maxScratchConns     = 8    // of one scratch database's owner
	maxLocks            = 1024 // max_locks_per_transaction: a dump of 1,400 tables in one transaction
	maxMessageBytes     = 32 << 20
	maxStderrBytes      = 16 << 10 // of the server's own messages kept for an error text
	maxUnixPathBytes    = 100      // sun_path holds 108 bytes with the NUL on Linux, 104 elsewhere
	batchStatements     = 128      // statements in one implicit transaction of a load
	batchBytes          = 64 << 10 // and their text
	watchInterval       = 200 * time.Millisecond
	maxPolicyRoles      = 64 // roles that a file's row security policies may name
	maxExcerptRunes     = 80 // of a statement shown in an error or a skip
	maxSkipsKept        = 10_000
	maxScratchDatabases = 256 // open at one time
	memoryRoom          = 4   // times DiskBytes must be free on a memory file system to be chosen
)

// Hard limits of an [Instance], which runs our own statements only.
const (
	instanceConnections = 64               // of the instance, all roles together
	recoveryTimeout     = 10 * time.Minute // from a start to the first answer; recovery replays at most maxWAL
	maxWALMegabytes     = 512              // of write-ahead log between two checkpoints
	shutdownTimeout     = 60 * time.Second // fast shutdown, whose last checkpoint writes what is dirty
	leaveTimeout        = 20 * time.Second // what an earlier server has for its own fast shutdown
	maxFailedStarts     = 40               // in a row after PostgreSQL died, about three minutes
	firstRestartDelay   = 50 * time.Millisecond
	maxRestartDelay     = 5 * time.Second
	maxLogBytes         = 4 << 20 // of the server log, and as much of the part before it
	logCheckInterval    = 10 * time.Second
	maxSmallFileBytes   = 4 << 10 // of the folder's own files: passwords, lock, version
)

// Limits bound one load of a schema file and the databases it makes. The zero value of a
// field means its default.
type Limits struct {
	// Statement is the longest that one statement may run. Default 60 s.
	Statement time.Duration
	// Load is the longest that one file may take to load. Default 5 min.
	Load time.Duration
	// FileBytes is the largest schema file. Default 64 MiB.
	FileBytes int64
	// DiskBytes is the largest that a scratch database may grow. A watchdog looks five times a
	// second, so a fast writer can overshoot by what the disk takes in that time. Default 1 GiB.
	DiskBytes int64
	// MemoryBytes bounds the address space of each server process, the shared buffers included.
	// Default 2 GiB.
	MemoryBytes int64
	// TempFileBytes bounds the temporary files of one session. Default 256 MiB.
	TempFileBytes int64
}

func (l Limits) withDefaults() Limits {
	def := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	size := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&l.Statement, time.Minute)
	def(&l.Load, 5*time.Minute)
	size(&l.FileBytes, 64<<20)
	size(&l.DiskBytes, 1<<30)
	size(&l.MemoryBytes, 2<<30)
	size(&l.TempFileBytes, 256<<20)
	return l
}
