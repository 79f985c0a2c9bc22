package executor

import (
	"context"
	"fmt"

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

// lenient are the statements that let a column be NULL in those tables below one that have it and let it be so now.
func (r *resolver) lenient(t schema.Relation, column string) ([]string, error) {
	list, err := r.kin(familySQL+`WHERE NOT a.attnotnull AND NOT (n.nspname = $1 AND c.relname = $2) ORDER BY 1, 2`, t, column)
	var out []string
	for _, at := range list {
		out = append(out, "ALTER TABLE ONLY "+quote(relation(at))+" ALTER COLUMN "+schema.Quote(at.Column)+" DROP NOT NULL")
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
