package fill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Options say what to fill. The zero value fills every schema with 20 rows a table.
type Options struct {
	// Schemas are the names of the schemas whose tables are filled. Empty means all that are not the system's.
	Schemas []string
	// RowsPerTable is how many rows each table gets, at most 10,000; a table whose keys allow fewer gets fewer. A partition counts as a
	// table of its own. Default 20.
	RowsPerTable int
	// Moderate leaves out numbers and times at the far ends of their types, infinities and NaN, which a conversion to another type
	// could not hold. Literals of defaults and checks are used all the same.
	Moderate bool
	// Filled are columns that get no NULL although they may have it, such as those that a later version of the schema does not allow it in.
	Filled []Column
	// Seed chooses the rows.
	Seed uint64
}

// Column names a column.
type Column struct{ Schema, Table, Name string }

// Table names a table.
type Table struct{ Schema, Name string }

// String is the name as a person writes it, without quotes.
func (t Table) String() string { return t.Schema + "." + t.Name }

func compareTables(a, b Table) int {
	return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
}

// Gap is a table that got no rows.
type Gap struct {
	Table
	Reason string // one sentence
}

// Report says what was filled.
type Report struct {
	Rows map[Table]int // of every table that holds rows itself, partitions among them; those it had before included
	Gaps []Gap         // tables that have no rows, by schema and name
}

// Rows fills the tables that have no rows yet. It works in one transaction of its own, so conn must not be in one, as the owner of the
// tables. A table that cannot be filled is a gap of the report; an error means that nothing was changed.
func Rows(ctx context.Context, conn *pgx.Conn, o Options) (Report, error) {
	if o.RowsPerTable == 0 {
		o.RowsPerTable = defaultRows
	}
	if o.RowsPerTable < 0 || o.RowsPerTable > maxRows {
		return Report{}, fmt.Errorf("%d rows per table are not between 1 and %d", o.RowsPerTable, maxRows)
	}
	var report Report
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		f := &filler{tx: tx, options: o, states: make(map[*table]*state), tuples: make(map[string][]row)}
		var err error
		report, err = f.run(ctx)
		return err
	})
	if err != nil {
		return Report{}, fmt.Errorf("the database %q could not be filled: %w", conn.Config().Database, err)
	}
	return report, nil
}

// filler is one run.
type filler struct {
	tx      pgx.Tx
	options Options
	catalog *catalog
	states  map[*table]*state
	tuples  map[string][]row // by the place of the links that point there
	late    []lateLink
	gaps    map[*table]string
}

// settings under which the server reads and prints the text form of every type as package fill writes it.
const settings = `SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL xmloption = content;
	SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL row_security = on; SET LOCAL jit = off; SET CONSTRAINTS ALL IMMEDIATE`

func (f *filler) run(ctx context.Context) (Report, error) {
	if _, err := f.tx.Conn().PgConn().Exec(ctx, settings).ReadAll(); err != nil {
		return Report{}, err
	}
	var err error
	if f.catalog, err = readCatalog(ctx, f.tx, f.options.Schemas); err != nil {
		return Report{}, err
	}
	if err := f.prepare(ctx); err != nil {
		return Report{}, err
	}
	if err := f.catalog.switchOff(ctx, f.tx); err != nil {
		return Report{}, err
	}
	if err := f.fillAll(ctx); err != nil {
		return Report{}, err
	}
	for _, late := range f.late {
		if err := f.update(ctx, late); err != nil {
			return Report{}, fmt.Errorf("%s: %w", late.table.label(), err)
		}
	}
	if err := f.advance(ctx); err != nil {
		return Report{}, fmt.Errorf("sequences could not be advanced: %w", err)
	}
	report, err := f.report(ctx) // while row security hides nothing
	if err != nil {
		return Report{}, err
	}
	return report, f.catalog.switchOn(ctx, f.tx)
}

// prepare asks the server about types and checks.
func (f *filler) prepare(ctx context.Context) error {
	for _, t := range f.catalog.tables {
		for _, c := range t.columns {
			c.words = usable(c.kind, c.words)
			c.notNull = c.notNull || slices.Contains(f.options.Filled, Column{t.schema, t.name, c.name})
			if err := f.probe(ctx, c.kind); err != nil {
				return err
			}
		}
		if err := f.survey(ctx, t); err != nil {
			return fmt.Errorf("%s: %w", t.label(), err)
		}
	}
	return nil
}

// fillAll fills the units in their order, and those that were refused again, as long as that helps: their soft links may have
// targets by then.
func (f *filler) fillAll(ctx context.Context) error {
	units := f.catalog.order()
	f.gaps = make(map[*table]string)
	for {
		var refused []*unit
		for _, u := range units {
			full, err := f.full(ctx, u)
			if err != nil {
				return err
			}
			if full {
				continue
			}
			err = f.fill(ctx, u)
			switch {
			case err == nil:
				f.filled(u)
				for _, t := range u.tables {
					delete(f.gaps, t)
				}
			case refusal(err) != nil || errors.Is(err, errNoRow), errors.Is(err, errNoTarget):
				f.forget(u)
				refused = append(refused, u)
				for _, t := range u.tables {
					f.gaps[t] = reason(err)
				}
			default:
				return fmt.Errorf("%s: %w", u.tables[0].label(), err)
			}
		}
		if len(refused) == 0 || len(refused) == len(units) {
			return nil
		}
		units = refused
	}
}

func reason(err error) string {
	pg := refusal(err)
	if pg == nil {
		return err.Error()
	}
	if pg.Detail != "" {
		return pg.Message + ": " + pg.Detail
	}
	return pg.Message
}

// full says whether all tables of the unit have rows.
func (f *filler) full(ctx context.Context, u *unit) (bool, error) {
	for _, t := range u.tables {
		var some bool
		if err := f.tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM ONLY `+t.sql()+`)`).Scan(&some); err != nil || !some {
			return false, err
		}
	}
	return true, nil
}

func (f *filler) report(ctx context.Context) (Report, error) {
	r := Report{Rows: make(map[Table]int, len(f.catalog.tables))}
	var batch pgx.Batch
	for _, t := range f.catalog.tables {
		batch.Queue(`SELECT count(*) FROM ONLY ` + t.sql()).QueryRow(func(answer pgx.Row) error {
			var n int
			err := answer.Scan(&n)
			name := Table{t.schema, t.name}
			r.Rows[name] = n
			if n == 0 {
				r.Gaps = append(r.Gaps, Gap{name, f.gaps[t]})
			}
			return err
		})
	}
	err := f.tx.SendBatch(ctx, &batch).Close()
	for _, t := range f.catalog.hollow {
		r.Gaps = append(r.Gaps, Gap{Table{t.schema, t.name}, "it is partitioned and has no partition"})
	}
	for _, t := range f.catalog.foreign {
		r.Gaps = append(r.Gaps, Gap{Table{t.schema, t.name}, "it is a foreign table"})
	}
	slices.SortFunc(r.Gaps, func(a, b Gap) int { return compareTables(a.Table, b.Table) })
	return r, err
}
