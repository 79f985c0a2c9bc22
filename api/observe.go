package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/veilschema/veil/internal/service"
)

// Observation is what metrics are told of a request that has ended. Route is the pattern, never the path; In and Out are bytes of bodies.
type Observation struct {
	Method, Route string
	Status        int
	Took          time.Duration
	In, Out       int64
}

// trace is what becomes known of a request on its way.
type trace struct {
	http.ResponseWriter
	io.ReadCloser
	role    service.Role
	status  int
	in, out int64
}

// Unwrap lets http.ResponseController find deadlines and Flush.
func (t *trace) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// WriteHeader notes the status.
func (t *trace) WriteHeader(status int) {
	if t.status == 0 {
		t.status = status
	}
	t.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes of the answer.
func (t *trace) Write(b []byte) (int, error) {
	if t.status == 0 {
		t.status = http.StatusOK
	}
	n, err := t.ResponseWriter.Write(b)
	t.out += int64(n)
	return n, err
}

// Read counts the bytes of the request's body.
func (t *trace) Read(b []byte) (int, error) {
	n, err := t.ReadCloser.Read(b)
	t.in += int64(n)
	return n, err
}

// observe writes the one line of a request and tells the metrics.
func (s *server) observe(r *http.Request, t *trace, id string, took time.Duration) {
	route := "none"
	if c := chi.RouteContext(r.Context()); c != nil && c.RoutePattern() != "" {
		route = c.RoutePattern()
	}
	if t.status == 0 {
		t.status = http.StatusOK
	}
	method := r.Method
	if _, known := methods[method]; !known {
		method = "other" // a client could send anything
	}
	s.Log.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelInfo, "request", slog.String("method", method), slog.String("route", route), slog.Int("status", t.status),
		slog.Int64("ms", took.Milliseconds()), slog.Int64("in", t.in), slog.Int64("out", t.out), slog.String("request", id), slog.String("role", string(t.role)))
	if s.Observe != nil {
		s.Observe(Observation{Method: method, Route: route, Status: t.status, Took: took, In: t.in, Out: t.out})
	}
}

var methods = map[string]struct{}{"GET": {}, "HEAD": {}, "POST": {}, "PUT": {}, "DELETE": {}, "OPTIONS": {}, "PATCH": {}}
