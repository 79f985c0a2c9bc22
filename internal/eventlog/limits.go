package eventlog

import "time"

// Hard limits of the package.
const (
	// MaxBodyBytes is the longest body of an event in canonical JSON. Larger values are blobs, and the body has their digest.
	MaxBodyBytes = 256 << 10

	// MaxStreamBytes is the longest name of a stream.
	MaxStreamBytes = 200

	// MaxTypeBytes is the longest name of a type.
	MaxTypeBytes = 100

	// MaxEvents is how many events a command makes at most.
	MaxEvents = 1000

	// maxLeafBytes is the longest leaf: the body, and what stands around it.
	maxLeafBytes = MaxBodyBytes + 1024

	// maxVersion is the largest version of a stream, the last integer that JSON's numbers hold exactly.
	maxVersion = 1<<53 - 1

	// levels is how many levels a tree may have. A log of a million events a second fills them in 300,000 years.
	levels = 63

	// maxSequence is the largest number of an event: beyond it, the positions of hashes are no 64-bit integers.
	maxSequence = 1<<61 - 1

	// pageEvents is how many events are read at once by those who read all.
	pageEvents = 500

	// maxStreamEvents is how many events ReadStream returns at most.
	maxStreamEvents = 100_000

	// pollInterval is how long Follow waits for a hint before it looks by itself.
	pollInterval = time.Second

	// maxFindings is how many damages Verify names before it says that there are more.
	maxFindings = 20
)
