package memento

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Querier is a session or a transaction: [*pgx.Conn] that is in no transaction, [pgx.Tx], or a pool.
type Querier interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// settings make what the server prints independent of who asks. pg_temp comes last, so that no temporary table stands before
// the catalog, and row security fails rather than hide rows.
var settings = [][2]string{
	{"search_path", "pg_catalog, pg_temp"},
	{"DateStyle", "ISO, MDY"},
	{"IntervalStyle", "postgres"},
	{"TimeZone", "UTC"},
	{"extra_float_digits", "1"},
	{"bytea_output", "hex"},
	{"lc_monetary", "C"},
	{"xmlbinary", "base64"},
	{"xmloption", "content"},
	{"quote_all_identifiers", "off"},
	{"standard_conforming_strings", "on"},
	{"row_security", "off"},
	{"jit", "off"},
}

// within runs f in a transaction, or in a savepoint of the caller's, under the fixed settings. Afterwards the settings are what they
// were: put back where f succeeded, rolled back with all else where it failed, so that the caller's transaction can go on.
func within(ctx context.Context, q Querier, f func(tx pgx.Tx) error) error {
	tx, err := q.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // of what was not committed
	names, fixed := make([]string, len(settings)), make([]string, len(settings))
	for i, s := range settings {
		names[i], fixed[i] = s[0], s[1]
	}
	var before []string
	if err := tx.QueryRow(ctx, `SELECT array_agg(pg_catalog.current_setting(name) ORDER BY n)
		FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY AS s (name, n)`, names).Scan(&before); err != nil {
		return err
	}
	if err := set(ctx, tx, names, fixed); err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return err
	}
	if err := set(ctx, tx, names, before); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// set changes settings until the end of the transaction.
func set(ctx context.Context, tx pgx.Tx, names, values []string) error {
	_, err := tx.Exec(ctx, `SELECT pg_catalog.set_config(name, value, true) FROM unnest($1::text[], $2::text[]) AS s (name, value)`,
		names, values)
	return err
}

// run sends statements without leaving a prepared one behind: their tables change shape, and there are thousands.
func run(ctx context.Context, tx pgx.Tx, statements ...string) error {
	for _, sql := range statements {
		if _, err := tx.Exec(ctx, sql, pgx.QueryExecModeExec); err != nil {
			return fmt.Errorf("%w (in %s)", err, cut(sql))
		}
	}
	return nil
}

// ident is a name as SQL has it, qualified by those before it.
func ident(names ...string) string { return pgx.Identifier(names).Sanitize() }

// idents are names as SQL has them, separated by commas, each after a prefix such as "t.".
func idents(prefix string, names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = prefix + ident(name)
	}
	return strings.Join(list, ", ")
}

// cut shortens a text for a message.
func cut(s string) string {
	if len(s) > maxDiffLine {
		return strings.ToValidUTF8(s[:maxDiffLine], "") + " ..."
	}
	return s
}

// errInTransaction tells a session in a transaction, whose transaction has to be given instead: committing ours would end it.
var errInTransaction = errors.New("the session is in a transaction; hand over that transaction")
