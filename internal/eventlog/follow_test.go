package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/store/storetest"
	"github.com/veilschema/veil/internal/testenv"
)

var (
	errEnd    = errors.New("the last event was seen")
	errGiveUp = errors.New("a writer gave up")
)

// until follows until the event of type "end" and returns all before it.
func until(ctx context.Context, db *store.DB, s store.Scope) ([]eventlog.Event, error) {
	var seen []eventlog.Event
	err := eventlog.Follow(ctx, db, s, -1, func(e eventlog.Event) error {
		if e.Type == "end" {
			return errEnd
		}
		seen = append(seen, e)
		return nil
	})
	if errors.Is(err, errEnd) {
		err = nil
	}
	return seen, err
}

// TestEightWritersAndATailingReader has eight writers append, one to five events at a time, to streams of their own and to one that they share. Some
// of them give up in the end. The reader sees each acknowledged event once, in order, and nothing else.
func TestEightWritersAndATailingReader(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	end, rounds := time.Now().Add(time.Minute), 1<<40
	if !testenv.Long() {
		rounds = 25
	}
	type result struct {
		seen []eventlog.Event
		err  error
	}
	reader := make(chan result, 1)
	go func() {
		seen, err := until(t.Context(), db, store.Service())
		reader <- result{seen, err}
	}()
	acknowledged := make([][]eventlog.Event, 8)
	var writers sync.WaitGroup
	for w := range acknowledged {
		writers.Go(func() {
			for round := 0; round < rounds && time.Now().Before(end); round++ {
				events, err := write(t.Context(), db, w)
				var conflict *eventlog.ConflictError
				if err != nil && !errors.Is(err, errGiveUp) && !errors.As(err, &conflict) {
					t.Errorf("writer %d: %v", w, err)
					return
				}
				acknowledged[w] = append(acknowledged[w], events...)
			}
		})
	}
	writers.Wait()
	mustAdd(t, db, "end", 0, eventlog.New{Type: "end", Body: []byte(`{}`)})
	got := <-reader
	if got.err != nil {
		t.Fatal(got.err)
	}
	for i, e := range got.seen {
		if e.Sequence != int64(i) {
			t.Fatalf("the reader saw event %d where %d comes next", e.Sequence, i)
		}
	}
	count := 0
	for w, events := range acknowledged {
		count += len(events)
		for _, e := range events {
			if d := cmp.Diff(e, got.seen[e.Sequence]); d != "" {
				t.Fatalf("writer %d appended what the reader saw otherwise (-writer +reader):\n%s", w, d)
			}
		}
	}
	if count != len(got.seen) {
		t.Errorf("the reader saw %d events, of which %d were acknowledged", len(got.seen), count)
	}
	if size, err := verify(t, db); err != nil || size != int64(len(got.seen))+1 {
		t.Errorf("the log has %d events: %v", size, err)
	}
	t.Logf("%d events", count)
}

// write is one transaction of a writer's: it loads a stream, appends to it, and now and then gives up.
func write(ctx context.Context, db *store.DB, w int) (done []eventlog.Event, err error) {
	stream := fmt.Sprintf("writer/%d", w)
	if rand.N(3) == 0 {
		stream = "shared"
	}
	events := make([]eventlog.New, 1+rand.N(5))
	for i := range events {
		events[i] = one(i)
	}
	err = db.Within(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		var version int64
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM veil.events WHERE stream = $1`, stream).Scan(&version); err != nil {
			return err
		}
		if done, err = eventlog.Append(ctx, tx, stream, version, uuid.New(), uuid.Nil, noon, events...); err != nil {
			return err
		}
		if rand.N(6) == 0 {
			return errGiveUp
		}
		return nil
	})
	if err != nil {
		done = nil
	}
	return done, err
}

func TestATenantFollowsItsOwnEvents(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	us := uuid.New()
	for i, tenant := range []uuid.UUID{us, uuid.New(), uuid.Nil, us} {
		if _, err := add(t.Context(), db, store.Service(), fmt.Sprintf("s/%d", i), 0, uuid.New(), tenant, one(i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := add(t.Context(), db, store.Tenant(us), "end", 0, uuid.New(), us, eventlog.New{Type: "end", Body: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	seen, err := until(t.Context(), db, store.Tenant(us))
	if err != nil || len(seen) != 2 || seen[0].Sequence != 0 || seen[1].Sequence != 3 {
		t.Errorf("the tenant saw %v (%v)", seen, err)
	}
}

func TestFollowingStandsWithoutHints(t *testing.T) {
	t.Parallel()
	d := storetest.New(t)
	db := d.Open(t)
	// The pool has the two connections that it needs, and the role may have no more, so that nobody can listen.
	one, err1 := db.Pool().Acquire(t.Context())
	two, err2 := db.Pool().Acquire(t.Context())
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	one.Release()
	two.Release()
	for range storetest.MaxConns - 2 {
		d.Connect(t, d.AppDSN)
	}
	seen := make(chan error, 1)
	go func() {
		_, err := until(t.Context(), db, store.Service())
		seen <- err
	}()
	mustAdd(t, db, "end", 0, eventlog.New{Type: "end", Body: []byte(`{}`)})
	if err := <-seen; err != nil {
		t.Error(err)
	}
}

func TestAFollowerEndsWithItsContext(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	fill(t, db, 1)
	ctx, cancel := context.WithCancel(t.Context())
	err := eventlog.Follow(ctx, db, store.Service(), -1, func(eventlog.Event) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAFollowerSeesALongLog(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	for v := int64(0); v < 1200; v += 400 { // more than are read at once
		mustAdd(t, db, "long", v, make400()...)
	}
	mustAdd(t, db, "end", 0, eventlog.New{Type: "end", Body: []byte(`{}`)})
	seen, err := until(t.Context(), db, store.Service())
	if err != nil || len(seen) != 1200 {
		t.Errorf("it saw %d events (%v)", len(seen), err)
	}
	if size, err := verify(t, db); size != 1201 || err != nil {
		t.Errorf("the log has %d events: %v", size, err)
	}
}

func make400() []eventlog.New {
	events := make([]eventlog.New, 400)
	for i := range events {
		events[i] = one(i)
	}
	return events
}

// TestATransactionThatIsKilledLeavesNoGap ends the server's side of a transaction, or the client's, after it appended.
func TestATransactionThatIsKilledLeavesNoGap(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	fill(t, db, 3)
	for name, kill := range map[string]func(ctx context.Context, tx pgx.Tx) error{
		"by the server": func(ctx context.Context, tx pgx.Tx) error {
			_, err := db.Pool().Exec(ctx, `SELECT pg_terminate_backend($1)`, int32(tx.Conn().PgConn().PID()))
			return err
		},
		"by the client": func(_ context.Context, tx pgx.Tx) error { return tx.Conn().PgConn().Conn().Close() },
	} {
		before, _ := verify(t, db)
		command := uuid.New()
		err := db.Within(t.Context(), store.Service(), func(ctx context.Context, tx pgx.Tx) error {
			if _, err := eventlog.Append(ctx, tx, "killed", 0, command, uuid.Nil, noon, one(1), one(2)); err != nil {
				return err
			}
			return kill(ctx, tx)
		})
		if err == nil {
			t.Fatalf("%s: the transaction was committed", name)
		}
		done, err := add(t.Context(), db, store.Service(), "after/"+command.String(), 0, command, uuid.Nil, one(3)) // the same command, for it was never carried out
		if err != nil || done[0].Sequence != before {
			t.Errorf("%s: the next event is %v (%v), want number %d", name, done, err, before)
		}
		if _, err := verify(t, db); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
