package executor

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
)

// unforce frees the owner of tables from their row security until [force], because rows that a policy hides can neither be summed up nor
// filled. It returns the tables. It is for those only that the role owns: others it could not change anyway.
func unforce(ctx context.Context, tx pgx.Tx, schemas []string) ([]schema.Relation, error) {
	rows, err := tx.Query(ctx, `SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = ANY ($1) AND c.relforcerowsecurity AND pg_catalog.pg_has_role(c.relowner, 'USAGE') ORDER BY 1, 2`, schemas)
	if err != nil {
		return nil, fmt.Errorf("the tables with forced row security could not be listed: %w", err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByPos[schema.Relation])
	if err != nil {
		return nil, fmt.Errorf("the tables with forced row security could not be listed: %w", err)
	}
	for _, t := range tables {
		if err := execute(ctx, tx, "ALTER TABLE "+quote(t)+" NO FORCE ROW LEVEL SECURITY"); err != nil {
			return nil, err
		}
	}
	return tables, nil
}

// force is the inverse of [unforce].
func force(ctx context.Context, tx pgx.Tx, tables []schema.Relation) error {
	for _, t := range tables {
		if err := execute(ctx, tx, "ALTER TABLE "+quote(t)+" FORCE ROW LEVEL SECURITY"); err != nil {
			return err
		}
	}
	return nil
}
