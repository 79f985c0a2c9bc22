package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/store"
)

// TestWhatADeadWorkerHadTakenIsDoneAtOnce makes an entry look as a worker leaves it that was killed, and one that a living worker has.
func TestWhatADeadWorkerHadTakenIsDoneAtOnce(t *testing.T) {
	db, q := open(t)
	tenant, dead, living := uuid.New(), uuid.New(), uuid.New()
	const someone = "veil-SOMEONE"
	for _, id := range []uuid.UUID{dead, living} {
		if err := db.Within(t.Context(), store.Tenant(tenant), func(ctx context.Context, tx pgx.Tx) error { return q.EnqueueEvaluation(ctx, tx, tenant, id) }); err != nil {
			t.Fatal(err)
		}
	}
	session, err := db.Pool().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer session.Release()
	for _, sql := range []string{
		`SELECT pg_advisory_lock_shared(x'7665696c'::int, hashtext('` + someone + `'))`,
		`UPDATE river.river_job SET state = 'running', attempt = 1, attempted_at = now(),
			attempted_by = ARRAY['` + someone + `', CASE WHEN args ->> 'comparison' = '` + living.String() + `' THEN '` + someone + `' ELSE 'veil-DEAD' END]`,
	} {
		if _, err := session.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	e := work(t, db, 0)
	if got := e.wait(t); got != dead {
		t.Errorf("what a living worker has is done by another one: %s", got)
	}
	select {
	case <-e.done:
		t.Error("what a living worker has is done by another one")
	case <-time.After(3 * time.Second): // longer than a worker takes to look
	}
	if _, err := session.Exec(t.Context(), `SELECT pg_advisory_unlock_all()`); err != nil {
		t.Fatal(err)
	}
	if got := e.wait(t); got != living {
		t.Errorf("got %s, want %s", got, living)
	}
}
