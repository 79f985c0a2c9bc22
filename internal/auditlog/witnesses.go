package auditlog

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/witness"
	"github.com/veilschema/veil/merkle/checkpoint"
)

// patience is how long a witness has to answer.
const patience = 10 * time.Second

// askAll shows the last checkpoint to the witnesses that have not cosigned it, all at the same time.
func (l *Log) askAll(ctx context.Context) error {
	errs := make([]error, len(l.cfg.Witnesses))
	var group sync.WaitGroup
	for i, w := range l.cfg.Witnesses {
		group.Go(func() { errs[i] = l.ask(ctx, w) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// ask shows the last checkpoint to a witness. Only a witness that has seen the log otherwise is an error: one that is away is tried again.
func (l *Log) ask(ctx context.Context, w Witness) error {
	latest, older, err := l.due(ctx, w)
	if err != nil || latest == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	line, err := l.show(ctx, w, older, latest)
	if ahead, ok := errors.AsType[*witness.ConflictError](err); ok {
		if err := l.known(ctx, w, ahead.Size); err != nil {
			return err
		}
		if ahead.Size > latest.Size {
			return nil // another process has signed and shown more since this one looked
		}
		line, err = l.show(ctx, w, ahead.Size, latest)
		if again, ok := errors.AsType[*witness.ConflictError](err); ok && again.Size == ahead.Size {
			return l.refuse("the witness "+w.name(), latest.Size, again.Size) // the same size, and another root
		}
	}
	if errors.Is(err, witness.ErrInconsistent) {
		return l.refuse("the witness "+w.name(), latest.Size, older)
	}
	l.answered(w, err)
	if err != nil || ctx.Err() != nil {
		return nil // it is away, which is noted, and asked again
	}
	return l.keep(ctx, w, latest, line)
}

// probeAll asks the witnesses that this process never reached what they have seen, by showing them what was signed long ago: whoever signs first and
// asks then may have signed a fork.
func (l *Log) probeAll(ctx context.Context) error {
	errs := make([]error, len(l.cfg.Witnesses))
	var group sync.WaitGroup
	for i, w := range l.cfg.Witnesses {
		if !l.reached(w) {
			group.Go(func() { errs[i] = l.probe(ctx, w) })
		}
	}
	group.Wait()
	return errors.Join(errs...)
}

func (l *Log) probe(ctx context.Context, w Witness) error {
	latest, older, err := l.due(ctx, w)
	if err != nil {
		return err
	}
	if latest == nil { // it has seen all that was signed, or nothing was: nobody contradicts a log without entries
		empty, err := l.cfg.Key.Sign(tlog.Tree{Hash: emptyRoot})
		if err != nil {
			return err
		}
		latest, older = &Signed{Text: empty}, 0
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	line, err := l.show(ctx, w, older, latest)
	if ahead, ok := errors.AsType[*witness.ConflictError](err); ok {
		l.answered(w, nil)
		return l.known(ctx, w, ahead.Size)
	}
	l.answered(w, err)
	if err == nil && latest.Size > 0 {
		return l.keep(ctx, w, latest, line)
	}
	return nil // it is away, which is noted, and asked again
}

// emptyRoot is the root of a log without entries.
var emptyRoot = tlog.Hash(sha256.Sum256(nil))

// known says whether a size that a witness has seen is one that was signed by what is in the database now. A witness sees nothing that was not
// committed there before.
func (l *Log) known(ctx context.Context, w Witness, seen int64) error {
	var head tlog.Tree
	signed := false
	err := l.cfg.DB.Read(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) (err error) {
		if head, err = eventlog.Head(ctx, tx); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM veil.checkpoint WHERE size = $1)`, seen).Scan(&signed)
	})
	if err != nil || signed || seen == 0 {
		return err
	}
	return l.refuse("the witness "+w.name(), head.N, seen)
}

// reached says whether a witness answered since this process began.
func (l *Log) reached(w Witness) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	err, asked := l.away[w.Key]
	return asked && err == nil
}

// due is what a witness has to be shown: the last checkpoint, and the largest size that it cosigned before. Nil where it has seen all.
func (l *Log) due(ctx context.Context, w Witness) (latest *Signed, older int64, err error) {
	err = l.cfg.DB.Read(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		var text Signed
		err := tx.QueryRow(ctx, `SELECT size, signed FROM veil.checkpoint ORDER BY size DESC LIMIT 1`).Scan(&text.Size, &text.Text)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the checkpoints cannot be read: %w", err)
		}
		if err := tx.QueryRow(ctx, `SELECT coalesce(max(size), 0) FROM veil.cosignature WHERE witness = $1`, w.Key).Scan(&older); err != nil {
			return fmt.Errorf("the cosignatures cannot be read: %w", err)
		}
		if older < text.Size {
			latest = &text
		}
		return nil
	})
	return latest, older, err
}

// show sends a checkpoint with the proof that the log grew to it.
func (l *Log) show(ctx context.Context, w Witness, older int64, latest *Signed) ([]byte, error) {
	var growth tlog.TreeProof
	if older > 0 && older < latest.Size {
		err := l.cfg.DB.Read(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) (err error) {
			growth, err = eventlog.ProveGrowth(ctx, tx, latest.Size, older)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return w.Client.Add(ctx, older, growth, latest.Text)
}

// keep stores a cosignature, once it is seen to be one of this witness over this checkpoint.
func (l *Log) keep(ctx context.Context, w Witness, latest *Signed, line []byte) error {
	alone, err := checkpoint.NewPolicy(l.Key(), []string{w.Key}, 1)
	if err != nil {
		return err
	}
	if _, err := alone.Open(checkpoint.Join(latest.Text, line)); err != nil {
		l.answered(w, fmt.Errorf("it answered with something else than its cosignature: %w", err))
		return nil
	}
	return l.cfg.DB.Within(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO veil.cosignature (size, witness, line) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, latest.Size, w.Key, line)
		return err
	})
}

// answered notes whether a witness answered, and logs where that changed.
func (l *Log) answered(w Witness, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, asked := l.away[w.Key]
	l.away[w.Key] = err
	switch {
	case err != nil && (before == nil || !asked):
		l.cfg.Log.Warn("a witness does not cosign; checkpoints are signed without it until it does", "witness", w.name(), "error", err)
	case err == nil && before != nil:
		l.cfg.Log.Info("a witness cosigns again", "witness", w.name())
	}
}
