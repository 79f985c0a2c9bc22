package executor

import (
	"context"
	"fmt"

	"github.com/veilschema/veil/internal/memento"
)

// values brings values back from the backups. Foreign keys of these tables step aside: two columns that one joins come back one after the
// other, and a table without a key is written anew.
func (b *back) values(ctx context.Context) error {
	var tables []string
	for _, t := range b.record.Tables {
		if t.Backup != "" {
			tables = append(tables, t.BackupTable.ID().String())
		}
	}
	if len(tables) == 0 {
		return nil
	}
	b.o.progress("bringing values back")
	drop, add, err := b.references(ctx, tables)
	if err != nil {
		return err
	}
	if err := execute(ctx, b.tx, drop...); err != nil {
		return err
	}
	for _, t := range b.record.Tables {
		if err := b.restore(ctx, t); err != nil {
			return err
		}
	}
	return execute(ctx, b.tx, add...)
}

// references are the statements that drop the foreign keys from and to tables, and those that add them as they are.
func (b *back) references(ctx context.Context, tables []string) (drop, add []string, err error) {
	rows, err := b.tx.Query(ctx, `SELECT pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::pg_catalog.regclass, k.conname),
			pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.conrelid::pg_catalog.regclass, k.conname, pg_catalog.pg_get_constraintdef(k.oid)),
			pg_catalog.format('COMMENT ON CONSTRAINT %I ON %s IS %L', k.conname, k.conrelid::pg_catalog.regclass, pg_catalog.obj_description(k.oid, 'pg_constraint'))
		FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0
			AND (k.conrelid = ANY ($1::text[]::pg_catalog.regclass[]) OR k.confrelid = ANY ($1::text[]::pg_catalog.regclass[]))
		ORDER BY 1`, tables)
	if err != nil {
		return nil, nil, fmt.Errorf("the foreign keys of the tables could not be listed: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var remove, again, comment string
		if err := rows.Scan(&remove, &again, &comment); err != nil {
			return nil, nil, err
		}
		drop, add = append(drop, remove), append(add, again, comment)
	}
	return drop, add, rows.Err()
}

func (b *back) restore(ctx context.Context, t memento.TableState) error {
	if t.Backup == "" {
		return nil
	}
	file, err := b.journal.OpenFile(t.Backup)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	_, err = memento.Restore(ctx, b.tx, t.BackupTable, t.Restore, t.Key, file)
	return err
}
