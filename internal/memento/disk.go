package memento

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Space is what a place on disk needs and has, in bytes.
type Space struct {
	// Path is the folder whose file system it is, "" where that is not known.
	Path string `json:"path,omitempty"`
	// Need is how many bytes will be written there, estimated.
	Need int64 `json:"need"`
	// Free is how many bytes may be written there. It means nothing where Unknown says something.
	Free int64 `json:"free"`
	// Unknown is why Free is not known, a clause; "" where it is.
	Unknown string `json:"unknown,omitempty"`
}

// Estimate is what a run needs on disk, made before anything is written.
type Estimate struct {
	// State is the folder that the backups go to.
	State Space `json:"state"`
	// Database is where the server keeps the database. What it writes besides, temporary files and its log, is not in it.
	Database Space `json:"database"`
}

// Work is what a run writes.
type Work struct {
	// Backups are the tables whose rows are backed up.
	Backups []TableName
	// Rewrites are the tables that the server writes anew, with their indexes, while the old ones stay until the end.
	Rewrites []TableName
	// Indexes is how many bytes new indexes will have, and whatever else will grow.
	Indexes int64
}

// EstimateSpace estimates what a run needs on disk and looks at what there is. The folder state need not be there yet. A backup is text: it is
// taken for as large as the table, and four times its values that PostgreSQL keeps apart and compressed. Where the server runs on another machine, or
// does not say where its files are, the space there is unknown, which is not the same as enough.
func EstimateSpace(ctx context.Context, q Querier, state string, work Work) (Estimate, error) {
	var e Estimate
	err := within(ctx, q, func(tx pgx.Tx) error {
		var err error
		if e.State.Need, err = sizeOf(ctx, tx, work.Backups, `pg_relation_size(c.oid) + 4 * coalesce(pg_relation_size(nullif(c.reltoastrelid, 0)), 0)`); err != nil {
			return err
		}
		rewritten, err := sizeOf(ctx, tx, work.Rewrites, `pg_total_relation_size(c.oid)`)
		if err != nil {
			return err
		}
		e.Database.Need = rewritten + work.Indexes
		e.Database.Path, e.Database.Unknown, err = dataFolder(ctx, tx, work.Rewrites)
		return err
	})
	if err != nil {
		return Estimate{}, fmt.Errorf("the sizes of the tables could not be read: %w", err)
	}
	e.State.Path = existing(state)
	for _, s := range []*Space{&e.State, &e.Database} {
		if s.Unknown != "" {
			continue
		}
		if s.Free, err = freeBytes(s.Path); err != nil {
			s.Unknown = "its file system does not say it (" + err.Error() + ")"
		}
	}
	return e, nil
}

// Err is nil, or a sentence that says where space is short. Unknown space is no error here; [Estimate.Unknown] says it.
func (e Estimate) Err() error {
	var list []error
	short := func(s Space, what, where string) {
		if s.Unknown == "" && s.Need > s.Free {
			list = append(list, fmt.Errorf("%s needs about %s, and %s %s has %s free; make room, or choose another place",
				what, megabytes(s.Need), where, s.Path, megabytes(s.Free)))
		}
	}
	one := e.State
	if one.Unknown == "" && e.Database.Unknown == "" && sameFileSystem(e.State.Path, e.Database.Path) {
		one.Need += e.Database.Need
		short(one, "the backup and the change together", "the file system of")
		return errors.Join(list...)
	}
	short(e.State, "the backup", "the folder")
	short(e.Database, "the change", "the server's folder")
	return errors.Join(list...)
}

// Unknown is a sentence that says which space is not known, "" where all is, or where nothing is needed.
func (e Estimate) Unknown() string {
	var list []string
	if e.State.Unknown != "" && e.State.Need > 0 {
		list = append(list, fmt.Sprintf("the backup needs about %s, and how much is free is unknown, because %s", megabytes(e.State.Need), e.State.Unknown))
	}
	if e.Database.Unknown != "" && e.Database.Need > 0 {
		list = append(list, fmt.Sprintf("the change needs about %s in the database, and how much is free is unknown, because %s", megabytes(e.Database.Need), e.Database.Unknown))
	}
	return strings.Join(list, "; ")
}

func megabytes(n int64) string {
	const mb = 1 << 20
	if n < 10*mb {
		return fmt.Sprintf("%.1f MiB", float64(n)/mb)
	}
	return fmt.Sprintf("%d MiB", n/mb)
}

// sizeOf sums an expression over tables and their partitions.
func sizeOf(ctx context.Context, tx pgx.Tx, tables []TableName, bytes string) (int64, error) {
	var sum int64
	for _, table := range tables {
		var size int64
		err := tx.QueryRow(ctx, `SELECT coalesce(sum(`+bytes+`), 0)::bigint FROM pg_class c WHERE c.oid IN (`+treeSQL+`)`, table.String()).Scan(&size)
		if err != nil {
			return 0, err
		}
		sum += size
	}
	return sum, nil
}

// dataFolder is the folder of the server's files where it is on this machine, or why that is not known.
func dataFolder(ctx context.Context, tx pgx.Tx, tables []TableName) (path, unknown string, err error) {
	if !onThisMachine(tx.Conn().PgConn()) {
		return "", "the server runs on another machine, or may", nil
	}
	var elsewhere bool
	for _, table := range tables {
		err := tx.QueryRow(ctx, `SELECT bool_or(c.reltablespace <> 0) OR (SELECT dattablespace <> 1663 FROM pg_database WHERE datname = current_database())
			FROM pg_class c WHERE c.oid IN (`+treeSQL+`)`, table.String()).Scan(&elsewhere)
		if err != nil {
			return "", "", err
		}
		if elsewhere {
			return "", "the table " + table.String() + " is in another tablespace", nil
		}
	}
	path, err = setting(ctx, tx, "data_directory")
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && pg.Code == "42501":
		return "", "the server tells only members of pg_read_all_settings where its files are", nil
	case err != nil:
		return "", "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", "the server's folder cannot be reached from here", nil //nolint:nilerr // it is said in words
	}
	return path, "", nil
}

// setting reads a setting that the server may refuse to tell, without spoiling the transaction.
func setting(ctx context.Context, tx pgx.Tx, name string) (value string, err error) {
	err = pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT current_setting($1)`, name).Scan(&value)
	})
	return value, err
}

// onThisMachine says whether the server is surely here. A port that leads elsewhere may listen here too; then the server's
// folder is hardly there.
func onThisMachine(conn *pgconn.PgConn) bool {
	addr := conn.Conn().RemoteAddr()
	if addr.Network() == "unix" {
		return true
	}
	at, err := netip.ParseAddrPort(addr.String())
	return err == nil && at.Addr().IsLoopback()
}

// existing is the nearest folder upwards that is there.
func existing(path string) string {
	path, err := filepath.Abs(path)
	for err == nil {
		if _, statErr := os.Stat(path); statErr == nil || path == filepath.Dir(path) {
			break
		}
		path = filepath.Dir(path)
	}
	return path
}
