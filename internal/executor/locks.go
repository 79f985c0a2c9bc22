package executor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
)

// lockTables takes the strongest lock that each table will need, all of them before anything is done, in the order of their names.
func (a *attempt) lockTables(ctx context.Context, res *Resolution) error {
	wanted := make(map[schema.Relation]bool)
	for _, act := range res.Actions {
		for _, t := range slices.Concat(act.tables(), act.Beside) {
			wanted[oldName(a.o.Mapping, t)] = true
		}
	}
	for from := range a.o.Mapping.Tables {
		wanted[from] = true
	}
	names := make([]schema.Relation, 0, len(wanted))
	for name := range wanted {
		var is bool
		if err := a.tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p'))`, name.Schema, name.Name).Scan(&is); err != nil {
			return err
		}
		if is {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(x, y schema.Relation) int { return strings.Compare(quote(x), quote(y)) })
	for _, name := range names {
		if err := execute(ctx, a.tx, "LOCK TABLE "+quote(name)+" IN ACCESS EXCLUSIVE MODE"); err != nil {
			return err
		}
	}
	return nil
}

// joined are the tables that foreign keys join to one, in whatever schema: keys that step aside take locks on both sides.
func (r *resolver) joined(t schema.Relation) ([]schema.Relation, error) {
	rows, err := r.tx.Query(r.ctx, `SELECT DISTINCT n.nspname, o.relname
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
		JOIN pg_catalog.pg_constraint k ON k.contype = 'f' AND k.conparentid = 0 AND c.oid IN (k.conrelid, k.confrelid)
		JOIN pg_catalog.pg_class o ON o.oid IN (k.conrelid, k.confrelid) AND o.oid <> c.oid JOIN pg_catalog.pg_namespace n ON n.oid = o.relnamespace
		WHERE s.nspname = $1 AND c.relname = $2`, t.Schema, t.Name)
	if err != nil {
		return nil, fmt.Errorf("the foreign keys of %s could not be listed: %w", quote(t), err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[schema.Relation])
}
