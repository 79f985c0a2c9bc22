package postgres

import (
	"context"
	"fmt"
	"time"
)

// supervise watches over the server until it is asked to stop it or gives up. It owns the
// server: nobody else starts or stops one.
func (i *Instance) supervise(life context.Context, p *postmaster) {
	defer close(i.done)
	tick := time.NewTicker(logCheckInterval)
	defer tick.Stop()
	for {
		select {
		case <-life.Done():
			i.err = p.stop()
			return
		case <-tick.C:
			if err := i.home.trimLog(); err != nil {
				i.log.Warn("the log of the private PostgreSQL cannot be kept small", "error", err)
			}
		case <-p.exited:
			i.log.Warn("the private PostgreSQL died and is started again", "folder", i.home.path)
			next, err := i.revive(life)
			if err != nil {
				i.err = err
				i.log.Error("the private PostgreSQL is down", "error", err)
			}
			if next == nil {
				return
			}
			p = next
			i.log.Info("the private PostgreSQL answers again", "folder", i.home.path)
		}
	}
}

// revive starts the server again, with pauses that grow from one failure to the next. It
// returns neither a server nor an error when it is asked to stop meanwhile.
func (i *Instance) revive(life context.Context) (*postmaster, error) {
	delay := firstRestartDelay
	for failed := 1; ; failed++ {
		select {
		case <-life.Done():
			return nil, nil //nolint:nilnil // being asked to stop is no failure
		case <-time.After(delay):
		}
		ctx, cancel := context.WithTimeoutCause(life, recoveryTimeout, fmt.Errorf("it was not ready after %s", recoveryTimeout))
		p, err := i.start(ctx)
		cancel()
		if err == nil {
			return p, nil
		}
		if life.Err() != nil {
			return nil, nil //nolint:nilnil,nilerr // as above
		}
		err = explain(i.home.path, err)
		if failed >= i.starts {
			return nil, fmt.Errorf("the private PostgreSQL died and %d starts in a row failed, the last because: %w", failed, err)
		}
		i.log.Warn("the private PostgreSQL does not start", "error", err, "failures", failed)
		delay = min(2*delay, maxRestartDelay)
	}
}
