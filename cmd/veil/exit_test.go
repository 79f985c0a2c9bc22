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
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/keyfile"
	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/provision"
	"github.com/veilschema/veil/internal/sessionlog"
	"github.com/veilschema/veil/keys"
	"github.com/veilschema/veil/provisioner/plan"
)

func TestEveryCauseHasItsExitCode(t *testing.T) {
	path := func(errno syscall.Errno) error { return &fs.PathError{Op: "open", Path: "x", Err: errno} }
	load := func(code string) error {
		return &postgres.LoadError{File: "x.sql", Line: 1, Err: &pgconn.PgError{Code: code}}
	}
	for _, c := range []struct {
		name string
		err  error
		want int
	}{
		{"nothing", nil, exitDone},
		{"a verdict that deviates", verdictError{exitDeviates}, exitDeviates},
		{"a verdict that is incomplete", verdictError{exitIncomplete}, exitIncomplete},
		{"misconduct", &compare.Misconduct{Cause: errors.New("x")}, exitMisconduct},
		{"a wrong call", usagef("x"), exitUsage},
		{"a file that is missing", path(syscall.ENOENT), exitUsage},
		{"a folder in place of a file", path(syscall.EISDIR), exitUsage},
		{"a file that must not be read", path(syscall.EACCES), exitDenied},
		{"a full disk", path(syscall.ENOSPC), exitUnavailable},
		{"a full disk while a file is read as the call says", usageError{path(syscall.ENOSPC)}, exitUnavailable},
		{"a full quota", path(syscall.EDQUOT), exitUnavailable},
		{"a file that breaks in an unknown way", path(syscall.EIO), exitInternal},
		{"a policy that is not usable", &template.PolicyError{}, exitUsage},
		{"DDL that does not load", load("42601"), exitUsage},
		{"DDL that wants what it must not", load("42501"), exitUsage},
		{"DDL that runs too long", load("57014"), exitUsage},
		{"DDL that fills the disk", load("53100"), exitUnavailable},
		{"a wrong password", &pgconn.PgError{Code: "28P01"}, exitDenied},
		{"missing rights", &pgconn.PgError{Code: "42501"}, exitDenied},
		{"too many connections", &pgconn.PgError{Code: "53300"}, exitUnavailable},
		{"a server that shuts down", &pgconn.PgError{Code: "57P01"}, exitUnavailable},
		{"a database that is not there", &pgconn.PgError{Code: "3D000"}, exitUnavailable},
		{"a statement of ours that is wrong", &pgconn.PgError{Code: "42601"}, exitInternal},
		{"a network that fails", &net.OpError{Op: "read", Err: syscall.ECONNRESET}, exitUnavailable},
		{"a database that cannot be reached", &check.Unavailable{}, exitUnavailable},
		{"a time limit", context.DeadlineExceeded, exitUnavailable},
		{"no PostgreSQL", postgres.ErrNoBinaries, exitUnavailable},
		{"a wrong passphrase", keys.ErrUnsealed, exitDenied},
		{"a key that others may read", keyfile.ErrUnsafe, exitDenied},
		{"a key that is there already", keyfile.ErrExists, exitUsage},
		{"a key that is missing", keyfile.ErrMissing, exitUsage},
		{"a session log in use", sessionlog.ErrLocked, exitUnavailable},
		{"an empty schema", check.ErrEmpty, exitUsage},
		{"what was refused", &check.Refused{}, exitUsage},
		{"a plan that cannot be made", &plan.Refused{Refusals: []plan.Refusal{{What: "x", Why: "y"}}}, exitIncomplete},
		{"a rollback that is refused", &executor.NoRollbackError{}, exitDenied},
		{"a commit that nobody saw end", &executor.Indeterminate{Err: io.EOF}, exitUnavailable},
		{"a check after a change that failed for want of rights", &provision.UncheckedError{Err: &pgconn.PgError{Code: "42501"}}, exitDenied},
		{"a database that another process changes", memento.ErrLocked, exitUnavailable},
		{"locks that others hold", &pgconn.PgError{Code: "55P03"}, exitUnavailable},
		{"a journal that is damaged", memento.ErrDamaged, exitUnavailable},
		{"a journal that others may write", memento.ErrUnsafe, exitDenied},
		{"a run that there is not", memento.ErrNoRun, exitUsage},
		{"a fault of ours", errors.New("x"), exitInternal},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.err
			if err != nil {
				err = fmt.Errorf("more words: %w", err)
			}
			a := &app{err: &strings.Builder{}}
			if got := a.finish(t.Context(), err); got != c.want {
				t.Errorf("exit code is %d, want %d", got, c.want)
			}
		})
	}
}

func TestErrorsCannotPlayWithTheTerminal(t *testing.T) {
	var stderr strings.Builder
	a := &app{err: &stderr}
	a.finish(t.Context(), errors.New("bad\x1b[2J\rname \u009b1m\nsecond line"))
	if want := "veil: bad�[2J�name �1m\nsecond line\n"; stderr.String() != want {
		t.Errorf("got %q, want %q", stderr.String(), want)
	}
}

func TestAnInterruptionIsNoFault(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr strings.Builder
	a := &app{err: &stderr}
	if code := a.finish(ctx, &postgres.LoadError{Err: context.Canceled}); code != exitInterrupted {
		t.Errorf("exit code is %d, want %d", code, exitInterrupted)
	}
	if strings.Contains(stderr.String(), "changed") {
		t.Errorf("nothing was changed, and it says %q", stderr.String())
	}
	if code := a.finish(ctx, verdictError{exitDeviates}); code != exitDeviates {
		t.Errorf("a verdict that was printed already ends with %d, want %d", code, exitDeviates)
	}
}

// Whoever interrupts a run that was committed already has to know it.
func TestAnInterruptionSaysThatADatabaseWasChanged(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range []error{
		&provision.UncheckedError{Run: "run-1", Err: context.Canceled}, fmt.Errorf("more words: %w", &executor.Indeterminate{Run: "run-1", Err: context.Canceled}),
	} {
		var stderr strings.Builder
		a := &app{err: &stderr}
		if code := a.finish(ctx, err); code != exitInterrupted || !strings.Contains(stderr.String(), "run-1") {
			t.Errorf("exit code %d and %q", code, stderr.String())
		}
	}
}

func TestEveryReasonWhyThereIsNoPlanIsListed(t *testing.T) {
	var stderr strings.Builder
	a := &app{err: &stderr}
	a.finish(t.Context(), &plan.Refused{Refusals: []plan.Refusal{{What: "one", Why: "first"}, {What: "two\x1b[2J", Why: "second\nline"}}})
	if want := "veil: there is no plan: one: first (and 1 more)\n  one: first\n  two‹U+001B›[2J: second‹U+000A›line\n"; stderr.String() != want {
		t.Errorf("got %q, want %q", stderr.String(), want)
	}
}

func TestWholeLinesOfBothPartsOfAPolicyKeepTheirNumbers(t *testing.T) {
	for name, text := range map[string]string{
		"template first": "optional: [a]\n\nwithhold:\n  - kind: x\n", "tenant first": "withhold:\n- {kind: x}\n# more\noptional:\n  []\n",
		"tenant between": "optional: []\nwithhold:\n  - a\nwaivers: []\n", "template only": "optional: []\n", "tenant only": "withhold: []\n",
		"nothing": "", "no YAML": "a: [", "a list": "- a\n",
	} {
		t.Run(name, func(t *testing.T) {
			templates, tenants := splitPolicy([]byte(text))
			for i, line := range strings.Split(text, "\n") {
				var got []string
				for _, part := range [][]byte{templates, tenants} {
					if lines := strings.Split(string(part), "\n"); part != nil && i < len(lines) && lines[i] != "" {
						got = append(got, lines[i])
					}
				}
				if line != "" && (len(got) != 1 || got[0] != line) {
					t.Errorf("line %d is %q in the parts, want %q in one of them", i+1, got, line)
				}
			}
		})
	}
}
