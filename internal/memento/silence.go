package memento

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Silence keeps everything of the tenant's from acting on what is written into a table: triggers and rules of users, checks that do not hold
// for all rows, and deferred checks, whose pending events would stand in the way of what follows. It returns the statements that
// put all of it back as it was.
func Silence(ctx context.Context, tx pgx.Tx, t TableName) (undo []string, err error) {
	err = within(ctx, tx, func(tx pgx.Tx) error {
		s := &restore{tx: tx, table: Table{Schema: t.Schema, Name: t.Name}}
		undo, err = s.silence(ctx)
		return err
	})
	return undo, err
}

// silence keeps everything from acting on the rows that are put back: triggers and rules of users, checks that do not hold for
// all rows, and deferred checks, whose pending events would stand in the way of the statements that undo this. It returns those.
func (s *restore) silence(ctx context.Context) (undo []string, err error) {
	for _, q := range []string{deferredSQL, triggersSQL, rulesSQL, notValidSQL} {
		quiet, loud, err := pairs(ctx, s.tx, q, s.table.ID().String())
		if err != nil {
			return nil, err
		}
		if err := run(ctx, s.tx, quiet...); err != nil {
			return nil, err
		}
		undo = append(loud, undo...) // deferred checks come last, for they were first
	}
	return undo, nil
}

// pairs runs a query for statements and those that undo them. An undoing statement may be null.
func pairs(ctx context.Context, tx pgx.Tx, sql, table string) (do, undo []string, err error) {
	rows, err := tx.Query(ctx, sql, table)
	if err != nil {
		return nil, nil, err
	}
	var (
		a string
		b *string
	)
	_, err = pgx.ForEachRow(rows, []any{&a, &b}, func() error {
		if a != "" {
			do = append(do, a)
		}
		if b != nil {
			undo = append(undo, *b)
		}
		return nil
	})
	return do, undo, err
}

// treeSQL are the table and, where it is partitioned, its partitions.
const treeSQL = `SELECT $1::text::regclass::oid UNION SELECT relid::oid FROM pg_partition_tree($1::text::regclass)`

const (
	triggersSQL = `
		SELECT format('ALTER TABLE ONLY %s DISABLE TRIGGER %I', tgrelid::regclass, tgname),
			format('ALTER TABLE ONLY %s ENABLE %sTRIGGER %I', tgrelid::regclass, CASE tgenabled WHEN 'R' THEN 'REPLICA ' WHEN 'A' THEN 'ALWAYS ' ELSE '' END, tgname)
		FROM pg_trigger WHERE tgrelid IN (` + treeSQL + `) AND NOT tgisinternal AND tgenabled <> 'D' ORDER BY 1`

	// Rules act where the statement names the table, and nowhere else.
	rulesSQL = `
		SELECT format('ALTER TABLE %s DISABLE RULE %I', ev_class::regclass, rulename),
			format('ALTER TABLE %s ENABLE %sRULE %I', ev_class::regclass, CASE ev_enabled WHEN 'R' THEN 'REPLICA ' WHEN 'A' THEN 'ALWAYS ' ELSE '' END, rulename)
		FROM pg_rewrite WHERE ev_class = $1::text::regclass AND rulename <> '_RETURN' AND ev_enabled <> 'D' ORDER BY 1`

	// A constraint that is not valid does not hold for old rows, but is asked as soon as they are written. Tables with
	// children keep theirs: the children's may differ.
	notValidSQL = `
		SELECT s.quiet, s.loud FROM pg_constraint c CROSS JOIN LATERAL (VALUES
			(format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
			format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(c.oid)), 1),
			('', format('COMMENT ON CONSTRAINT %I ON %s IS %L', conname, conrelid::regclass, obj_description(c.oid, 'pg_constraint')), 2)) AS s (quiet, loud, n)
		WHERE conrelid = $1::text::regclass AND contype IN ('c', 'f', 'n') AND NOT convalidated AND conislocal AND coninhcount = 0
			AND to_jsonb(c) ->> 'conenforced' IS DISTINCT FROM 'false'
			AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = conrelid)
		ORDER BY conname, n`

	deferredSQL = `
		SELECT DISTINCT format('SET CONSTRAINTS %s.%I IMMEDIATE', connamespace::regnamespace, conname), format('SET CONSTRAINTS %s.%I DEFERRED', connamespace::regnamespace, conname)
		FROM pg_constraint WHERE condeferred AND (conrelid IN (` + treeSQL + `) OR confrelid IN (` + treeSQL + `)) ORDER BY 1`
)

// refuseReferred fails where rows of other tables refer to the table, which deleting its rows would not leave alone.
func (s *restore) refuseReferred(ctx context.Context) error {
	// Each row is a question, and the name of the foreign key that it is about.
	questions, names, err := pairs(ctx, s.tx, `
		SELECT format('SELECT EXISTS (SELECT FROM %s %s WHERE %s)', CASE r.relkind WHEN 'p' THEN '' ELSE 'ONLY' END, r.oid::regclass, (
				SELECT string_agg(quote_ident(a.attname) || ' IS NOT NULL', ' AND ') FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attnum = ANY (c.conkey))),
			format('%I on %s', c.conname, r.oid::regclass)
		FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
		WHERE c.contype = 'f' AND c.confrelid IN (`+treeSQL+`) AND c.conrelid NOT IN (`+treeSQL+`) ORDER BY 2`, s.table.ID().String())
	if err != nil {
		return err
	}
	for i, question := range questions {
		var rows bool
		if err := s.tx.QueryRow(ctx, question, pgx.QueryExecModeExec).Scan(&rows); err != nil {
			return err
		}
		if rows {
			return fmt.Errorf("without a key all rows are replaced, and rows refer to them by the foreign key %s; drop it before, and add it afterwards", names[i])
		}
	}
	return nil
}
