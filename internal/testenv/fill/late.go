package fill

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// lateLink is a soft link whose target was empty when its table was filled.
type lateLink struct {
	table *table
	link  *link
}

// update gives a late link's rows tuples, but for every fifth or so, and for the second, which stays NULL.
func (f *filler) update(ctx context.Context, late lateLink) error {
	tuples, err := f.read(ctx, late.link)
	if err != nil || len(tuples) == 0 {
		return err
	}
	rows, err := f.present(ctx, late)
	if err != nil {
		return err
	}
	m := f.maker(late.table)
	m.rng.Shuffle(len(tuples), func(i, j int) { tuples[i], tuples[j] = tuples[j], tuples[i] })
	var changes []row
	for i, r := range rows {
		if i == 1 || i > 1 && m.chance(0.2) {
			continue
		}
		if tuple := late.link.suitable(r, tuples, i); tuple != nil {
			changes = append(changes, append(row{r[0]}, tuple...))
		}
	}
	err = f.change(ctx, late, changes)
	if refusal(err) == nil {
		return err
	}
	for _, c := range changes {
		for range lateTries {
			err = f.change(ctx, late, []row{c})
			if refusal(err) == nil {
				break
			}
			if tuple := late.link.suitable(c, tuples, m.rng.IntN(len(tuples))); tuple != nil {
				copy(c[1:], tuple)
			}
		}
		if err != nil && refusal(err) == nil {
			return err
		}
	}
	return nil
}

// suitable returns the first tuple from the one numbered start on that agrees with the row's values; these stand behind its ctid.
func (l *link) suitable(r row, tuples []row, start int) row {
	for i := range tuples {
		tuple := tuples[(start+i)%len(tuples)]
		agrees := true
		for j, c := range l.columns {
			if c.notNull && r[j+1] != nil && *r[j+1] != *tuple[j] {
				agrees = false
			}
		}
		if agrees {
			return tuple
		}
	}
	return nil
}

// present reads the rows: their ctid and the link's columns.
func (f *filler) present(ctx context.Context, late lateLink) ([]row, error) {
	values := []string{"ctid::text"}
	for _, c := range late.link.columns {
		values = append(values, pgx.Identifier{c.name}.Sanitize()+"::text")
	}
	rows, err := f.tx.Query(ctx, fmt.Sprintf("SELECT ARRAY[%s] FROM ONLY %s ORDER BY ctid", strings.Join(values, ", "), late.table.sql()), unprepared)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[[]*string])
	found := make([]row, len(list))
	for i := range list {
		found[i] = list[i]
	}
	return found, err
}

func (f *filler) change(ctx context.Context, late lateLink, changes []row) error {
	if len(changes) == 0 {
		return nil
	}
	var sets []string
	for i, c := range late.link.columns {
		if !c.notNull {
			sets = append(sets, fmt.Sprintf("%s = (j.r ->> %d)::%s", pgx.Identifier{c.name}.Sanitize(), i+1, c.kind.sql))
		}
	}
	sql := fmt.Sprintf("UPDATE ONLY %s AS t SET %s FROM jsonb_array_elements($1::text::jsonb) AS j(r) WHERE t.ctid = (j.r ->> 0)::tid",
		late.table.sql(), strings.Join(sets, ", "))
	return attempt(ctx, f.tx, func() error {
		_, err := f.tx.Exec(ctx, sql, encode(slices.Clone(changes)))
		return err
	})
}
