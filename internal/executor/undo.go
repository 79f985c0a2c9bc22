package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/memento"
)

// undo runs the statements, brings values back and holds the result against the memento.
func (b *back) undo(ctx context.Context) error {
	// The order matters: statements that write or check rows must see all of them.
	if _, err := unforce(ctx, b.tx, b.record.Schemas); err != nil {
		return err
	}
	for i := len(b.record.Undo) - 1; i >= 0; i-- {
		if err := b.undoStep(ctx, &b.record.Undo[i]); err != nil {
			return err
		}
	}
	if err := b.values(ctx); err != nil {
		return err
	}
	for i := len(b.record.Undo) - 1; i >= 0; i-- {
		if err := execute(ctx, b.tx, b.record.Undo[i].Finally...); err != nil {
			return notUndone(b.record.Undo[i].Step, err)
		}
	}
	if err := execute(ctx, b.tx, b.unheld...); err != nil {
		return err
	}
	if err := b.verifyRows(ctx); err != nil {
		return err
	}
	var forced []schema.Relation
	for _, t := range b.record.Forced {
		forced = append(forced, schema.Relation{Schema: t.Schema, Name: t.Name})
	}
	if err := force(ctx, b.tx, forced); err != nil {
		return err
	}
	return b.verifyStructure(ctx)
}

// undoStep runs the statements that undo one step.
func (b *back) undoStep(ctx context.Context, u *memento.Undo) error {
	b.o.progress("undoing " + u.Step)
	if err := b.o.at("before", u.Step); err != nil {
		return err
	}
	for _, sql := range u.Statements {
		if err := b.undoStatement(ctx, sql); err != nil {
			return notUndone(u.Step, err)
		}
	}
	return b.o.at("after", u.Step)
}

// undoStatement runs one statement. A foreign key that comes back before the values that it holds of is only validated when they are
// back. Row security that is for the owner again is so at the end.
func (b *back) undoStatement(ctx context.Context, sql string) error {
	if !strings.Contains(sql, " FOREIGN KEY ") {
		err := execute(ctx, b.tx, sql)
		if err == nil && strings.HasSuffix(sql, " FORCE ROW LEVEL SECURITY") {
			_, err = unforce(ctx, b.tx, b.record.Schemas)
		}
		return err
	}
	inner, err := b.tx.Begin(ctx)
	if err != nil {
		return err
	}
	if err = execute(ctx, inner, sql); err == nil {
		return inner.Commit(ctx)
	}
	validate := b.later(sql, err)
	if err := inner.Rollback(ctx); err != nil {
		return err
	}
	if validate == "" {
		return err
	}
	b.unheld = append(b.unheld, validate)
	return execute(ctx, b.tx, sql+" NOT VALID")
}

// later is the statement that validates a foreign key which could not be added, "" where it is another statement that failed, or no
// values are still to come.
func (b *back) later(sql string, err error) string {
	const foreignKeyViolation = "23503"
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != foreignKeyViolation ||
		!slices.ContainsFunc(b.record.Tables, func(t memento.TableState) bool { return t.Backup != "" }) {
		return ""
	}
	alter, _, isAdd := strings.Cut(sql, " ADD CONSTRAINT ")
	if !isAdd {
		return ""
	}
	return alter + " VALIDATE CONSTRAINT " + schema.Quote(pg.ConstraintName)
}

func notUndone(step string, err error) error {
	if step == "" {
		step = "that takes away what uses columns of another type"
	}
	return fmt.Errorf("the step %s could not be undone, so nothing was changed: %w", step, err)
}
