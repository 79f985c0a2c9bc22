package service

import (
	"context"

	"github.com/google/uuid"

	"github.com/veilschema/veil/internal/history"
	"github.com/veilschema/veil/internal/store"
)

// DeleteComparison deletes the messages and the report of a comparison. That there was one, and its end, stays in the log.
type DeleteComparison struct {
	ID uuid.UUID `json:"id"`
}

func (DeleteComparison) name() string { return "delete-comparison" }
func (DeleteComparison) may() roles   { return tenants }

func (d DeleteComparison) do(ctx context.Context, c *change) error {
	cmp, err := c.comparison(ctx, d.ID, true)
	if err != nil || cmp.State == StateDeleted {
		return err
	}
	return c.remove(ctx, cmp, "by its tenant")
}

// remove deletes what was kept of a comparison.
func (c *change) remove(ctx context.Context, cmp *Comparison, why string) error {
	if _, err := c.tx.Exec(ctx, `DELETE FROM veil.upload WHERE comparison = $1`, cmp.ID); err != nil {
		return err
	}
	if err := store.Release(ctx, c.tx, stream(cmp.ID)); err != nil {
		return err
	}
	return c.emit(stream(cmp.ID), cmp.streamVersion, history.ComparisonDeleted, history.ComparisonEndedBody{ID: cmp.ID, Reason: why})
}

func (d DeleteComparison) result(ctx context.Context, v *view, _ []event) (*Comparison, error) {
	return v.comparison(ctx, d.ID, false)
}
