package executor

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/memento"
)

// familySQL are a table and the tables that inherit from it, partitions too, in whatever schema.
const familySQL = `WITH RECURSIVE family (oid) AS (
		SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2
		UNION SELECT i.inhrelid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.oid)
	SELECT n.nspname, c.relname, a.attname FROM family f
	JOIN pg_catalog.pg_class c ON c.oid = f.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = $3 AND a.attnum > 0 AND NOT a.attisdropped `

// holders are the column in the table and in all that inherits from it and keeps rows apart: a statement about a table changes
// its children's rows too. The rows of partitions are those of the whole.
func (r *resolver) holders(t schema.Relation, column string) ([]schema.ColumnName, error) {
	return r.kin(familySQL+`WHERE c.relkind IN ('r', 'p') AND (NOT c.relispartition OR n.nspname = $1 AND c.relname = $2) ORDER BY 1, 2`, t, column)
}

// strict are the statements that make a column refuse NULL in those tables below one in which it does so now.
func (r *resolver) strict(t schema.Relation, column string) ([]string, error) {
	list, err := r.kin(familySQL+`WHERE a.attnotnull AND NOT (n.nspname = $1 AND c.relname = $2) ORDER BY 1, 2`, t, column)
	var out []string
	for _, at := range list {
		out = append(out, "ALTER TABLE ONLY "+quote(relation(at))+" ALTER COLUMN "+schema.Quote(at.Column)+" SET NOT NULL")
	}
	return out, err
}

// kin asks about a family. A table without the column has "" for its name.
func (r *resolver) kin(sql string, t schema.Relation, column string) ([]schema.ColumnName, error) {
	rows, err := r.tx.Query(r.ctx, sql, t.Schema, t.Name, column)
	if err != nil {
		return nil, fmt.Errorf("the tables that inherit from %s could not be listed: %w", quote(t), err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (schema.ColumnName, error) {
		var at schema.ColumnName
		var name *string
		err := row.Scan(&at.Schema, &at.Table, &name)
		if name != nil {
			at.Column = *name
		}
		return at, err
	})
	if err != nil {
		return nil, fmt.Errorf("the tables that inherit from %s could not be listed: %w", quote(t), err)
	}
	return list, nil
}

// relation is the table of a column.
func relation(c schema.ColumnName) schema.Relation {
	return schema.Relation{Schema: c.Schema, Name: c.Table}
}

// touch notes that an action writes the rows of columns.
func (a *Action) touch(columns []schema.ColumnName) {
	for _, c := range columns {
		a.Also = append(a.Also, relation(c))
	}
}

// change notes that an action changes values of columns, which do not come back by its undo statements alone.
func (a *Action) change(columns []schema.ColumnName) {
	a.touch(columns)
	for _, c := range columns {
		if c.Column != "" {
			a.Changed = append(a.Changed, c)
		}
	}
}

// recast notes that columns have another type, and how their values are read to be compared with those before.
func (a *Action) recast(columns []schema.ColumnName, typ string) {
	a.touch(columns)
	if a.Recast == nil {
		a.Recast = make(map[schema.ColumnName]string)
	}
	for _, c := range columns {
		a.Recast[c] = typ
	}
}

// tables are those that an action touches, each once.
func (a *Action) tables() []schema.Relation {
	var out []schema.Relation
	seen := map[schema.Relation]bool{{}: true}
	for _, t := range append([]schema.Relation{a.Table}, a.Also...) {
		if !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}

// existing are those of the tables that are there and keep rows, with their columns.
func existing(ctx context.Context, tx pgx.Tx, tables []schema.Relation) (map[schema.Relation]memento.Table, error) {
	schemas, names := make([]string, len(tables)), make([]string, len(tables))
	for i, t := range tables {
		schemas[i], names[i] = t.Schema, t.Name
	}
	rows, err := tx.Query(ctx, `SELECT n.nspname, c.relname, coalesce(array_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attnum IS NOT NULL), '{}')
		FROM unnest($1::text[], $2::text[]) AS w (space, name) JOIN pg_catalog.pg_namespace n ON n.nspname = w.space
		JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name AND c.relkind IN ('r', 'p')
		LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped GROUP BY 1, 2`, schemas, names)
	if err != nil {
		return nil, fmt.Errorf("the tables to be changed could not be read: %w", err)
	}
	out := make(map[schema.Relation]memento.Table, len(tables))
	var at schema.Relation
	var columns []string
	if _, err := pgx.ForEachRow(rows, []any{&at.Schema, &at.Name, &columns}, func() error {
		t := memento.Table{Schema: at.Schema, Name: at.Name}
		for _, name := range columns {
			t.Columns = append(t.Columns, memento.Column{Name: name})
		}
		out[at] = t
		return nil
	}); err != nil {
		return nil, fmt.Errorf("the tables to be changed could not be read: %w", err)
	}
	return out, nil
}

// growth tells, when it is called, how to take away the constraints and indexes that a table has got since: a table that becomes a partition
// gets those of the whole, and keeps them when it is one no more. It tells nothing where that is not asked.
func growth(ctx context.Context, tx pgx.Tx, t schema.Relation, asked bool) (func() ([]string, error), error) {
	if !asked {
		return func() ([]string, error) { return nil, nil }, nil
	}
	drops := func() ([]string, error) {
		rows, err := tx.Query(ctx, `SELECT pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::pg_catalog.regclass, k.conname)
			FROM pg_catalog.pg_constraint k WHERE k.conrelid = $1::text::pg_catalog.regclass AND k.contype IN ('c', 'f', 'p', 'u', 'x')
			UNION ALL SELECT pg_catalog.format('DROP INDEX %s', i.indexrelid::pg_catalog.regclass) FROM pg_catalog.pg_index i
			WHERE i.indrelid = $1::text::pg_catalog.regclass AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype <> 'f') ORDER BY 1`, quote(t))
		if err != nil {
			return nil, fmt.Errorf("the constraints and indexes of %s could not be listed: %w", quote(t), err)
		}
		return pgx.CollectRows(rows, pgx.RowTo[string])
	}
	before, err := drops()
	return func() ([]string, error) {
		after, err := drops()
		return slices.DeleteFunc(after, func(sql string) bool { return slices.Contains(before, sql) }), err
	}, err
}
