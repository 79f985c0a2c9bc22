package fill

import (
	"context"
	"slices"
)

// balance adds a bundle for each column that could be NULL and never is, or always is, as far as the constraints and a few tries allow.
func (f *filler) balance(ctx context.Context, u *unit) error {
	if len(u.rows) < balanceRows {
		return nil
	}
	for i, t := range u.tables {
		for _, c := range t.columns {
			if c.notNull || c.generated {
				continue
			}
			some := slices.ContainsFunc(u.rows, func(b bundle) bool { return b[i][c.index] == nil })
			other := slices.ContainsFunc(u.rows, func(b bundle) bool { return b[i][c.index] != nil })
			if some && other || !some && f.alwaysNull(t, c) {
				continue
			}
			if err := f.force(ctx, u, i, c, !some); err != nil {
				return err
			}
		}
	}
	return nil
}

// alwaysNull says whether the column waits for the target of a late link.
func (f *filler) alwaysNull(t *table, c *column) bool {
	return slices.ContainsFunc(f.late, func(l lateLink) bool { return l.table == t && slices.Contains(l.link.columns, c) })
}

// force adds a bundle in which the column of table i is NULL, or is not.
func (f *filler) force(ctx context.Context, u *unit, i int, c *column, null bool) error {
	b, ok := f.draw(u, len(u.rows))
	if !ok {
		return nil
	}
	err := f.repair(ctx, u, b, balanceTries, func() {
		switch v := b[i][c.index]; {
		case null:
			b[i][c.index] = nil
		case v == nil:
			f.redraw(u, b, i, []*column{c}, 0)
		}
	})
	if err != nil && refusal(err) == nil {
		return err
	}
	return nil
}
