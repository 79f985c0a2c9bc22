package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrUnknown is the cause where a connection was lost while a transaction was being committed: nobody here knows whether it was.
var ErrUnknown = errors.New("the connection to the database was lost as a change was being made, and it may have been made or not; repeat it with the same command id")

// Within runs f in a READ COMMITTED transaction of the scope and commits it, or rolls it back where f fails. A transaction that the server
// gave up for another's sake (a deadlock, a serialisation failure) is tried again a few times: f may run several times and must have no effect
// but the transaction's. It fails with [ErrUnknown] where only the server knows what became of the commit.
func (db *DB) Within(ctx context.Context, s Scope, f func(ctx context.Context, tx pgx.Tx) error) error {
	return db.try(ctx, s, "READ COMMITTED READ WRITE", f)
}

// Read runs f in a read-only transaction of the scope, all of whose queries see the database at one moment.
func (db *DB) Read(ctx context.Context, s Scope, f func(ctx context.Context, tx pgx.Tx) error) error {
	return db.try(ctx, s, "REPEATABLE READ READ ONLY", f)
}

func (db *DB) try(ctx context.Context, s Scope, mode string, f func(context.Context, pgx.Tx) error) error {
	begin, err := s.begin(mode)
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		err := db.once(ctx, begin, f)
		if err == nil || attempt == maxAttempts || !retryable(err) {
			return err
		}
		// The pause is a random one, so that those who met do not meet again.
		pause := time.NewTimer(rand.N(pauseUnit << (attempt - 1))) //nolint:gosec // no secret depends on it
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return err
		}
	}
}

// once runs f in one transaction.
func (db *DB) once(ctx context.Context, begin string, f func(context.Context, pgx.Tx) error) error {
	tx, err := db.pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: begin})
	if err != nil {
		return fmt.Errorf("no transaction could be begun: %w", err)
	}
	defer func() {
		// After a commit this does nothing. The caller's context may have ended, and the connection must be free of the transaction all the same.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
		_ = tx.Rollback(ctx) // where it fails, the connection ends, and the transaction with it
	}()
	if err := f(ctx, tx); err != nil {
		return err
	}
	return commit(ctx, tx)
}

// commit commits and tells a failure for certain from one that is not.
func commit(ctx context.Context, tx pgx.Tx) error {
	err := tx.Commit(ctx)
	if err == nil {
		return nil
	}
	var pg *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrTxCommitRollback), pgconn.SafeToRetry(err), errors.As(err, &pg) && pg.SeverityUnlocalized == "ERROR":
		return fmt.Errorf("the change was not made: %w", err)
	default:
		return fmt.Errorf("%w (%w)", ErrUnknown, err)
	}
}

// retryable says whether the same transaction may well succeed if tried again.
func retryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == codeSerialization || pg.Code == codeDeadlock)
}
