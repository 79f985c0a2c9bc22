package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// watchdog ends a load's session from outside when it takes too long or too much. The
// server's own timeouts do not suffice: the code under watch may switch them off, or catch
// the error they raise. Nothing catches pg_terminate_backend.
type watchdog struct {
	scratch *Scratch
	pid     uint32
	last    atomic.Int64 // time of the last progress, Unix nanoseconds
	reason  atomic.Pointer[error]
	quit    context.CancelFunc
	done    chan struct{}
}

// grace is how much longer than the server's own timeout the watchdog waits.
const grace = time.Second

func (d *Scratch) watch(ctx context.Context, pid uint32) *watchdog {
	inner, quit := context.WithCancel(context.WithoutCancel(ctx))
	w := &watchdog{scratch: d, pid: pid, quit: quit, done: make(chan struct{})}
	w.progress()
	go w.loop(inner, ctx.Done(), func() error { return context.Cause(ctx) })
	return w
}

// progress notes that a statement has come to its end.
func (w *watchdog) progress() { w.last.Store(time.Now().UnixNano()) }

// ended is why the watchdog ended the session, or nil. There may be no watchdog yet.
func (w *watchdog) ended() error {
	if w == nil {
		return nil
	}
	if p := w.reason.Load(); p != nil {
		return *p
	}
	return nil
}

// stop ends the watch and waits for its goroutine.
func (w *watchdog) stop() {
	w.quit()
	<-w.done
}

func (w *watchdog) loop(ctx context.Context, cancelled <-chan struct{}, cause func() error) {
	defer close(w.done)
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	limits := w.scratch.server.limits
	total := time.NewTimer(limits.Load)
	defer total.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-cancelled:
			err = fmt.Errorf("the load was stopped: %w", cause())
		case <-total.C:
			err = fmt.Errorf("the file takes longer than %s to load, the most that one may take", limits.Load)
		case <-tick.C:
			err = w.check(ctx, limits)
		}
		if err != nil && ctx.Err() == nil {
			w.terminate(ctx, err)
			return
		}
	}
}

// check is nil while the session keeps within its limits.
func (w *watchdog) check(ctx context.Context, limits Limits) error {
	if took := time.Since(time.Unix(0, w.last.Load())); took > limits.Statement+grace {
		return errTooLong(limits.Statement)
	}
	var size int64
	err := w.scratch.server.asAdmin(ctx, func(c *pgx.Conn) error {
		return c.QueryRow(ctx, "SELECT pg_catalog.pg_database_size($1)", w.scratch.name).Scan(&size)
	})
	if err != nil {
		return nil //nolint:nilerr // a file may vanish while it is measured; the next look is soon
	}
	if size > limits.DiskBytes {
		return fmt.Errorf("the database grew to %d MiB while this ran; it may have %d MiB", size>>20, limits.DiskBytes>>20)
	}
	return nil
}

func errTooLong(limit time.Duration) error {
	return fmt.Errorf("the statement ran longer than %s, the most that one may take", limit)
}

func (w *watchdog) terminate(ctx context.Context, why error) {
	w.reason.Store(&why)
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	err := w.scratch.server.asAdmin(ctx, func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, "SELECT pg_catalog.pg_terminate_backend($1, 5000)", int32(w.pid))
		return err
	})
	if err != nil {
		why = errors.Join(why, err)
		w.reason.Store(&why)
	}
}
