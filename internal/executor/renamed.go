package executor

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
)

// Unrenamed returns a mapping without the renames that an earlier run has carried out: those of tables and columns that are gone while
// their new names are there. So a run can be repeated with the mapping that it began with.
func Unrenamed(ctx context.Context, conn *pgx.Conn, m schema.Mapping) (schema.Mapping, error) {
	out := schema.Mapping{Schemas: m.Schemas, Tables: make(map[schema.Relation]string), Columns: make(map[schema.ColumnName]string)}
	done := func(t schema.Relation, from, to string) (bool, error) {
		var is bool
		err := conn.QueryRow(ctx, `SELECT count(*) FILTER (WHERE name = $3) = 0 AND count(*) FILTER (WHERE name = $4) > 0
			FROM (SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND $2 = ''
			UNION ALL SELECT a.attname FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
				JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND NOT a.attisdropped) AS s (name)`,
			t.Schema, t.Name, from, to).Scan(&is)
		if err != nil {
			err = fmt.Errorf("the names of the mapping could not be looked up: %w", err)
		}
		return is && from != to, err
	}
	for from, to := range m.Tables {
		is, err := done(schema.Relation{Schema: from.Schema}, from.Name, to)
		if err != nil {
			return out, err
		}
		if !is {
			out.Tables[from] = to
		}
	}
	for from, to := range m.Columns {
		t := schema.Relation{Schema: from.Schema, Name: from.Table}
		if _, still := out.Tables[t]; !still {
			t = newName(m, t)
		}
		is, err := done(t, from.Column, to)
		if err != nil {
			return out, err
		}
		if !is {
			out.Columns[schema.ColumnName{Schema: t.Schema, Table: t.Name, Column: from.Column}] = to
		}
	}
	return out, nil
}
