package jobs_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/jobs"
	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/store/storetest"
)

// evaluator fails as often as it is told to.
type evaluator struct {
	mu    sync.Mutex
	fails int                // mu
	done  chan uuid.UUID     // comparisons that were evaluated
	tried map[uuid.UUID]int  // mu
	given map[uuid.UUID]bool // mu
}

func (e *evaluator) Evaluate(_ context.Context, _, comparison uuid.UUID) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tried[comparison]++
	if e.fails > 0 {
		e.fails--
		return errors.New("not yet")
	}
	e.done <- comparison
	return nil
}

func (e *evaluator) GiveUp(_ context.Context, _, comparison uuid.UUID) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.given[comparison] = true
	return nil
}

func open(t *testing.T) (*store.DB, *jobs.Queue) {
	t.Helper()
	d := storetest.New(t)
	db := d.Open(t)
	for range 2 { // the second time there is nothing to do
		if err := jobs.Migrate(t.Context(), d.OwnerDSN, d.App); err != nil {
			t.Fatal(err)
		}
	}
	q, err := jobs.New(db.Pool())
	if err != nil {
		t.Fatal(err)
	}
	return db, q
}

func work(t *testing.T, db *store.DB, fails int) *evaluator {
	t.Helper()
	e := &evaluator{fails: fails, done: make(chan uuid.UUID, 100), tried: map[uuid.UUID]int{}, given: map[uuid.UUID]bool{}}
	stop, err := jobs.Work(t.Context(), db.Pool(), e, jobs.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return e
}

func (e *evaluator) wait(t *testing.T) uuid.UUID {
	t.Helper()
	select {
	case id := <-e.done:
		return id
	case <-time.After(time.Minute):
		t.Fatal("nothing was evaluated within a minute")
	}
	return uuid.Nil
}

func TestWhatACommittedTransactionEnteredIsCarriedOut(t *testing.T) {
	db, q := open(t)
	kept, dropped, tenant := uuid.New(), uuid.New(), uuid.New()
	enter := func(id uuid.UUID, end error) {
		err := db.Within(t.Context(), store.Tenant(tenant), func(ctx context.Context, tx pgx.Tx) error {
			if err := q.EnqueueEvaluation(ctx, tx, tenant, id); err != nil {
				t.Fatal(err)
			}
			return end
		})
		if !errors.Is(err, end) {
			t.Fatal(err)
		}
	}
	enter(dropped, errors.New("rolled back"))
	enter(kept, nil)
	enter(kept, nil) // once more, which is no second one
	e := work(t, db, 0)
	if got := e.wait(t); got != kept {
		t.Errorf("got %s, want %s", got, kept)
	}
	last := uuid.New()
	enter(last, nil)
	if got := e.wait(t); got != last {
		t.Errorf("got %s, want %s", got, last)
	}
}

func TestAnEvaluationThatFailsIsTriedAgain(t *testing.T) {
	db, q := open(t)
	id, tenant := uuid.New(), uuid.New()
	e := work(t, db, 1)
	err := db.Within(t.Context(), store.Tenant(tenant), func(ctx context.Context, tx pgx.Tx) error { return q.EnqueueEvaluation(ctx, tx, tenant, id) })
	if err != nil {
		t.Fatal(err)
	}
	if got := e.wait(t); got != id {
		t.Errorf("got %s, want %s", got, id)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.tried[id] != 2 || e.given[id] {
		t.Errorf("it was tried %d times and given up: %t", e.tried[id], e.given[id])
	}
}
