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
		if _, err := unforce(ctx, tx, l.db.Schemas); err != nil {
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
		"SET LOCAL extra_float_digits = 1", "SET LOCAL client_min_messages = warning", "SET LOCAL transform_null_equals = off",
		"SET LOCAL xmloption = content", "SET LOCAL bytea_output = hex", "SET LOCAL quote_all_identifiers = off",
		"SELECT pg_catalog.set_config(name, '0', true) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'", // from version 17 on
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
	tables, columns := make(map[string]map[string]string), make(map[schema.Relation]map[string]string)
	for from, to := range m.Tables {
		note(tables, from.Schema, from.Name, to)
	}
	for from, to := range m.Columns {
		note(columns, newName(m, schema.Relation{Schema: from.Schema, Name: from.Table}), from.Column, to)
	}
	for _, in := range slices.Sorted(maps.Keys(tables)) {
		for _, p := range untangle(tables[in]) {
			out.do = append(out.do, "ALTER TABLE "+quote(schema.Relation{Schema: in, Name: p.from})+" RENAME TO "+schema.Quote(p.to))
			out.undo = append(out.undo, "ALTER TABLE "+quote(schema.Relation{Schema: in, Name: p.to})+" RENAME TO "+schema.Quote(p.from))
		}
	}
	for _, of := range slices.SortedFunc(maps.Keys(columns), func(a, b schema.Relation) int { return strings.Compare(quote(a), quote(b)) }) {
		at := "ALTER TABLE " + quote(of) + " RENAME COLUMN "
		for _, p := range untangle(columns[of]) {
			out.do = append(out.do, at+schema.Quote(p.from)+" TO "+schema.Quote(p.to))
			out.undo = append(out.undo, at+schema.Quote(p.to)+" TO "+schema.Quote(p.from))
		}
	}
	slices.Reverse(out.undo)
	return out
}

// note keeps a rename beside the others of the same schema or table.
func note[K comparable](list map[K]map[string]string, in K, from, to string) {
	if list[in] == nil {
		list[in] = make(map[string]string)
	}
	list[in][from] = to
}

// rename is one rename of a schema's table or a table's column.
type rename struct{ from, to string }

// untangle orders renames so that each new name is free when its turn comes. Names that go round in a circle take one that is in between.
func untangle(names map[string]string) []rename {
	var waiting, out []rename
	for _, from := range slices.Sorted(maps.Keys(names)) {
		if names[from] != from {
			waiting = append(waiting, rename{from, names[from]})
		}
	}
	for len(waiting) > 0 {
		i := slices.IndexFunc(waiting, func(p rename) bool {
			return !slices.ContainsFunc(waiting, func(q rename) bool { return q.from == p.to })
		})
		if i < 0 {
			between := fmt.Sprintf("veil_between_%d", len(out))
			out = append(out, rename{waiting[0].from, between})
			waiting[0].from = between
			continue
		}
		out = append(out, waiting[i])
		waiting = slices.Delete(waiting, i, i+1)
	}
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
