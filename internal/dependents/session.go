package dependents

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Querier is the caller's transaction.
type Querier interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// settings make the server print what every session reads in the same way, and keep its planner on the indexes: what it knows of the
// catalog's size is often old.
var settings = [][2]string{
	{"search_path", ""},
	{"DateStyle", "ISO, MDY"},
	{"IntervalStyle", "postgres"},
	{"extra_float_digits", "3"},
	{"bytea_output", "hex"},
	{"quote_all_identifiers", "off"},
	{"enable_seqscan", "off"},
	{"jit", "off"},
}

// aside runs f in a savepoint with the settings, and takes both back.
func aside(ctx context.Context, q Querier, f func() error) error {
	var begin, end pgx.Batch
	begin.Queue("SAVEPOINT veil_dependents")
	for _, s := range settings {
		begin.Queue("SELECT set_config($1, $2, true)", s[0], s[1])
	}
	if err := q.SendBatch(ctx, &begin).Close(); err != nil {
		return fmt.Errorf("the dependents of what changes could not be read: %w", err)
	}
	err := f()
	end.Queue("ROLLBACK TO SAVEPOINT veil_dependents")
	end.Queue("RELEASE SAVEPOINT veil_dependents")
	return errors.Join(err, q.SendBatch(context.WithoutCancel(ctx), &end).Close())
}

// round is one round of pipelined statements.
type round struct{ batch pgx.Batch }

// each adds a statement whose rows are scanned into the pointers and then given to f.
func (r *round) each(sql string, args, into []any, f func()) {
	r.batch.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, into, func() error {
			f()
			return nil
		})
		return err
	})
}

func (r *round) send(ctx context.Context, q Querier) error {
	if err := q.SendBatch(ctx, &r.batch).Close(); err != nil {
		return fmt.Errorf("the dependents of what changes could not be read: %w", err)
	}
	return nil
}
