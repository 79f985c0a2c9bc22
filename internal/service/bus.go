package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/history"
	"github.com/veilschema/veil/internal/store"
)

// Command is something to be done. R is what the caller gets.
type Command[R any] interface {
	action
	// do looks at what there is and says with emit what happens.
	do(ctx context.Context, c *change) error
	// result reads what came of it from the read models, after the command's events: also when it is asked for again.
	result(ctx context.Context, v *view, events []event) (R, error)
}

// Query is something to be known.
type Query[R any] interface {
	action
	ask(ctx context.Context, v *view) (R, error)
}

// action is what the bus has to know of commands and queries.
type action interface {
	// name is what logs and metrics call it.
	name() string
	// may are the roles that it is for.
	may() roles
}

// view is a transaction that reads.
type view struct {
	*Service
	tx  pgx.Tx
	who Actor
}

// change is a transaction that changes.
type change struct {
	view
	id      uuid.UUID // the command's
	at      time.Time
	request string // SHA-256 of the command, in hexadecimal digits
	stream  string
	version int64
	events  []eventlog.New
}

// emit says that something happened. A command writes to one stream.
func (c *change) emit(stream string, version int64, kind string, body any) error {
	if c.stream != "" && c.stream != stream {
		return fmt.Errorf("the command writes to the streams %q and %q", c.stream, stream)
	}
	c.stream, c.version = stream, version
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	text, err := json.Marshal(history.Envelope{By: c.who.Token, Request: c.request, Data: raw})
	if err != nil {
		return err
	}
	c.events = append(c.events, eventlog.New{Type: kind, Body: text})
	return nil
}

// Do carries a command out. The id makes it happen once: the same command under the same id again is answered with what came of it. The
// zero id makes it a command of its own.
func Do[R any](ctx context.Context, s *Service, who Actor, id uuid.UUID, cmd Command[R]) (out R, err error) {
	start := time.Now()
	defer func() { s.observe(ctx, cmd, start, err) }()
	if !cmd.may().has(who.Role) {
		return out, failf(CodeForbidden, "a token of the role %q may not do this; ask the operator for another one", who.Role)
	}
	if id == uuid.Nil {
		if id, err = uuid.NewRandomFromReader(s.cfg.Random); err != nil {
			return out, err
		}
	}
	request, err := digestOf(cmd)
	if err != nil {
		return out, err
	}
	err = s.cfg.DB.Within(ctx, scopeOf(who), func(ctx context.Context, tx pgx.Tx) error {
		c := &change{view: view{Service: s, tx: tx, who: who}, id: id, at: s.now(), request: request}
		events, err := c.once(ctx, func() error { return cmd.do(ctx, c) })
		if err != nil {
			return err
		}
		out, err = cmd.result(ctx, &c.view, events)
		return err
	})
	return out, explain(err)
}

// once returns the events of a command: those that are there, or those that do makes.
func (c *change) once(ctx context.Context, do func() error) ([]event, error) {
	before, err := eventlog.OfCommand(ctx, c.tx, c.id)
	if err != nil || len(before) > 0 {
		if err == nil && !sameRequest(before[0], c.request) {
			err = failf(CodeReused, "this Idempotency-Key was used for another request; use a new one for each request")
		}
		return before, err
	}
	if err := do(); err != nil {
		return nil, err
	}
	if len(c.events) == 0 { // nothing happened that was not so already
		return nil, nil
	}
	events, err := eventlog.Append(ctx, c.tx, c.stream, c.version, c.id, c.who.Tenant, c.at, c.events...)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		if err := project(ctx, c.tx, e); err != nil {
			return nil, err
		}
	}
	return events, nil
}

func sameRequest(e eventlog.Event, request string) bool {
	var body history.Envelope
	return json.Unmarshal(e.Body, &body) == nil && body.Request == request
}

// Ask answers a query.
func Ask[R any](ctx context.Context, s *Service, who Actor, q Query[R]) (out R, err error) {
	start := time.Now()
	defer func() { s.observe(ctx, q, start, err) }()
	if !q.may().has(who.Role) {
		return out, failf(CodeForbidden, "a token of the role %q may not read this; ask the operator for another one", who.Role)
	}
	err = s.cfg.DB.Read(ctx, scopeOf(who), func(ctx context.Context, tx pgx.Tx) error {
		var err error
		out, err = q.ask(ctx, &view{Service: s, tx: tx, who: who})
		return err
	})
	return out, explain(err)
}

func scopeOf(who Actor) store.Scope {
	if who.Role == RoleOperator {
		return store.Service()
	}
	return store.Tenant(who.Tenant)
}

// explain makes an *Error of what the caller can do something about.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if conflict, ok := errors.AsType[*eventlog.ConflictError](err); ok {
		return &Error{Code: CodeConflict, Message: "somebody else has changed this at the same time; read it again and repeat the request", Cause: conflict}
	}
	return err
}

func (s *Service) observe(ctx context.Context, a action, start time.Time, err error) {
	code := Code("")
	if err != nil {
		code = CodeOf(err)
	}
	took := time.Since(start)
	s.cfg.Observe(a.name(), code, took)
	if code == CodeInternal {
		s.cfg.Log.ErrorContext(ctx, "failed", "action", a.name(), "error", err)
	}
}

// digestOf is the SHA-256 of a command's name and parameters.
func digestOf(a action) (string, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	h.Write([]byte(a.name()))
	h.Write([]byte{0})
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil)), nil
}
