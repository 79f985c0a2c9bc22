package memento

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// staging is the temporary table that a backup is loaded into. It lives as long as one Restore.
const staging = `pg_temp.veil_restore`

// restore is one Restore under way.
type restore struct {
	tx      pgx.Tx
	table   Table
	kind    string
	columns map[string]columnState // of the table as it is
	done    Restored
}

// columnState is what matters of a column to whoever writes it.
type columnState struct {
	generated bool
	always    bool // identity that does not take values
}

func newRestore(ctx context.Context, tx pgx.Tx, t Table) (*restore, error) {
	kinds, err := kindsOf(ctx, tx, []Table{t})
	if err != nil {
		return nil, err
	}
	s := &restore{tx: tx, table: t, kind: kinds[t.ID()], columns: make(map[string]columnState)}
	if _, err := from(s.kind, t); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `SELECT attname::text, attgenerated <> '', attidentity = 'a' FROM pg_attribute
		WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped`, t.ID().String())
	if err != nil {
		return nil, err
	}
	var (
		name  string
		state columnState
	)
	_, err = pgx.ForEachRow(rows, []any{&name, &state.generated, &state.always}, func() error {
		s.columns[name] = state
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, name := range t.names() {
		if _, ok := s.columns[name]; !ok {
			return nil, fmt.Errorf("it has no column %s any more, which the backup has", ident(name))
		}
	}
	return s, nil
}

// only is the table's own rows.
func (s *restore) only() string {
	from, _ := from(s.kind, s.table) // it was looked at before
	return from
}

// load fills the staging table and checks the backup to its end.
func (s *restore) load(ctx context.Context, r io.Reader) error {
	in, err := newBackupReader(r, s.table.names())
	if err != nil {
		return fmt.Errorf("the backup: %w", err)
	}
	names := s.table.names()
	err = run(ctx, s.tx, `CREATE TEMPORARY TABLE veil_restore ON COMMIT DROP AS SELECT `+idents("t.", names)+` FROM `+s.only()+` t WITH NO DATA`)
	if err != nil {
		return err
	}
	tag, err := s.tx.Conn().PgConn().CopyFrom(ctx, in, `COPY `+staging+list(names)+` FROM STDIN (FORMAT text, ENCODING 'UTF8')`)
	if err != nil {
		return fmt.Errorf("the backup: %w", err)
	}
	if tag.RowsAffected() != in.rows {
		return fmt.Errorf("the backup: %d rows of %d arrived", tag.RowsAffected(), in.rows)
	}
	s.done.Backup = in.rows
	return run(ctx, s.tx, `ANALYZE `+staging) // the planner would take it for small
}

// update sets columns in the rows that have their key in the backup.
func (s *restore) update(ctx context.Context, columns, key []string) error {
	operators, err := keyOperators(ctx, s.tx, s.table, key)
	if err != nil {
		return err
	}
	var (
		sets, match []string
		loosen, fix []string
	)
	for _, name := range columns {
		switch {
		case !slices.Contains(s.table.names(), name):
			return fmt.Errorf("the backup has no column %s to restore", ident(name))
		case slices.Contains(key, name):
			return fmt.Errorf("the column %s is of the key that finds the rows, so that it cannot be restored by it", ident(name))
		case s.columns[name].generated:
			continue
		case s.columns[name].always: // takes no values by UPDATE, in whatever way
			alter := `ALTER TABLE ` + s.only() + ` ALTER COLUMN ` + ident(name) + ` SET GENERATED `
			loosen, fix = append(loosen, alter+`BY DEFAULT`), append(fix, alter+`ALWAYS`)
		}
		sets = append(sets, ident(name)+" = s."+ident(name))
	}
	if len(columns) == 0 {
		return errNoColumns
	}
	for i, name := range key {
		if !slices.Contains(s.table.names(), name) {
			return fmt.Errorf("the backup has no column %s, which is of the key", ident(name))
		}
		match = append(match, "t."+ident(name)+" "+operators[i]+" s."+ident(name))
	}
	if len(sets) == 0 { // all of them are generated
		s.done.Updated = s.done.Backup
		return nil
	}
	if err := run(ctx, s.tx, loosen...); err != nil {
		return err
	}
	tag, err := s.tx.Exec(ctx, `UPDATE `+s.only()+` t SET `+strings.Join(sets, ", ")+` FROM `+staging+` s WHERE `+strings.Join(match, " AND "),
		pgx.QueryExecModeExec)
	if err != nil {
		return err
	}
	s.done.Updated = tag.RowsAffected()
	return run(ctx, s.tx, fix...)
}

// replace puts the rows of the backup in the place of those that are there.
func (s *restore) replace(ctx context.Context) error {
	var names []string
	for name, state := range s.columns {
		if !slices.Contains(s.table.names(), name) && !state.generated {
			return fmt.Errorf("without a key all rows are replaced, and the backup has no column %s", ident(name))
		}
		if !state.generated {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if err := s.refuseReferred(ctx); err != nil {
		return err
	}
	tag, err := s.tx.Exec(ctx, `DELETE FROM `+s.only(), pgx.QueryExecModeExec)
	if err != nil {
		return err
	}
	s.done.Deleted = tag.RowsAffected()
	tag, err = s.tx.Exec(ctx, `INSERT INTO `+s.table.ID().String()+list(names)+` OVERRIDING SYSTEM VALUE SELECT `+idents("", names)+` FROM `+staging,
		pgx.QueryExecModeExec)
	if err != nil {
		return err
	}
	s.done.Inserted = tag.RowsAffected()
	return nil
}

// list is a list of columns in parentheses, which may not be there when it is empty.
func list(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " (" + idents("", names) + ")"
}
