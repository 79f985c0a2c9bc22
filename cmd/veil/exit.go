package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/veilschema/veil/api/client"
	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/exchange"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/keyfile"
	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/internal/openings"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/provision"
	"github.com/veilschema/veil/internal/sessionlog"
	"github.com/veilschema/veil/internal/witness"
	"github.com/veilschema/veil/keys"
	"github.com/veilschema/veil/provisioner/plan"
)

// The exit codes of every command.
const (
	exitDone        = 0   // conforms, or done
	exitDeviates    = 1   // does not conform
	exitUsage       = 2   // the call or an input file is wrong
	exitDenied      = 3   // not allowed: rights, passphrase
	exitUnavailable = 4   // something needed is not there: database, disk space, PostgreSQL
	exitMisconduct  = 5   // evidence of cheating or tampering
	exitIncomplete  = 6   // incomplete, or a decision is needed, or there is no plan
	exitCompensated = 7   // failed, and everything is as it was
	exitInternal    = 70  // a fault of this program
	exitInterrupted = 130 // Ctrl-C
)

// verdictError carries an exit code that is an answer and no failure.
type verdictError struct{ code int }

func (e verdictError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// usageError marks a wrong call.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// finish prints an error for a person and returns the exit code.
func (a *app) finish(ctx context.Context, err error) int {
	if err == nil {
		return exitDone
	}
	var verdict verdictError
	if errors.As(err, &verdict) {
		return verdict.code
	}
	if ctx.Err() != nil {
		fmt.Fprintln(a.err, "veil: interrupted; no server and no temporary file is left")
		if changed(err) {
			fmt.Fprintf(a.err, "veil: %s\n", oneParagraph(err))
		}
		return exitInterrupted
	}
	fmt.Fprintf(a.err, "veil: %s\n", oneParagraph(err))
	a.refusals(err)
	return codeOf(err)
}

// changed says whether a database was changed, or may have been, before the error.
func changed(err error) bool {
	return isA[*provision.UncheckedError](err) || isA[*executor.Indeterminate](err)
}

// refusals lists every reason why there is no plan.
func (a *app) refusals(err error) {
	for _, r := range plan.AsRefused(err) {
		fmt.Fprintf(a.err, "  %s: %s\n", report.Visible(r.What), report.Visible(r.Why))
	}
}

// oneParagraph keeps control characters of a cause off the terminal, but not the
// lines of a list of problems.
func oneParagraph(err error) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' { // pgx sets its causes in
			return ' '
		}
		if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0) {
			return '�'
		}
		return r
	}, strings.TrimSpace(err.Error()))
}

// codeOf is the one table from errors to exit codes; the first row that fits
// counts.
func codeOf(err error) int {
	for _, row := range []struct {
		fits func(error) bool
		code int
	}{
		{isA[*compare.Misconduct], exitMisconduct},
		{isA[*exchange.Untrusted], exitMisconduct},
		{isA[*exchange.Accused], exitMisconduct},
		{distrusted, exitMisconduct},
		{isA[*client.Unreachable], exitUnavailable},
		{answered(401, 403), exitDenied},
		{answered(404, 409, 410, 413, 422), exitUsage},
		{isA[*client.Error], exitUnavailable},
		{isOneOf(syscall.ENOSPC, syscall.EDQUOT), exitUnavailable},
		{diskFull, exitUnavailable},
		{isA[*postgres.LoadError], exitUsage},
		{isOneOf(keys.ErrUnsealed, keyfile.ErrUnsafe, fs.ErrPermission), exitDenied},
		{denied, exitDenied},
		{isA[usageError], exitUsage},
		{isA[*check.Refused], exitUsage},
		{isA[*template.PolicyError], exitUsage},
		{isOneOf(postgres.ErrNoBinaries, postgres.ErrInUse, sessionlog.ErrLocked, context.DeadlineExceeded, io.ErrUnexpectedEOF), exitUnavailable},
		{isA[*check.Unavailable], exitUnavailable},
		{isA[*plan.Refused], exitIncomplete},
		{isA[*executor.NoRollbackError], exitDenied},
		{isA[*executor.Indeterminate], exitUnavailable},
		{isOneOf(memento.ErrUnsafe, witness.ErrUnsafe), exitDenied},
		{isOneOf(witness.ErrLocked, witness.ErrDamaged, openings.ErrDamaged), exitUnavailable},
		{isOneOf(witness.ErrConfig, witness.ErrNoKey), exitUsage},
		{isOneOf(memento.ErrLocked, memento.ErrDamaged, memento.ErrBroken), exitUnavailable},
		{isOneOf(memento.ErrNoRun), exitUsage},
		{isA[*net.OpError], exitUnavailable}, // not net.Error, which every error of the system is
		{unavailable, exitUnavailable},
		{isOneOf(fs.ErrNotExist, syscall.EISDIR, syscall.ENOTDIR, syscall.ENAMETOOLONG), exitUsage},
		{isOneOf(keyfile.ErrMissing, keyfile.ErrExists, check.ErrEmpty), exitUsage},
	} {
		if row.fits(err) {
			return row.code
		}
	}
	return exitInternal
}

func isA[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

func isOneOf(targets ...error) func(error) bool {
	return func(err error) bool {
		for _, t := range targets {
			if errors.Is(err, t) {
				return true
			}
		}
		return false
	}
}

// denied says whether PostgreSQL refused for want of rights: class 28 (invalid
// authorisation) and insufficient_privilege.
func denied(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (strings.HasPrefix(pg.Code, "28") || pg.Code == "42501")
}

// diskFull says whether the disk under PostgreSQL is full, for whatever reason a
// statement then fails.
func diskFull(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "53100"
}

// unavailable says whether PostgreSQL could not serve: classes 08 (connection), 53
// (resources) and 57 (operator), a database that does not exist, or locks that others hold.
func unavailable(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	class := pg.Code[:min(2, len(pg.Code))]
	return class == "08" || class == "53" || class == "57" || pg.Code == "3D000" || pg.Code == "55P03" || pg.Code == "40P01"
}
