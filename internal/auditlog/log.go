package auditlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/merkle/checkpoint"
)

// Witness is somebody who saw the log before and says so, or does not.
type Witness struct {
	// Key is its key, as signed notes write it.
	Key string
	// Client asks it; *witness.Client is one.
	Client interface {
		// Add shows it a checkpoint and that the log grew to it from an older size, and returns the line that it adds. Its errors are those of
		// [witness.Client].
		Add(ctx context.Context, older int64, growth tlog.TreeProof, signed []byte) ([]byte, error)
	}
}

// name is what people call a witness: its key up to the first plus.
func (w Witness) name() string {
	name, _, _ := strings.Cut(w.Key, "+")
	return name
}

// Config is what a log is made of.
type Config struct {
	DB  *store.DB
	Key *checkpoint.Key
	// Witnesses are asked to cosign.
	Witnesses []Witness
	// Memory is the file that remembers what this machine signed last. Empty remembers nothing.
	Memory string
	// Every is how often the log is looked at; zero is a second.
	Every time.Duration
	// Log gets what an operator should know; nil logs nothing.
	Log *slog.Logger
	// Now is the clock; nil is that of the machine.
	Now func() time.Time
}

// Log signs the checkpoints of one service's log. Several processes with the same key may work on one database.
type Log struct {
	cfg    Config
	policy *checkpoint.Policy

	step sync.Mutex // one step at a time

	mu      sync.Mutex
	refusal *Refusal
	away    map[string]error // of witnesses, by their keys; nil for one that answered
}

// Refusal says why nothing is signed any more.
type Refusal struct {
	// By is who has seen the log otherwise: a file of this machine, or the key of a witness.
	By string
	// Head is the size of the log, Seen the one that was seen.
	Head, Seen int64
}

// Error says what happened and what to do.
func (r *Refusal) Error() string {
	if r.Seen > r.Head {
		return fmt.Sprintf("the log has %d entries and %s has seen %d: the database was put back, and whatever is signed now would contradict what was signed before; restore the newest state of the database, or begin a new log with a new root key and tell everybody why", r.Head, r.By, r.Seen)
	}
	return fmt.Sprintf("the log is not the one that %s has seen at %d entries: entries were changed, or the database is another one; keep it as it is, compare it with a backup (veil admin verify), and sign nothing before it is explained", r.By, r.Seen)
}

// New makes a log. Nothing is read or signed yet.
func New(c Config) (*Log, error) {
	if c.DB == nil || c.Key == nil {
		return nil, errors.New("a log needs a database and a key")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Every <= 0 {
		c.Every = time.Second
	}
	keys := make([]string, len(c.Witnesses))
	for i, w := range c.Witnesses {
		keys[i] = w.Key
	}
	policy, err := checkpoint.NewPolicy(c.Key.Public(), keys, 0)
	if err != nil {
		return nil, err
	}
	return &Log{cfg: c, policy: policy, away: map[string]error{}}, nil
}

// Key is the log's public key.
func (l *Log) Key() string { return l.cfg.Key.Public() }

// Refusal says why nothing is signed; nil where nothing stands in the way.
func (l *Log) Refusal() *Refusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refusal
}

// Away are the witnesses that did not answer the last time, and why.
func (l *Log) Away() map[string]error {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[string]error, len(l.away))
	for w, err := range l.away {
		if err != nil {
			out[w] = err
		}
	}
	return out
}

// Run looks at the log now and then until ctx ends. What goes wrong is logged, once.
func (l *Log) Run(ctx context.Context) {
	said := ""
	for {
		if err := l.Step(ctx); err != nil && ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			l.cfg.Log.Error("the log was not signed", "error", err)
		} else if err == nil {
			said = ""
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(l.cfg.Every):
		}
	}
}

// Step signs the log as it is, where it grew, and shows it to the witnesses that have not seen it. Before the first signature of this process the
// witnesses are asked what they have seen. A witness that is away is no error.
func (l *Log) Step(ctx context.Context) error {
	l.step.Lock()
	defer l.step.Unlock()
	if r := l.Refusal(); r != nil {
		return r
	}
	if err := l.probeAll(ctx); err != nil {
		return err
	}
	if err := l.sign(ctx); err != nil {
		return err
	}
	return l.askAll(ctx)
}

// refuse remembers that nothing may be signed any more by this process.
func (l *Log) refuse(by string, head, seen int64) error {
	r := &Refusal{By: by, Head: head, Seen: seen}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusal = r
	return r
}

// lock is the advisory lock under which checkpoints are signed, so that of several processes one does it.
const lock = 0x7665696c2d6c6f67

// maxBackwards is how far clocks may go back or differ.
const maxBackwards = time.Minute

// sign signs the head, unless it was signed before. The head is read after the lock, so that sizes are signed in order.
func (l *Log) sign(ctx context.Context) error {
	return l.cfg.DB.Within(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(lock)); err != nil {
			return fmt.Errorf("the log was not signed: %w", err)
		}
		head, err := eventlog.Head(ctx, tx)
		if err != nil {
			return err
		}
		if err := l.fits(ctx, tx, head); err != nil {
			return err
		}
		at, last := l.cfg.Now().UTC(), time.Time{}
		var size int64 = -1
		err = tx.QueryRow(ctx, `SELECT size, at FROM veil.checkpoint ORDER BY size DESC LIMIT 1`).Scan(&size, &last)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("the log was not signed: %w", err)
		}
		switch {
		case size > head.N:
			return l.refuse("the database itself", head.N, size)
		case size == head.N:
			return nil
		case at.Before(last.Add(-maxBackwards)):
			return fmt.Errorf("the log is not signed, because the clock says %s, and the last checkpoint was signed at %s; set the clock", at.Format(time.RFC3339), last.UTC().Format(time.RFC3339))
		case at.Before(last):
			at = last
		}
		signed, err := l.cfg.Key.Sign(head)
		if err != nil {
			return err
		}
		if l.cfg.Memory != "" {
			if err := remember(l.cfg.Memory, signed); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO veil.checkpoint (size, signed, at) VALUES ($1, $2, $3)`, head.N, signed, at)
		return err
	})
}

// fits holds the log against what this machine remembers and what was signed last.
func (l *Log) fits(ctx context.Context, tx pgx.Tx, head tlog.Tree) error {
	if latest, err := Latest(ctx, tx); err == nil {
		c, err := l.policy.Open(latest.Text)
		if err != nil {
			return fmt.Errorf("the last checkpoint in the database cannot be used: %w; was the root key changed?", err)
		}
		if err := l.contains(ctx, tx, head, c.Tree, "the last checkpoint in the database"); err != nil {
			return err
		}
	} else if !errors.Is(err, ErrNone) {
		return err
	}
	if l.cfg.Memory == "" {
		return nil
	}
	tree, err := remembered(l.cfg.Memory, l.policy)
	if err != nil || tree == nil {
		return err
	}
	return l.contains(ctx, tx, head, *tree, "this machine ("+l.cfg.Memory+")")
}

// contains says whether the log begins as a tree that was signed.
func (l *Log) contains(ctx context.Context, tx pgx.Tx, head, seen tlog.Tree, by string) error {
	if seen.N > head.N {
		return l.refuse(by, head.N, seen.N)
	}
	root, err := eventlog.Root(ctx, tx, seen.N)
	if err != nil {
		return err
	}
	if root != seen.Hash {
		return l.refuse(by, head.N, seen.N)
	}
	return nil
}
