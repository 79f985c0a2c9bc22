package fill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// errNoTarget says that a foreign key which cannot be NULL has nothing to point to.
var errNoTarget = errors.New("its foreign key finds no row to point to")

// look learns which tuples the unit's links may take. A soft link that has none yet is late.
func (f *filler) look(ctx context.Context, u *unit) error {
	for _, t := range u.tables {
		for _, l := range t.links {
			if err := f.offer(ctx, t, l); err != nil {
				return err
			}
			inside := slices.ContainsFunc(f.catalog.leaves[l.target], func(leaf uint32) bool { return u.member[leaf] })
			switch {
			case len(l.offers) > 0 || inside:
			case l.soft():
				f.late = append(f.late, lateLink{t, l})
			default:
				return fmt.Errorf("%w: %s", errNoTarget, l.name)
			}
		}
	}
	return nil
}

// offer finds the tuples that the link's target has and that pass the checks which look at one of the link's columns alone, the bounds of
// a partition for one.
func (f *filler) offer(ctx context.Context, t *table, l *link) error {
	list, known := f.tuples[l.place()]
	if !known {
		var err error
		if list, err = f.read(ctx, l); err != nil {
			return err
		}
		f.tuples[l.place()] = list
	}
	l.offers = list
	var (
		expressions []string
		operands    []operand
	)
	for _, c := range l.columns {
		operands = append(operands, operand{c.name, c.kind})
		for _, r := range t.rules {
			if len(r.columns) == 1 && r.columns[0] == c {
				expressions = append(expressions, r.expression)
			}
		}
	}
	if len(expressions) == 0 || len(list) == 0 {
		return nil
	}
	verdicts, ok, err := judge(ctx, f.tx, expressions, operands, list)
	if !ok {
		return err
	}
	l.offers = nil
	for i, tuple := range list {
		if !slices.Contains(verdicts[i], false) {
			l.offers = append(l.offers, tuple)
		}
	}
	return nil
}

func (f *filler) read(ctx context.Context, l *link) ([]row, error) {
	var values, filled []string
	for _, name := range l.keys {
		id := pgx.Identifier{name}.Sanitize()
		values, filled = append(values, id+"::text"), append(filled, id+" IS NOT NULL")
	}
	from := f.catalog.names[l.target]
	if !f.catalog.split[l.target] {
		from = "ONLY " + from
	}
	rows, err := f.tx.Query(ctx, fmt.Sprintf("SELECT ARRAY[%s] FROM %s WHERE %s ORDER BY tableoid::regclass::text, ctid LIMIT %d",
		strings.Join(values, ", "), from, strings.Join(filled, " AND "), maxTuples), unprepared)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[[]*string])
	tuples := make([]row, len(list))
	for i, tuple := range list {
		tuples[i] = tuple
	}
	return tuples, err
}

// filled forgets what was known of the tuples of the unit's tables, for there are more now.
func (f *filler) filled(u *unit) {
	for target, leaves := range f.catalog.leaves {
		if slices.ContainsFunc(leaves, func(leaf uint32) bool { return u.member[leaf] }) {
			for place := range f.tuples {
				if strings.HasPrefix(place, fmt.Sprintf("%d ", target)) {
					delete(f.tuples, place)
				}
			}
		}
	}
}
