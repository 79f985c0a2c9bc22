package executor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
)

// Inspect resolves the plan against the database as it is. It changes nothing: what the mapping renames is renamed in a transaction that is
// rolled back.
func Inspect(ctx context.Context, conn *pgx.Conn, o Options) (*Resolution, error) {
	o.progress("looking at the catalog")
	var out *Resolution
	err := patiently(ctx, o, func(ctx context.Context) error {
		tx, err := begin(ctx, conn)
		if err != nil {
			return err
		}
		defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // it only looked
		if err := execute(ctx, tx, renames(o.Mapping).do...); err != nil {
			return err
		}
		l, err := look(ctx, tx, o.Schemas, o.Mapping)
		if err != nil {
			return err
		}
		out, err = resolve(ctx, tx, &o, l)
		return err
	})
	return out, err
}

// begin starts a transaction whose settings do not depend on the role's or the database's.
func begin(ctx context.Context, conn *pgx.Conn) (pgx.Tx, error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite})
	if err != nil {
		return nil, fmt.Errorf("the database could not be asked for a transaction: %w", err)
	}
	for _, set := range []string{
		"SET LOCAL search_path = ''", "SET LOCAL check_function_bodies = off", "SET LOCAL row_security = off", "SET LOCAL statement_timeout = 0",
		"SET LOCAL idle_in_transaction_session_timeout = 0", "SET LOCAL lock_timeout = '200ms'", "SET LOCAL default_tablespace = ''",
		"SET LOCAL standard_conforming_strings = on", "SET LOCAL DateStyle = 'ISO, MDY'", "SET LOCAL TimeZone = 'UTC'", "SET LOCAL IntervalStyle = 'postgres'",
		"SET LOCAL extra_float_digits = 1", "SET LOCAL client_min_messages = warning",
		// Checks that wait for the commit would stand in the way of ALTER TABLE.
		"SET CONSTRAINTS ALL IMMEDIATE",
		// What is recorded as completed has to be on the server's disk.
		"SELECT pg_catalog.set_config('synchronous_commit', 'on', true) WHERE pg_catalog.current_setting('synchronous_commit') = 'off'",
	} {
		if _, err := tx.Exec(ctx, set); err != nil {
			return nil, fmt.Errorf("a transaction could not be prepared: %w", err)
		}
	}
	return tx, nil
}

// renamed are the statements that carry out a mapping's renames, and those that take them back.
type renamed struct{ do, undo []string }

// renames orders the renames: tables first, then their columns under the new name.
func renames(m schema.Mapping) renamed {
	var out renamed
	tables := slices.SortedFunc(maps.Keys(m.Tables), func(a, b schema.Relation) int { return strings.Compare(quote(a), quote(b)) })
	for _, from := range tables {
		if to := m.Tables[from]; to != from.Name {
			out.do = append(out.do, "ALTER TABLE "+quote(from)+" RENAME TO "+schema.Quote(to))
			out.undo = append(out.undo, "ALTER TABLE "+quote(schema.Relation{Schema: from.Schema, Name: to})+" RENAME TO "+schema.Quote(from.Name))
		}
	}
	columns := slices.SortedFunc(maps.Keys(m.Columns), func(a, b schema.ColumnName) int {
		return strings.Compare(a.Schema+"\x00"+a.Table+"\x00"+a.Column, b.Schema+"\x00"+b.Table+"\x00"+b.Column)
	})
	for _, from := range columns {
		if to := m.Columns[from]; to != from.Column {
			at := "ALTER TABLE " + quote(newName(m, schema.Relation{Schema: from.Schema, Name: from.Table})) + " RENAME COLUMN "
			out.do = append(out.do, at+schema.Quote(from.Column)+" TO "+schema.Quote(to))
			out.undo = append(out.undo, at+schema.Quote(to)+" TO "+schema.Quote(from.Column))
		}
	}
	slices.Reverse(out.undo)
	return out
}

// newName is the name of a table after the renames.
func newName(m schema.Mapping, t schema.Relation) schema.Relation {
	if to, ok := m.Tables[t]; ok {
		t.Name = to
	}
	return t
}

// oldName is the name of a table before the renames.
func oldName(m schema.Mapping, t schema.Relation) schema.Relation {
	for from, to := range m.Tables {
		if from.Schema == t.Schema && to == t.Name {
			return from
		}
	}
	return t
}

// oldColumn is the name of a column before the renames, of a table by its old name.
func oldColumn(m schema.Mapping, t schema.Relation, column string) string {
	for from, to := range m.Columns {
		if from.Schema == t.Schema && from.Table == t.Name && to == column {
			return from.Column
		}
	}
	return column
}

// execute runs statements, each alone: the extended protocol takes no second one.
func execute(ctx context.Context, tx pgx.Tx, statements ...string) error {
	for _, sql := range statements {
		if _, err := tx.Conn().PgConn().ExecParams(ctx, sql, nil, nil, nil, nil).Close(); err != nil {
			return &StatementError{SQL: sql, Err: err}
		}
	}
	return nil
}

// StatementError is a statement that the server refused.
type StatementError struct {
	SQL string
	Err error
}

// Error has the statement, cut to one line, and what the server said.
func (e *StatementError) Error() string {
	text := strings.Join(strings.Fields(e.SQL), " ")
	if runes := []rune(text); len(runes) > 120 {
		text = string(runes[:120]) + "..."
	}
	return fmt.Sprintf("the statement %q failed: %v", text, e.Err)
}

// Unwrap returns what the server said.
func (e *StatementError) Unwrap() error { return e.Err }
