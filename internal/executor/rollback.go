package executor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/memento"
)

// NoRollbackError says why a run cannot be rolled back.
type NoRollbackError struct{ Run, Why string }

// Error names the run and the reason.
func (e *NoRollbackError) Error() string {
	return fmt.Sprintf("the run %s cannot be rolled back: %s", e.Run, e.Why)
}

// Latest returns the id of the latest completed run on the database that conn is connected to, "" if there is none. What became of
// runs that ended without a word is found out first.
func Latest(ctx context.Context, conn *pgx.Conn, state string) (string, error) {
	server, err := Settle(ctx, conn, state)
	if err != nil {
		return "", err
	}
	runs, err := memento.List(state)
	if err != nil {
		return "", err
	}
	latest := ""
	for _, r := range runs {
		if r.Server == server && r.Status == memento.StatusCompleted {
			latest = r.ID
		}
	}
	return latest, nil
}

// Rollback brings the database back to what it was before a run: structure and rows, to the byte of the memento. It refuses with a
// *[NoRollbackError] where that is not possible: a step that is forward only, a structure that has changed since, rows that
// were added or changed since. Then, and after any error but an *[Indeterminate], nothing is changed.
func Rollback(ctx context.Context, conn *pgx.Conn, run string, o Options) error {
	server, err := memento.Identify(ctx, conn)
	if err != nil {
		return err
	}
	lock, err := memento.LockDatabase(o.State, server)
	if err != nil {
		return err
	}
	defer lock.Release() //nolint:errcheck // nothing was written
	if err := settle(ctx, conn, o.State, server); err != nil {
		return err
	}
	journal, err := memento.Open(o.State, run)
	if err != nil {
		return err
	}
	b := &back{o: &o, conn: conn, journal: journal, record: journal.Run()}
	if err := b.possible(server); err != nil {
		return err
	}
	return patiently(ctx, o, b.attempt)
}

// back is a rollback under way.
type back struct {
	o       *Options
	conn    *pgx.Conn
	journal *memento.Journal
	record  memento.Run
	tx      pgx.Tx
	unheld  []string // statements that validate the foreign keys which came back before the values that they hold of
}

func (b *back) refuse(format string, args ...any) error {
	return &NoRollbackError{b.record.ID, fmt.Sprintf(format, args...)}
}

func (b *back) possible(server memento.Server) error {
	if b.record.Server != server {
		return b.refuse("it changed another database")
	}
	if b.record.Status != memento.StatusCompleted {
		return b.refuse("it is %s", strings.ReplaceAll(string(b.record.Status), "_", " "))
	}
	var forward []string
	for _, u := range b.record.Undo {
		if len(u.Statements) == 0 {
			forward = append(forward, u.Step)
		}
	}
	if len(forward) > 0 {
		return b.refuse("nothing undoes %s", strings.Join(forward, ", "))
	}
	return nil
}

func (b *back) attempt(ctx context.Context) (err error) {
	b.record, b.unheld = b.journal.Run(), nil
	if b.tx, err = begin(ctx, b.conn); err != nil {
		return err
	}
	committed := false
	defer func() {
		if !committed {
			err = errors.Join(err, b.giveUp(context.WithoutCancel(ctx)))
		}
	}()
	if err := b.lock(ctx); err != nil {
		return err
	}
	if err := b.unchanged(ctx); err != nil {
		return err
	}
	if b.record.XID, err = memento.TransactionID(ctx, b.tx); err != nil {
		return err
	}
	b.record.Status = memento.StatusRollingBack
	if err := b.journal.Save(b.record); err != nil {
		return err
	}
	if err := b.undo(ctx); err != nil {
		return err
	}
	if err := b.o.at("before", "commit"); err != nil {
		return err
	}
	if err := b.tx.Commit(ctx); err != nil {
		if committed = b.conn.IsClosed(); committed {
			return &Indeterminate{b.record.ID, err}
		}
		return err
	}
	committed = true
	err = b.o.at("after", "commit")
	if err == nil {
		b.record.Status, b.record.Ended = memento.StatusRolledBack, time.Now().UTC()
		err = b.journal.Save(b.record)
	}
	if err != nil {
		return &Indeterminate{b.record.ID, err}
	}
	return nil
}

func (b *back) giveUp(ctx context.Context) error {
	err := b.tx.Rollback(ctx)
	if errors.Is(err, pgx.ErrTxClosed) || b.conn.IsClosed() {
		err = nil
	}
	if b.conn.IsClosed() || b.journal.Run().Status != memento.StatusRollingBack {
		return err
	}
	last := b.journal.Run()
	last.Status = memento.StatusCompleted
	return errors.Join(err, b.journal.Save(last))
}

// lock takes the tables as the run left them.
func (b *back) lock(ctx context.Context) error {
	b.o.progress("locking the tables")
	for _, t := range b.record.SumsAfter {
		if err := execute(ctx, b.tx, "LOCK TABLE "+t.Table.ID().String()+" IN ACCESS EXCLUSIVE MODE"); err != nil {
			if busy(err) {
				return err
			}
			return b.refuse("the table %s is not what the run left (%v)", t.Table.ID(), err)
		}
	}
	return nil
}

// unchanged holds structure and rows against what the run left.
func (b *back) unchanged(ctx context.Context) error {
	now, err := memento.Structure(ctx, b.tx, b.record.Schemas)
	if err != nil {
		return err
	}
	if memento.Digest(now) != b.record.StructureAfter {
		return b.refuse("the structure has changed since")
	}
	forced, err := unforce(ctx, b.tx, b.record.Schemas)
	if err != nil {
		return err
	}
	for _, t := range b.record.SumsAfter {
		sum, err := memento.Checksum(ctx, b.tx, t.Table)
		if err != nil {
			return err
		}
		if sum != t.Sum {
			return b.refuse("rows of %s have changed since, and it would lose them", t.Table.ID())
		}
	}
	return force(ctx, b.tx, forced)
}

func (b *back) verifyStructure(ctx context.Context) error {
	before, err := b.journal.StructureBefore()
	if err != nil {
		return err
	}
	now, err := memento.Structure(ctx, b.tx, b.record.Schemas)
	if err != nil {
		return err
	}
	if diff := memento.Diff(before, now); len(diff) > 0 {
		return fmt.Errorf("after undoing all steps the structure is not what it was, so nothing was changed: %s", strings.Join(diff, "; "))
	}
	return nil
}

func (b *back) verifyRows(ctx context.Context) error {
	for _, t := range b.record.Tables {
		sum, err := memento.Checksum(ctx, b.tx, t.Table)
		if err != nil {
			return err
		}
		if sum != t.Sum {
			return fmt.Errorf("after undoing all steps the rows of %s are not what they were, so nothing was changed", t.Table.ID())
		}
	}
	return nil
}
