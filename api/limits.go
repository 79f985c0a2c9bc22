package api

import "time"

// The hard limits of this package, on one page for whoever audits it. What an operator may set stands in [Limits].
const (
	// maxMessage is how many bytes a message other than a submission has: a disclosure has some 40 bytes a fact.
	maxMessage = 8 << 20
	// maxDraft is how many bytes the JSON of a template has; files are in base64.
	maxDraft = 48 << 20
	// maxJSON is how many bytes any other body has.
	maxJSON = 64 << 10
	// partBytes is how many bytes of a submission are kept at once.
	partBytes = 1 << 20
	// partTimeout is how long the body of a request may stand still at its beginning; with each slowest bytes it has a second more.
	partTimeout = 30 * time.Second
	// slowest is how many bytes a second the body of a request has to bring after that.
	slowest = 8 << 10
	// maxHeaders is how many bytes the headers of a request have.
	maxHeaders = 16 << 10
	// tokenBytes is how long every token is: "veil_" and 43 characters.
	tokenBytes = 48

	headerTimeout, idleTimeout, healthTimeout = 5 * time.Second, 60 * time.Second, 2 * time.Second

	// keepAlive is how often a stream of events shows that it lives; a client that does not take an event for eventTimeout loses it.
	keepAlive, eventTimeout = 10 * time.Second, 20 * time.Second
	// patience is how long a request waits for others to be done before it is shed.
	patience = 250 * time.Millisecond
	// maxRetry is the longest time, in seconds, that a shed client is told to wait.
	maxRetry = 5
)

// Limits bounds what all clients together, and one of them, may have at the same time. Zero values mean the default.
type Limits struct {
	// BodyBytes of requests in memory; default 256 MiB. A submission counts with the part of it that is in memory, 1 MiB.
	BodyBytes int64
	// Working is how many requests are worked at; default 64. Others wait a little and are then shed.
	Working int64
	// WorkingEach is how many of them, uploads included, are one token's; default 32.
	WorkingEach int
	// Uploads is how many submissions come in; default 64.
	Uploads int64
	// Streams of events; default 1,000. StreamsEach is how many of them are one token's; default 20.
	Streams, StreamsEach int
	// EachMinute is how many requests one token has in a minute; default 30,000.
	EachMinute int
	// StrangersMinute is how many requests without a valid token one address has in a minute; default 600.
	StrangersMinute int
}

func (l Limits) orDefault() Limits {
	return Limits{
		BodyBytes: or(l.BodyBytes, 256<<20), Working: or(l.Working, 64), WorkingEach: or(l.WorkingEach, 32), Uploads: or(l.Uploads, 64), Streams: or(l.Streams, 1000),
		StreamsEach: or(l.StreamsEach, 20), EachMinute: or(l.EachMinute, 30_000), StrangersMinute: or(l.StrangersMinute, 600),
	}
}

func or[N int | int64](n, fallback N) N {
	if n <= 0 {
		return fallback
	}
	return n
}
