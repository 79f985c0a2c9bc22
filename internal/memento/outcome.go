package memento

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Server says which database of which server it is, so that what was kept of one is never taken to another.
type Server struct {
	// SystemID is the system identifier that initdb gave the cluster; "" where the server does not tell the role.
	SystemID string `json:"system_id,omitempty"`
	// Database is the database's name, OID its object id.
	Database string `json:"database"`
	OID      uint32 `json:"oid"`
}

// Identify asks the server who it is.
func Identify(ctx context.Context, q Querier) (Server, error) {
	var s Server
	err := within(ctx, q, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `SELECT datname::text, oid FROM pg_database WHERE datname = current_database()`).Scan(&s.Database, &s.OID)
		if err != nil {
			return err
		}
		var pg *pgconn.PgError
		err = pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
			return tx.QueryRow(ctx, `SELECT system_identifier::text FROM pg_control_system()`).Scan(&s.SystemID)
		})
		if errors.As(err, &pg) && pg.Code == "42501" {
			return nil // only its administrator could have taken the right away
		}
		return err
	})
	if err != nil {
		return Server{}, fmt.Errorf("the server did not say which it is: %w", err)
	}
	return s, nil
}

// Result is what became of a run's transaction.
type Result uint8

// The results. Unknown is not an error of this process: the server is another one, or has forgotten.
const (
	ResultUnknown Result = iota
	ResultCommitted
	ResultAborted
	ResultInProgress
)

// String is the result as a word or two.
func (r Result) String() string {
	switch r {
	case ResultCommitted:
		return "committed"
	case ResultAborted:
		return "aborted"
	case ResultInProgress:
		return "in progress"
	default:
		return "unknown"
	}
}

// TransactionID is what a run has to know of its transaction before the first change, durably: the XID of [Run].
func TransactionID(ctx context.Context, tx pgx.Tx) (string, error) {
	var id string
	if err := tx.QueryRow(ctx, `SELECT pg_catalog.pg_current_xact_id()::text`).Scan(&id); err != nil {
		return "", fmt.Errorf("the transaction got no id: %w", err)
	}
	return id, nil
}

// Outcome asks the server what became of the transaction of a run. It is unknown where the run has none, where the server is not the run's, and
// where it happened so long ago that the server has forgotten. A transaction whose client died is in progress until the
// server noticed; ask again.
//
// The server's word alone would not do. One that crashed before anything of the transaction came to its disk gives the same id to another one later;
// one that was set back to an earlier day does too. So a run that is applying and has no [Run.StructureAfter], which it gets before it is committed, was
// never committed; and one that is said to be committed while the structure is still what it was before was not either.
func Outcome(ctx context.Context, q Querier, r Run) (Result, error) {
	if r.XID == "" {
		return ResultUnknown, nil
	}
	here, err := Identify(ctx, q)
	if err != nil || here != r.Server {
		return ResultUnknown, err
	}
	result, err := status(ctx, q, r.XID)
	if err != nil {
		return ResultUnknown, fmt.Errorf("the server did not say what became of the run %s: %w", r.ID, err)
	}
	if result == ResultInProgress {
		return result, nil
	}
	if r.Status == StatusApplying && r.StructureAfter == "" {
		return ResultAborted, nil
	}
	if result == ResultCommitted && r.Structure != r.StructureAfter {
		untouched, err := isUntouched(ctx, q, r)
		if err != nil {
			return ResultUnknown, err
		}
		if untouched {
			return ResultAborted, nil
		}
	}
	return result, nil
}

// status is what the server says of a transaction.
func status(ctx context.Context, q Querier, xid string) (Result, error) {
	var said *string
	err := within(ctx, q, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT pg_xact_status($1::text::xid8)`, xid).Scan(&said)
	})
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && pg.Code == "22023": // an id that the server has not given yet
		return ResultUnknown, nil
	case err != nil || said == nil:
		return ResultUnknown, err
	}
	switch *said {
	case "committed":
		return ResultCommitted, nil
	case "aborted":
		return ResultAborted, nil
	case "in progress":
		return ResultInProgress, nil
	}
	return ResultUnknown, nil
}

// isUntouched says whether the structure is what it was before the transaction.
func isUntouched(ctx context.Context, q Querier, r Run) (bool, error) {
	before := r.Structure
	if r.Status == StatusRollingBack {
		before = r.StructureAfter
	}
	now, err := Structure(ctx, q, r.Schemas)
	var gone *NoSchemaError
	if errors.As(err, &gone) { // it was there before
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return Digest(now) == before, nil
}
