package store

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Channel is the channel of PostgreSQL that a writer notifies where others may be waiting for what it wrote.
const Channel = "veil_log"

// Hints returns a channel that receives something soon after a transaction that notified [Channel] was committed, and a function that ends it. One
// connection serves all who listen. Hints may come late, too often or, while the database is away, not at all: whoever waits for something looks
// for it now and then as well.
func (db *DB) Hints() (hint <-chan struct{}, stop func()) { return db.hints.subscribe() }

// hints passes notifications on to whoever subscribed. Its goroutine and its connection exist while somebody did.
type hints struct {
	config *pgx.ConnConfig

	mu     sync.Mutex
	subs   map[chan struct{}]struct{} // guarded by mu
	cancel context.CancelFunc         // guarded by mu; of the goroutine, nil while there is none
	done   sync.WaitGroup
}

func newHints(config *pgx.ConnConfig) *hints {
	config = config.Copy()
	config.Tracer = nil
	// This session waits, and runs no statement that takes time.
	delete(config.RuntimeParams, "statement_timeout")
	return &hints{config: config, subs: make(map[chan struct{}]struct{})}
}

func (h *hints) subscribe() (<-chan struct{}, func()) {
	hint := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subs[hint] = struct{}{}
	if h.cancel == nil {
		ctx, cancel := context.WithCancel(context.Background())
		h.cancel = cancel
		h.done.Go(func() { h.run(ctx) })
	}
	return hint, func() { h.unsubscribe(hint) }
}

func (h *hints) unsubscribe(hint chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.subs, hint)
	if len(h.subs) == 0 && h.cancel != nil {
		h.cancel()
		h.cancel = nil
	}
}

// ring wakes all subscribers. One that has a hint waiting needs no second.
func (h *hints) ring() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for hint := range h.subs {
		select {
		case hint <- struct{}{}:
		default:
		}
	}
}

// run listens until the context ends, over and over where the connection is lost.
func (h *hints) run(ctx context.Context) {
	for ctx.Err() == nil {
		_ = h.listen(ctx) // those who wait look for themselves meanwhile
		select {
		case <-ctx.Done():
		case <-time.After(reconnectPause):
		}
	}
}

// listen passes on what one connection hears, until it ends.
func (h *hints) listen(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, h.config)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
		_ = conn.Close(ctx) // the session ends either way
	}()
	if _, err := conn.Exec(ctx, `LISTEN `+pgx.Identifier{Channel}.Sanitize()); err != nil {
		return err
	}
	for {
		h.ring() // at first too: something may have come before anybody listened
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return err
		}
	}
}

func (h *hints) close() {
	h.mu.Lock()
	clear(h.subs)
	if h.cancel != nil {
		h.cancel()
		h.cancel = nil
	}
	h.mu.Unlock()
	h.done.Wait()
}
