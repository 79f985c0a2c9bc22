package introspect

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/veilschema/veil/compare/schema"
)

// oldest is the oldest version of PostgreSQL whose catalog this package knows, as server_version_num says it.
const oldest = 150000

// Options says what to read.
type Options struct {
	// Schemas are the names of the schemas to read, as the catalog has them. Empty means every schema that is not the system's.
	Schemas []string

	// Relations, if there are any, are the only tables and views of those schemas to read, with what belongs to them: columns,
	// constraints, indexes, triggers, policies and the sequences that their columns own. Those that are not there are left out. The
	// cost is that of these relations alone. Their facts are those of a reading of the whole schemas; there are no others but
	// those of sequences that a column of another table owns and an expression of these uses, which facts spell as that column.
	// What is not judged is counted of these relations only, and without their comments and rules.
	Relations []schema.Relation
}

// Read returns the structure of the database to which conn is connected. It runs in one read-only transaction of its own; conn must
// not be in one. The error is one sentence for a person and wraps its cause.
func Read(ctx context.Context, conn *pgx.Conn, opts Options) (*schema.Database, error) {
	r := newReader()
	if err := r.alone(ctx, conn, opts, r.who, r.what, r.rows, r.names); err != nil {
		return nil, err
	}
	r.assemble()
	return r.out, nil
}

// ReadTx returns the structure of the database as the caller's transaction sees it, its own changes among it. The transaction's
// settings are afterwards as they were, and it goes on even if reading fails, unless the session itself has ended. Without
// repeatable read, what other sessions change meanwhile may be seen in part. Errors are as those of [Read].
func ReadTx(ctx context.Context, tx pgx.Tx, opts Options) (*schema.Database, error) {
	r := newReader()
	if err := r.inside(ctx, tx, opts, r.who, r.what, r.rows, r.names); err != nil {
		return nil, explain(tx.Conn(), err)
	}
	r.assemble()
	return r.out, nil
}

// reader is one introspection under way.
type reader struct {
	tx      pgx.Tx
	out     *schema.Database
	version int      // server_version_num
	spaces  []uint32 // object ids of the schemas to read
	space   map[uint32]string
	members int // objects of those schemas that belong to an extension
	objects map[string][]uint32
	cat     catalog
	count   map[notJudged]int
}

func newReader() *reader {
	return &reader{out: &schema.Database{}, count: make(map[notJudged]int)}
}

// question is one round of statements.
type question func(context.Context, Options) error

// alone asks the questions in a transaction of its own.
func (r *reader) alone(ctx context.Context, conn *pgx.Conn, opts Options, questions ...question) error {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return explain(conn, err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // it only read
	r.tx = tx
	for _, ask := range questions {
		if err := ask(ctx, opts); err != nil {
			return explain(conn, err)
		}
	}
	return nil
}

// inside asks the questions in the caller's transaction. Going back to a savepoint takes back the settings that the first question makes.
// It is released then, so that what the caller does next is not inside it.
func (r *reader) inside(ctx context.Context, tx pgx.Tx, opts Options, questions ...question) (err error) {
	if _, err := tx.Exec(ctx, `SAVEPOINT veil_introspect`); err != nil {
		return err
	}
	defer func() {
		for _, sql := range []string{`ROLLBACK TO SAVEPOINT veil_introspect`, `RELEASE SAVEPOINT veil_introspect`} {
			if _, failed := tx.Exec(context.WithoutCancel(ctx), sql); err == nil {
				err = failed
			}
		}
	}()
	r.tx = tx
	for _, ask := range questions {
		if err := ask(ctx, opts); err != nil {
			return err
		}
	}
	return nil
}

// notJudged is a line of [schema.Database.NotJudged] without its count.
type notJudged struct{ what, reason string }

// round is one round of pipelined statements.
type round struct{ batch pgx.Batch }

// each adds a statement whose rows are scanned into the pointers and then given to f.
func (r *round) each(sql string, args []any, into []any, f func()) {
	r.batch.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, into, func() error {
			f()
			return nil
		})
		return err
	})
}

func (r *round) send(ctx context.Context, tx pgx.Tx) error {
	return tx.SendBatch(ctx, &r.batch).Close()
}

// refused is an error of this package that needs no more explanation.
type refused struct{ error }

// explain says for a person why introspection failed.
func explain(conn *pgx.Conn, err error) error {
	var (
		own refused
		pg  *pgconn.PgError
	)
	switch {
	case errors.As(err, &own):
		return own.error
	case errors.As(err, &pg) && pg.Code == "42501": // insufficient_privilege
		return fmt.Errorf("the role %q may not read the system catalog of %q; grant it SELECT on what the server names: %w",
			conn.Config().User, conn.Config().Database, err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("reading the structure of %q was stopped: %w", conn.Config().Database, err)
	default:
		return fmt.Errorf("the structure of the database %q could not be read: %w", conn.Config().Database, err)
	}
}
