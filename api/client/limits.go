package client

import "time"

// The hard limits of this package, on one page for whoever audits it.
const (
	// maxJSON is how many bytes a JSON answer has.
	maxJSON = 4 << 20
	// maxOctets is how many bytes a message, a template, a report or evidence has; a transcript has all messages.
	maxOctets     = 256 << 20
	maxTranscript = 1 << 30
	// maxEvent is how many bytes an event of a stream has, and each of its lines.
	maxEvent = 256 << 10

	// maxPages is how many pages of a list are read.
	maxPages = 10_000

	// stall is how long neither side may be silent while a request is under way. A disclosure of the largest size is verified in less.
	stall = 2 * time.Minute
	// streamStall is the same for events, between which the service sends a sign of life every ten seconds.
	streamStall = 45 * time.Second

	// pollEvery is how often a comparison is looked at where there is no stream of events for it.
	pollEvery = time.Second

	// attempts is how often a request is made, and how often an upload or a stream may break off without having come further.
	attempts = 7
	// firstWait doubles with each attempt up to maxWait. A service that names a time is waited for, up to maxAsked.
	firstWait = 100 * time.Millisecond
	maxWait   = 4 * time.Second
	maxAsked  = 30 * time.Second
)
