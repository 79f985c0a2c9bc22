package api

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/httprate"
	"golang.org/x/sync/semaphore"

	"github.com/veilschema/veil/internal/service"
)

// gate lets in what there is room for. Nothing behind it has read a byte of a body yet.
type gate struct {
	limits                Limits
	bodies, work, uploads *semaphore.Weighted
	eachWork, eachStream  *share
	tokens, strangers     *httprate.RateLimiter
}

func newGate(l Limits) *gate {
	return &gate{
		limits: l, bodies: semaphore.NewWeighted(l.BodyBytes), work: semaphore.NewWeighted(l.Working), uploads: semaphore.NewWeighted(l.Uploads),
		eachWork: newShare(int(l.Working+l.Uploads), l.WorkingEach), eachStream: newShare(l.Streams, l.StreamsEach),
		tokens: httprate.NewRateLimiter(l.EachMinute, time.Minute), strangers: httprate.NewRateLimiter(l.StrangersMinute, time.Minute),
	}
}

var (
	errOverloaded = &service.Error{Code: CodeOverloaded, Message: "the service has too much to do at the moment; try again after Retry-After"}
	errShare      = &service.Error{Code: CodeRate, Message: "this token has too many requests open at the same time; wait for some of them to end"}
	errRate       = &service.Error{Code: CodeRate, Message: "too many requests within a minute; slow down and try again after Retry-After"}
)

// enter takes room for a request of a token and returns how to give it back. The bytes are those of the body that will be in memory.
func (g *gate) enter(ctx context.Context, op *huma.Operation, who service.Actor, length int64) (leave func(), err error) {
	if op.OperationID == idEvents {
		return g.eachStream.enter(who.Token.String())
	}
	left, err := g.eachWork.enter(who.Token.String())
	if err != nil {
		return nil, err
	}
	room, weight := g.work, memoryOf(op, length)
	if op.OperationID == idUpload {
		room = g.uploads
	}
	if !g.bodies.TryAcquire(min(weight, g.limits.BodyBytes)) {
		left()
		return nil, errOverloaded
	}
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := room.Acquire(wait, 1); err != nil {
		g.bodies.Release(min(weight, g.limits.BodyBytes))
		left()
		return nil, errOverloaded
	}
	return func() { room.Release(1); g.bodies.Release(min(weight, g.limits.BodyBytes)); left() }, nil
}

// memoryOf is how many bytes of a request's body are in memory at the most. A length of -1 is one that the client does not say.
func memoryOf(op *huma.Operation, length int64) int64 {
	switch {
	case op.OperationID == idUpload:
		return partBytes
	case length < 0:
		return op.MaxBodyBytes
	}
	return length
}

// tooLong refuses a body by its announced length.
func tooLong(op *huma.Operation, r *http.Request) error {
	if op.OperationID == idUpload || r.ContentLength <= op.MaxBodyBytes {
		return nil
	}
	return &service.Error{Code: CodeTooLarge, Message: fmt.Sprintf("the body has %d bytes and this address takes %d; send a smaller one", r.ContentLength, op.MaxBodyBytes)}
}

// limited counts a request and says whether it is one too many. The limiter's own headers are not part of the interface.
func limited(l *httprate.RateLimiter, r *http.Request, key string) bool {
	return l.OnLimit(nowhere{http.Header{}}, r, key)
}

// nowhere takes headers that nobody is sent.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}

// address is where a request comes from, without its port.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// plausible says whether a token may be one, before the database is asked.
func plausible(token string) bool {
	return len(token) == tokenBytes && strings.HasPrefix(token, "veil_")
}

// share counts what is open, of all and of each.
type share struct {
	all, each int
	mu        sync.Mutex
	total     int
	of        map[string]int
}

func newShare(all, each int) *share { return &share{all: all, each: each, of: map[string]int{}} }

func (s *share) enter(key string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.of[key] >= s.each:
		return nil, errShare
	case s.total >= s.all:
		return nil, errOverloaded
	}
	s.total++
	s.of[key]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.total--
		if s.of[key]--; s.of[key] == 0 {
			delete(s.of, key)
		}
	}, nil
}

// paced is a body that has to come at a least speed, so that a client that sends a byte now and then does not hold its place.
type paced struct {
	io.ReadCloser
	control *http.ResponseController
	begun   time.Time
	read    int64
}

func (p *paced) Read(b []byte) (int, error) {
	due := p.begun.Add(partTimeout + time.Duration(p.read)*time.Second/slowest)
	_ = p.control.SetReadDeadline(due) // recorders of tests have none
	n, err := p.ReadCloser.Read(b)
	if p.read += int64(n); err != nil {
		_ = p.control.SetReadDeadline(time.Time{}) // else the server takes the client for gone while it is answered
	}
	return n, err
}
