package executor

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/dependents"
	"github.com/veilschema/veil/provisioner/plan"
)

// aftermath looks at a table before a step, and tells when it is called after it what else undoes the step: what the server did besides, which
// goes back with no statement of its own.
func aftermath(ctx context.Context, tx pgx.Tx, s *plan.Step, t schema.Relation) (func() ([]string, error), error) {
	if s != nil {
		switch s.Action {
		case plan.Attach:
			return growth(ctx, tx, t)
		case plan.AddKey, plan.AddIndex:
			return adoption(ctx, tx, t)
		}
	}
	return func() ([]string, error) { return nil, nil }, nil
}

// growth tells how to take away the constraints and indexes that a table has got since: a table that becomes a partition gets those of
// the whole, and keeps them when it is one no more.
func growth(ctx context.Context, tx pgx.Tx, t schema.Relation) (func() ([]string, error), error) {
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

// own is a constraint or index of a partition that does not belong to one of the whole.
type own struct {
	Schema, Table, Name string
	Constraint          bool
}

// adoption tells how to make those constraints and indexes of partitions again that one of the whole has made its own since: they go with it.
func adoption(ctx context.Context, tx pgx.Tx, t schema.Relation) (func() ([]string, error), error) {
	list := func() ([]own, error) {
		rows, err := tx.Query(ctx, `WITH part AS (SELECT p.relid::pg_catalog.oid AS oid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1::text)) p WHERE p.level > 0)
			SELECT n.nspname, c.relname, k.conname, true FROM part p JOIN pg_catalog.pg_constraint k ON k.conrelid = p.oid AND k.contype IN ('f', 'p', 'u', 'x') AND k.conparentid = 0
			JOIN pg_catalog.pg_class c ON c.oid = p.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			UNION ALL SELECT n.nspname, c.relname, i.relname, false FROM part p JOIN pg_catalog.pg_index x ON x.indrelid = p.oid JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
			JOIN pg_catalog.pg_class c ON c.oid = p.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			WHERE NOT i.relispartition AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.oid AND k.contype <> 'f') ORDER BY 1, 2, 3`, quote(t))
		if err != nil {
			return nil, fmt.Errorf("the constraints and indexes of the partitions of %s could not be listed: %w", quote(t), err)
		}
		return pgx.CollectRows(rows, pgx.RowToStructByPos[own])
	}
	before, err := list()
	if err != nil {
		return nil, err
	}
	again := make(map[own][]string, len(before))
	for _, o := range before {
		what := dependents.Index
		if o.Constraint {
			what = dependents.Constraint
		}
		if again[o], err = dependents.Again(ctx, tx, what, o.Schema, o.Table, o.Name); err != nil {
			return nil, err
		}
	}
	return func() ([]string, error) {
		if len(before) == 0 {
			return nil, nil
		}
		after, err := list()
		var out []string
		for _, o := range before {
			if !slices.Contains(after, o) {
				out = append(out, again[o]...)
			}
		}
		return out, err
	}, nil
}
