package executor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/memento"
)

// Settle finds out what became of runs on the database that ended without a word, as after kill -9, and records it. While another process
// changes the database it fails with [memento.ErrLocked], because that one's run has not ended.
func Settle(ctx context.Context, conn *pgx.Conn, state string) (memento.Server, error) {
	server, err := memento.Identify(ctx, conn)
	if err != nil {
		return server, err
	}
	lock, err := memento.LockDatabase(state, server)
	if err != nil {
		return server, err
	}
	defer lock.Release() //nolint:errcheck // nothing was written
	return server, settle(ctx, conn, state, server)
}

// settle finds out what became of runs that ended without a word, as after kill -9, and records it. A transaction that is still in
// progress is one whose client died and whose server has not noticed yet, or another veil's with another state folder.
func settle(ctx context.Context, conn *pgx.Conn, state string, server memento.Server) error {
	runs, err := memento.List(state)
	if err != nil {
		return err
	}
	for _, r := range runs {
		if !r.Status.Unfinished() || r.Server != server {
			continue
		}
		journal, err := memento.Open(state, r.ID)
		if err != nil {
			return err
		}
		if err := settleRun(ctx, conn, journal, r); err != nil {
			return err
		}
	}
	return nil
}

func settleRun(ctx context.Context, conn *pgx.Conn, journal *memento.Journal, r memento.Run) error {
	done, undone := memento.StatusCompleted, memento.StatusCompensated
	if r.Status == memento.StatusRollingBack {
		done, undone = memento.StatusRolledBack, memento.StatusCompleted
	}
	result := memento.ResultAborted
	if r.XID != "" {
		var err error
		if result, err = outcome(ctx, conn, r); err != nil {
			return err
		}
	}
	r.Ended = time.Now().UTC()
	switch result {
	case memento.ResultCommitted:
		r.Status = done
	case memento.ResultAborted:
		r.Status = undone
	case memento.ResultInProgress:
		return fmt.Errorf("the transaction of the run %s has not ended on the server; wait until it notices that its client is gone, or end the session there", r.ID)
	default:
		status, err := byStructure(ctx, conn, r, done, undone)
		if err != nil {
			return err
		}
		r.Status = status
	}
	return journal.Save(r)
}

// outcome asks for a while, because a server takes a moment to notice that a client is gone.
func outcome(ctx context.Context, conn *pgx.Conn, r memento.Run) (memento.Result, error) {
	for tries := 0; ; tries++ {
		result, err := memento.Outcome(ctx, conn, r)
		if err != nil || result != memento.ResultInProgress || tries == 50 {
			return result, err
		}
		select {
		case <-ctx.Done():
			return result, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// byStructure tells by the structure what the server has forgotten.
func byStructure(ctx context.Context, conn *pgx.Conn, r memento.Run, done, undone memento.Status) (memento.Status, error) {
	now, err := memento.Structure(ctx, conn, r.Schemas)
	if err != nil {
		return "", err
	}
	before, after := r.Structure, r.StructureAfter
	if r.Status == memento.StatusRollingBack {
		before, after = after, before
	}
	switch memento.Digest(now) {
	case before:
		return undone, nil
	case after:
		return done, nil
	}
	return "", errors.New("what became of the run " + r.ID + " is not known: the server has forgotten its transaction, and the structure is neither what was " +
		"before nor what was to come; compare it with structure.before in the run's folder, and remove that folder when you know")
}
