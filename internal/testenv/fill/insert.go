package fill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// statement inserts bundles: one parameter for each table of the unit, an array of rows.
func (u *unit) statement() string {
	var b strings.Builder
	for i, t := range u.tables {
		var names, values []string
		for _, c := range t.columns {
			if !c.generated {
				names = append(names, pgx.Identifier{c.name}.Sanitize())
				values = append(values, fmt.Sprintf("(j.r ->> %d)::%s", c.index, c.kind.sql))
			}
		}
		list := ""
		if len(names) > 0 {
			list = " (" + strings.Join(names, ", ") + ")"
		}
		insert := fmt.Sprintf("INSERT INTO %s%s OVERRIDING SYSTEM VALUE SELECT %s FROM jsonb_array_elements($%d::text::jsonb) AS j(r)",
			t.sql(), list, strings.Join(values, ", "), i+1)
		switch {
		case i == len(u.tables)-1:
			b.WriteString(insert)
		case i == 0:
			fmt.Fprintf(&b, "WITH i0 AS (%s) ", insert)
		default:
			fmt.Fprintf(&b, ", i%d AS (%s) ", i, insert)
		}
	}
	return b.String()
}

// insert inserts the bundles by one statement under a savepoint.
func (f *filler) insert(ctx context.Context, u *unit, bundles []bundle) error {
	args := make([]any, len(u.tables))
	for i := range u.tables {
		rows := make([]row, len(bundles))
		for j, b := range bundles {
			rows[j] = b[i]
		}
		args[i] = encode(rows)
	}
	var batch pgx.Batch
	batch.Queue(`SAVEPOINT bundle`)
	batch.Queue(u.sql, args...)
	batch.Queue(`RELEASE bundle`)
	err := f.tx.SendBatch(ctx, &batch).Close()
	if refusal(err) == nil {
		return err
	}
	_, back := f.tx.Conn().PgConn().Exec(ctx, `ROLLBACK TO bundle; RELEASE bundle`).ReadAll()
	return errors.Join(err, back)
}

// errNoRow says that no row could be drawn.
var errNoRow = errors.New("the values that its keys allow are used up")

// fill inserts rows into the unit's tables. The error wraps the server's last refusal if no row was accepted.
func (f *filler) fill(ctx context.Context, u *unit) error {
	if err := f.look(ctx, u); err != nil {
		return err
	}
	u.sql = u.statement()
	for n := range f.options.RowsPerTable {
		b, ok := f.draw(u, n)
		if !ok {
			break
		}
		f.keep(u, b)
	}
	drawn := u.rows
	if len(drawn) == 0 {
		return errNoRow
	}
	err := f.insert(ctx, u, drawn)
	if err == nil {
		return f.balance(ctx, u)
	}
	if refusal(err) == nil {
		return err
	}
	f.forget(u)
	var last error
	refused := 0
	for n := 0; n < len(drawn) && refused < hopeless; n++ {
		err := f.repair(ctx, u, drawn[n], repairTries, nil)
		switch {
		case err == nil:
			refused = 0
		case refusal(err) == nil:
			return err
		default:
			last, refused = err, refused+1
		}
	}
	if len(u.rows) == 0 {
		return last
	}
	return f.balance(ctx, u)
}

// repair inserts one bundle, drawing again what the server refuses. before, if given, is called on the bundle each time.
func (f *filler) repair(ctx context.Context, u *unit, b bundle, tries int, before func()) error {
	var err error
	for try := range tries {
		if before != nil {
			before()
		}
		if err = f.insert(ctx, u, []bundle{b}); err == nil {
			f.keep(u, b)
			return nil
		}
		pg := refusal(err)
		if pg == nil {
			return err
		}
		i, columns := f.blame(u, pg)
		nulls := []float64{0, 0.3, 0.6, 0.9}[f.maker(u.tables[i]).rng.IntN(4)]
		if columns == nil || try%redrawTries == redrawTries-1 {
			for i, t := range u.tables {
				f.redraw(u, b, i, t.columns, nulls)
			}
			continue
		}
		f.redraw(u, b, i, columns, nulls)
	}
	return err
}

// blame finds the row and its columns that the server's refusal is about. No columns means that it may be any.
func (f *filler) blame(u *unit, pg *pgconn.PgError) (int, []*column) {
	i := slices.IndexFunc(u.tables, func(t *table) bool { return t.schema == pg.SchemaName && t.name == pg.TableName })
	if i < 0 {
		return 0, nil
	}
	t := u.tables[i]
	for _, r := range t.rules {
		if pg.Code == codeCheck && r.name == pg.ConstraintName {
			return i, r.columns
		}
	}
	for _, k := range t.keys {
		if k.name == pg.ConstraintName {
			return i, k.columns
		}
	}
	for _, l := range t.links {
		if l.name == pg.ConstraintName {
			return i, l.columns
		}
	}
	for _, c := range t.columns {
		if pg.Code == codeNull && c.name == pg.ColumnName {
			return i, []*column{c}
		}
	}
	return i, nil
}

const (
	codeCheck = "23514"
	codeNull  = "23502"
)
