package executor

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/provisioner/plan"
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

// unforced notes that a table's row security is not for its owner any more, because a step has taken that away.
func (a *attempt) unforced(s *plan.Step) {
	if s == nil || s.Action != plan.Remove {
		return
	}
	a.forced = slices.DeleteFunc(a.forced, func(t schema.Relation) bool { return a.isForced(t) == about(s) })
}

// isForced is the fact that a table's row security is for its owner too.
func (a *attempt) isForced(t schema.Relation) schema.Fact {
	if to, ok := a.o.Mapping.Schemas[t.Schema]; ok {
		t.Schema = to
	}
	return schema.Fact{Kind: schema.KindRowSecurity, Schema: t.Schema, Table: t.Name, Detail: "forced"}
}
