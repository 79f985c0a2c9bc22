package service

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// watchEvery is how often a watcher looks where no hint comes: the database may have been away when it was sent.
const watchEvery = 2 * time.Second

// Watch tells f how a comparison is, at once and after each change, until it has ended, ctx is done or f fails. Changes that follow one
// another quickly may be told as one.
func (s *Service) Watch(ctx context.Context, who Actor, id uuid.UUID, f func(*Comparison) error) error {
	hint, stop := s.cfg.DB.Hints()
	defer stop()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	told := int64(-1)
	for {
		c, err := Ask(ctx, s, who, GetComparison{ID: id})
		if err != nil {
			return err
		}
		if c.streamVersion != told {
			told = c.streamVersion
			if err := f(c); err != nil {
				return err
			}
		}
		if c.State.Ended() {
			return nil
		}
		select {
		case <-hint:
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
