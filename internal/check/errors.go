package check

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrEmpty says that there is nothing to compare in a schema.
var ErrEmpty = errors.New("it has no facts")

// Refused marks an error in what was given: a name that is not there, a template
// that cannot be compared. Whoever gave it can mend it.
type Refused struct{ error }

// Unwrap returns the cause.
func (r *Refused) Unwrap() error { return r.error }

// Refuse marks an error as one of input that is refused.
func Refuse(err error) error { return &Refused{err} }

func refusef(format string, args ...any) error { return &Refused{fmt.Errorf(format, args...)} }

// Unavailable marks an error whose cause is that something could not be reached.
type Unavailable struct{ error }

// Unwrap returns the cause.
func (u *Unavailable) Unwrap() error { return u.error }

// unreachable explains a failed connection in one line, without the password.
func unreachable(cfg *pgx.ConnConfig, err error) error {
	name := cfg.Database
	if name == "" {
		name = cfg.User // which is the server's default
	}
	where := fmt.Sprintf("the database %q at %s:%d", name, cfg.Host, cfg.Port)
	pg, refused := errors.AsType[*pgconn.PgError](err)
	switch {
	case refused && strings.HasPrefix(pg.Code, "28"):
		err = fmt.Errorf("%s does not let user %q in; check name and password, and the server's pg_hba.conf: %w", where, cfg.User, pg)
	case refused && pg.Code == "42501":
		err = fmt.Errorf("%s does not let user %q in; grant it CONNECT: %w", where, cfg.User, pg)
	case refused:
		err = fmt.Errorf("%s takes no connection: %w", where, pg)
	default:
		err = fmt.Errorf("%s cannot be reached; check that it runs, and its address: %w", where, briefly(err))
	}
	return &Unavailable{err}
}

// brief is an error that says only its innermost cause. The driver's own text
// repeats the address for each of its attempts, on lines of their own.
type brief struct{ all, innermost error }

func (b brief) Error() string { return b.innermost.Error() }
func (b brief) Unwrap() error { return b.all }

func briefly(err error) error {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return brief{err, fmt.Errorf("there is no host %q (%s)", dns.Name, dns.Err)}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return brief{err, op.Err}
	}
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	return brief{err, errors.New(strings.TrimSpace(lines[len(lines)-1]))}
}

func isA[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}
