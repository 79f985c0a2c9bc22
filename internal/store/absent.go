package store

import (
	"errors"
	"io"
	"net"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

// absentCodes are PostgreSQL's codes of a server that is starting or stopping, of one that lost a process (57P01 to 57P03), and of one that has no
// room for another connection (53300) or on its disk (53100) now.
var absentCodes = []string{"57P01", "57P02", "57P03", "53300", "53100"}

// Absent says whether an error means that the database was not there, or went away while it was asked, so that another try later may go better.
// What another try would not mend, such as a wrong password, does not.
func Absent(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return slices.Contains(absentCodes, pg.Code)
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}
