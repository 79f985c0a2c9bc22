package memento

import (
	"context"
	"errors"
	"io"

	"github.com/jackc/pgx/v5"
)

// Backup writes the values of a table's columns to w and returns the number of rows. [Restore] reads what it writes; w
// gets it in many small pieces. As with [Checksum], a partitioned table is its partitions, children of another are left out, and row-level
// security is an error. Types to read columns as are not looked at: values are kept as they are.
//
// In a transaction it copies what the transaction sees. Where w fails, pgx closes the session in the middle of the rows, which ends its transaction.
func Backup(ctx context.Context, q Querier, t Table, w io.Writer) (rows int64, err error) {
	err = within(ctx, q, func(tx pgx.Tx) error {
		kinds, err := kindsOf(ctx, tx, []Table{t})
		if err != nil {
			return err
		}
		from, err := from(kinds[t.ID()], t)
		if err != nil {
			return err
		}
		out, err := newBackupWriter(w, t.names())
		if err != nil {
			return err
		}
		sql := `COPY (SELECT ` + idents("t.", t.names()) + ` FROM ` + from + ` t) TO STDOUT (FORMAT text, ENCODING 'UTF8')`
		tag, err := tx.Conn().PgConn().CopyTo(ctx, out, sql)
		if err != nil {
			return err
		}
		rows = tag.RowsAffected()
		return out.end(rows)
	})
	if err != nil {
		return 0, explainRead(t, "its rows were not backed up", err)
	}
	return rows, nil
}

// errNoColumns says that there is nothing to do.
var errNoColumns = errors.New("no column was named")

// Restored says what [Restore] did, in rows.
type Restored struct {
	// Backup has how many rows the backup has.
	Backup int64
	// Updated is how many rows of the table got their values back, by key.
	Updated int64
	// Deleted and Inserted are how many rows were replaced, without a key.
	Deleted, Inserted int64
}

// Lost is how many rows of the backup are no longer in the table, so that nothing got their values.
func (r Restored) Lost() int64 { return r.Backup - r.Updated - r.Inserted }

// Restore puts values from a backup of t back, inside the caller's transaction, as a whole or not at all: after an error nothing has changed,
// and the transaction can go on. The table has the columns of t again, in whatever order. Columns that are
// generated now are left to the server; triggers and rules of users do not fire and are in their former mode afterwards.
//
// With a key, the values of columns are set in those rows that are still there; other rows and columns stay. The
// key is what [KeyOf] says: columns of t, none of which is to be restored. Rows that were added since stay; those that went
// are counted by [Restored.Lost].
//
// Without a key, all rows of the table are replaced by those of the backup, which then has to have every column, so that what was added or changed
// since is gone: compare [Checksum] with that after the change first. It is refused where rows of other tables refer to the table.
func Restore(ctx context.Context, tx pgx.Tx, t Table, columns, key []string, r io.Reader) (Restored, error) {
	var done Restored
	err := within(ctx, tx, func(tx pgx.Tx) error {
		s, err := newRestore(ctx, tx, t)
		if err != nil {
			return err
		}
		if err := s.load(ctx, r); err != nil {
			return err
		}
		quiet, err := s.silence(ctx)
		if err != nil {
			return err
		}
		if len(key) > 0 {
			err = s.update(ctx, columns, key)
		} else {
			err = s.replace(ctx)
		}
		if err != nil {
			return err
		}
		done = s.done
		return run(ctx, tx, append(quiet, `DROP TABLE `+staging)...)
	})
	if err != nil {
		return Restored{}, explainRead(t, "its values were not put back", err)
	}
	return done, nil
}
