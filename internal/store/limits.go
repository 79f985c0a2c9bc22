package store

import "time"

// Hard limits of the package.
const (
	// defaultConns is how many connections a pool has where Config does not say it. A connection costs the server some 10 MB, and more of them
	// than cores do not make it faster.
	defaultConns = 16

	// statementTimeout ends a statement, with its waiting for locks, and idleTimeout a transaction whose owner went silent: it may hold the
	// log's head, which every writer waits for.
	statementTimeout, idleTimeout = 60 * time.Second, 30 * time.Second

	// maxAttempts is how often a transaction is tried that the server gave up for another's sake.
	maxAttempts = 6

	// pauseUnit is the longest pause after the first attempt; it doubles with each.
	pauseUnit = 10 * time.Millisecond

	// rollbackTimeout is how long a rollback may take before its connection is given up instead.
	rollbackTimeout = 5 * time.Second

	// reconnectPause is how long hints wait after they lost their connection.
	reconnectPause = time.Second

	// partBytes is the size of a blob's parts but the last, as the migration has it too: no row is larger.
	partBytes = 1 << 20

	// maxBlobBytes is the largest blob. It is in memory as a whole where it is put or read.
	maxBlobBytes = 256 << 20

	// maxHolderBytes is the longest name of who holds a blob.
	maxHolderBytes = 300

	// collectAtOnce is how many blobs one call of CollectBlobs deletes at most, so that its transaction stays short.
	collectAtOnce = 100
)
