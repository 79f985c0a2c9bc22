package eventlog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/internal/store"
)

// Append appends the events of one command to one stream and to the log, as part of the caller's transaction, in two round trips. From then on until
// the transaction ends all other writers wait for it: what takes time belongs before it.
//
// Expected is the version of the stream that the caller saw, 0 for a new one. Where the stream has another, nothing is appended and the error is a
// [*ConflictError]. Where the command made events before, in whatever stream, the error is a [*DoneError] with them. Neither harms the transaction.
// Events get the tenant, or none for the zero id, and the time, cut to microseconds. They are returned as the log has them.
//
// In a tenant's scope only events about that tenant can be appended; [ErrOtherScope] says so, and that the transaction cannot go on.
func Append(ctx context.Context, tx pgx.Tx, stream string, expected int64, command, tenant uuid.UUID, at time.Time, events ...New) ([]Event, error) {
	b, err := newBatch(stream, expected, command, tenant, at, events)
	if err != nil {
		return nil, err
	}
	edge, err := lockHead(ctx, tx, b)
	if err != nil {
		return nil, err
	}
	if err := b.place(edge); err != nil {
		return nil, err
	}
	if err := b.insert(ctx, tx, edge); err != nil {
		return nil, err
	}
	return b.events, nil
}

// batch is the events of one call, made before the head is locked as far as can be.
type batch struct {
	stream   string
	expected int64
	command  uuid.UUID
	tenant   *uuid.UUID // nil for the service's own
	events   []Event
	leaves   [][]byte
	leafs    []tlog.Hash // their hashes
	hashes   [][]byte    // all that the log stores for them, in order of position
	first    int64       // position of the first of hashes
}

func newBatch(stream string, expected int64, command, tenant uuid.UUID, at time.Time, events []New) (*batch, error) {
	if len(events) == 0 || len(events) > MaxEvents {
		return nil, fmt.Errorf("a command makes 1 to %d events; this one makes %d", MaxEvents, len(events))
	}
	if expected < 0 {
		return nil, fmt.Errorf("%d is no version of a stream; a new one has 0", expected)
	}
	b := &batch{stream: stream, expected: expected, command: command}
	if tenant != uuid.Nil {
		b.tenant = &tenant
	}
	at = at.UTC().Truncate(time.Microsecond)
	for i, n := range events {
		e := Event{Stream: stream, Version: expected + 1 + int64(i), Type: n.Type, Command: command, Tenant: tenant, At: at}
		if err := e.content(); err != nil {
			return nil, err
		}
		var err error
		if e.Body, err = canonical(n.Body); err != nil {
			return nil, err
		}
		leaf := appendLeaf(make([]byte, 0, len(e.Body)+300), &e)
		b.events = append(b.events, e)
		b.leaves = append(b.leaves, leaf)
		b.leafs = append(b.leafs, tlog.RecordHash(leaf))
	}
	return b, nil
}

// lockHead makes all other writers wait and says where the log ends, unless the command was carried out before or the stream has another version. All
// questions go in one round trip; the server answers those after the first as of the moment at which it had the lock.
func lockHead(ctx context.Context, tx pgx.Tx, b *batch) (*edge, error) {
	var e *edge
	var version, last int64
	var done []Event
	var q pgx.Batch
	q.Queue(`SELECT size, root, edge FROM veil.log_head FOR UPDATE`).QueryRow(func(row pgx.Row) (err error) {
		e, err = scanHead(row)
		return err
	})
	q.Queue(`SELECT (SELECT coalesce(max(version), 0) FROM veil.events WHERE stream = $1), (SELECT coalesce(max(position), -1) FROM veil.log_hashes)`,
		b.stream).QueryRow(func(row pgx.Row) error {
		return row.Scan(&version, &last)
	})
	q.Queue(selectEvents+` WHERE command = $1 ORDER BY part`, b.command).Query(func(rows pgx.Rows) (err error) {
		done, err = collect(rows)
		return err
	})
	if err := tx.SendBatch(ctx, &q).Close(); err != nil {
		return nil, fmt.Errorf("the log cannot be appended to: %w", err)
	}
	switch {
	case last != tlog.StoredHashCount(e.size)-1:
		// A root says nothing about the size: trees of different sizes share edges.
		return nil, damagedLog("its head says that there are %d events, and its last hash is %d", e.size, last)
	case len(done) > 0:
		return nil, &DoneError{Command: b.command, Events: done}
	case version != b.expected:
		return nil, &ConflictError{Stream: b.stream, Expected: b.expected, Actual: version}
	}
	return e, nil
}

// scanHead reads the head's row. Whoever appends to an edge that is not the root's would make the damage worse.
func scanHead(row pgx.Row) (*edge, error) {
	var size int64
	var root, hashes []byte
	if err := row.Scan(&size, &root, &hashes); err != nil {
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, errors.New("the log has no head that this transaction sees; begin it in the scope of the service or of a tenant")
		}
		return nil, err
	}
	e, err := parseEdge(size, hashes)
	if err != nil {
		return nil, damagedLog("its head does not fit together (%v)", err)
	}
	got, err := e.root()
	if err != nil {
		return nil, damagedLog("its head does not fit together (%v)", err)
	}
	if string(got[:]) != string(root) {
		return nil, damagedLog("the root in its head is not that of the head's edge")
	}
	return e, nil
}

// place gives the events their sequence, and the log their hashes.
func (b *batch) place(e *edge) error {
	b.first = tlog.StoredHashCount(e.size)
	for i, leaf := range b.leafs {
		b.events[i].Sequence = e.size
		hashes, err := e.add(leaf)
		if err != nil {
			return fmt.Errorf("the log cannot be appended to: %w", err)
		}
		for _, h := range hashes {
			b.hashes = append(b.hashes, h[:])
		}
	}
	return nil
}

// insert writes everything in one round trip.
func (b *batch) insert(ctx context.Context, tx pgx.Tx, e *edge) error {
	root, err := e.root()
	if err != nil {
		return fmt.Errorf("the log cannot be appended to: %w", err)
	}
	types := make([]string, len(b.events))
	for i := range b.events {
		types[i] = b.events[i].Type
	}
	_, err = tx.Exec(ctx, insertSQL, b.events[0].Sequence, b.stream, b.expected, b.command, b.tenant, types, b.leaves, b.first, b.hashes, e.size, root[:], e.bytes(), store.Channel)
	if err != nil {
		return b.explain(err)
	}
	return nil
}

// insertSQL is one statement, because each costs the server about as much as what it does here.
const insertSQL = `
WITH made AS (
	INSERT INTO veil.events (sequence, stream, version, type, command, part, tenant, leaf)
	SELECT $1::bigint + n - 1, $2, $3::bigint + n, type, $4, n - 1, $5, leaf FROM unnest($6::text[], $7::bytea[]) WITH ORDINALITY AS new (type, leaf, n)
), hashed AS (
	INSERT INTO veil.log_hashes (position, hash) SELECT $8::bigint + n - 1, hash FROM unnest($9::bytea[]) WITH ORDINALITY AS new (hash, n)
), moved AS (
	UPDATE veil.log_head SET size = $10, root = $11, edge = $12
)
SELECT pg_catalog.pg_notify($13, '')`

// explain names the constraints that another scope's events stand behind: in this scope they could not be seen before.
func (b *batch) explain(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return fmt.Errorf("the events were not appended: %w", err)
	}
	switch {
	case pg.ConstraintName == "events_version":
		return fmt.Errorf("%w: the stream %s has events that it does not see (%w)", ErrOtherScope, b.stream, err)
	case pg.ConstraintName == "events_command":
		return fmt.Errorf("%w: the command %s was carried out in another one (%w)", ErrOtherScope, b.command, err)
	case pg.Code == "42501":
		return fmt.Errorf("%w: it is about somebody else, or the transaction is read-only (%w)", ErrOtherScope, err)
	}
	return fmt.Errorf("the events were not appended: %w", err)
}
