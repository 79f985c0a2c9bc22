package executor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	defaultPatience = 30 * time.Second
	shortestPause   = 50 * time.Millisecond
	longestPause    = 2 * time.Second
)

// patiently runs an attempt again, after a random pause that grows, while it fails for want of a lock.
func patiently(ctx context.Context, o Options, attempt func(context.Context) error) error {
	patience := o.Patience
	if patience <= 0 {
		patience = defaultPatience
	}
	deadline := time.Now().Add(patience)
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		err := attempt(ctx)
		if !busy(err) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("other sessions held locks on the tables for %s, so nothing was changed; try again when they are less busy: %w", patience, err)
		}
		// Jitter keeps two waiters from meeting again and again.
		wait := pause/2 + rand.N(pause) //nolint:gosec // no secret depends on it
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// busy says whether a lock was not to be had, or two sessions waited for each other.
func busy(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "55P03", "40P01", "40001": // lock_not_available, deadlock_detected, serialization_failure
		return true
	}
	return false
}
