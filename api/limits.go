package api

import "time"

// The hard limits of this package, on one page for whoever audits it.
const (
	// maxMessage is how many bytes a message other than a submission has: a disclosure has some 40 bytes a fact.
	maxMessage = 8 << 20
	// maxDraft is how many bytes the JSON of a template has; files are in base64.
	maxDraft = 48 << 20
	// maxJSON is how many bytes any other body has.
	maxJSON = 64 << 10
	// partBytes is how many bytes of a submission are kept at once.
	partBytes = 1 << 20
	// partTimeout is how long a client may take to send one part.
	partTimeout = 30 * time.Second
	// maxHeaders is how many bytes the headers of a request have.
	maxHeaders = 16 << 10

	headerTimeout, idleTimeout, healthTimeout = 5 * time.Second, 60 * time.Second, 2 * time.Second

	// retrySeconds is what a client is told to wait where the service does not know better.
	retrySeconds = "1"
)
