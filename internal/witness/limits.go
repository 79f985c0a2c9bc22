package witness

import "time"

// Hard limits of the package.
const (
	// maxBody is the longest request in bytes. The longest proof has 63 lines of 45 bytes; the rest is for checkpoints with many signatures.
	maxBody = 64 << 10

	// maxProof is the most hashes of a consistency proof, by the protocol.
	maxProof = 63

	// maxSize is the most leaves of a tree. It is not 1<<63-1 because tlog.CheckTree does not end for trees of more.
	maxSize = 1 << 62

	// maxAnswer is the most bytes of an answer that the client reads, enough for several post-quantum cosignatures. Of an answer that is for people
	// it shows maxDetail.
	maxAnswer, maxDetail = 16 << 10, 300

	// maxName is the longest name of a witness in bytes, by C2SP tlog-cosignature.
	maxName = 255

	// maxKeyFile and maxStateFile are the longest files in bytes. A state file is a request's checkpoint and a cosignature.
	maxKeyFile, maxStateFile = 1 << 10, maxBody + 1<<10

	// maxInFlight is the most requests at a time; more are asked to come again.
	maxInFlight = 256

	// maxHeader is the most bytes of a request's header.
	maxHeader = 8 << 10

	// A request has readTimeout to arrive and writeTimeout to be answered; a connection may idle for idleTimeout. When the witness is asked to stop,
	// requests have stopTimeout to end.
	headerTimeout, readTimeout, writeTimeout = 5 * time.Second, 10 * time.Second, 20 * time.Second
	idleTimeout, stopTimeout                 = time.Minute, 10 * time.Second

	// fileMode is the one mode of all files, dirMode that of the folder.
	fileMode, dirMode = 0o600, 0o700
)
