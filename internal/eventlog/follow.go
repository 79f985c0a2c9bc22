package eventlog

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/store"
)

// Follow calls f with each event that the scope sees after a sequence (-1 for all), in order, each once, those that are there and then those that come,
// until f or the database fails or the context ends; the error says which. Whoever goes on after a failure gives the sequence of the last event that
// was dealt with.
//
// It looks once a second, and sooner where a hint says that there is something new. In the service's scope a number that is
// left out is a [*Damage]: it is never waited for, because the events before one that is seen are there already.
func Follow(ctx context.Context, db *store.DB, scope store.Scope, after int64, f func(Event) error) error {
	hint, stop := db.Hints()
	defer stop()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for {
		page, err := readPage(ctx, db, scope, after)
		if err != nil {
			return err
		}
		for _, e := range page {
			if scope.IsService() && e.Sequence != after+1 {
				return damagedEvent(after+1, "it is missing, and the next one is %d", e.Sequence)
			}
			if err := f(e); err != nil {
				return err
			}
			after = e.Sequence
		}
		if len(page) == pageEvents {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-hint:
		case <-poll.C:
		}
	}
}

func readPage(ctx context.Context, db *store.DB, scope store.Scope, after int64) (page []Event, err error) {
	err = db.Read(ctx, scope, func(ctx context.Context, tx pgx.Tx) error {
		page, err = Read(ctx, tx, after, pageEvents)
		return err
	})
	return page, err
}
