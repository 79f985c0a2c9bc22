package eventlog_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/store"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 123456789, time.FixedZone("", 3600))

// one is an event of any kind.
func one(n int) eventlog.New {
	return eventlog.New{Type: "thing.happened", Body: fmt.Appendf(nil, `{"n":%d}`, n)}
}

// add appends in a transaction of its own.
func add(ctx context.Context, db *store.DB, s store.Scope, stream string, expected int64, command, tenant uuid.UUID, events ...eventlog.New) (done []eventlog.Event, err error) {
	err = db.Within(ctx, s, func(ctx context.Context, tx pgx.Tx) error {
		done, err = eventlog.Append(ctx, tx, stream, expected, command, tenant, noon, events...)
		return err
	})
	return done, err
}

// mustAdd appends as the service with a new command.
func mustAdd(t testing.TB, db *store.DB, stream string, expected int64, events ...eventlog.New) []eventlog.Event {
	t.Helper()
	done, err := add(t.Context(), db, store.Service(), stream, expected, uuid.New(), uuid.Nil, events...)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// fill makes a log of n events.
func fill(t testing.TB, db *store.DB, n int) {
	t.Helper()
	for i := range n {
		mustAdd(t, db, "fill", int64(i), one(i))
	}
}

// reading runs f in a read-only transaction.
func reading(t testing.TB, db *store.DB, s store.Scope, f func(ctx context.Context, tx pgx.Tx) error) error {
	t.Helper()
	return db.Read(t.Context(), s, f)
}

// all reads all events that a scope sees.
func all(t testing.TB, db *store.DB, s store.Scope) (events []eventlog.Event) {
	t.Helper()
	err := reading(t, db, s, func(ctx context.Context, tx pgx.Tx) (err error) {
		events, err = eventlog.Read(ctx, tx, -1, 1_000_000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// verify verifies the log and returns its size.
func verify(t testing.TB, db *store.DB) (size int64, err error) {
	t.Helper()
	err = reading(t, db, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		head, err := eventlog.Verify(ctx, tx)
		size = head.N
		return err
	})
	return size, err
}
