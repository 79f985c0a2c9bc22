package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/history"
	"github.com/veilschema/veil/internal/postgres"
)

// bundleName is the name of the bundle of the demo's first comparison.
const bundleName = "bundle.veil"

// demoAudit is what an auditor finds in the bundle of the first comparison, before and after somebody changed the service's database.
type demoAudit struct {
	bundle        []byte
	before, after string
	// damaged is the entry of the log that was changed.
	damaged int64
}

// good says whether the bundle was verified, and the change was found where it was made.
func (d *demoAudit) good() bool {
	return strings.Contains(d.before, "\nVERIFIED") && strings.HasPrefix(d.after, "NOT VERIFIED") && strings.Contains(d.after, fmt.Sprintf("entry %d of the log", d.damaged))
}

// audit exports the bundle of a comparison, has another process verify it, changes one byte of the database behind the service's back, and does both
// again.
func (s *demoService) audit(ctx context.Context, session demoSession) (out *demoAudit, err error) {
	out = &demoAudit{}
	if out.bundle, err = s.tenant.Bundle(ctx, session.id); err != nil {
		return nil, err
	}
	if out.before, err = s.verify(ctx, out.bundle); err != nil {
		return nil, err
	}
	if out.damaged, err = s.tamper(ctx, session); err != nil {
		return nil, err
	}
	again, err := s.tenant.Bundle(ctx, session.id)
	if err != nil {
		return nil, err
	}
	out.after, err = s.verify(ctx, again)
	return out, err
}

// verify has a fresh process verify a bundle and returns what it prints. That it does not verify is an answer.
func (s *demoService) verify(ctx context.Context, bundle []byte) (string, error) {
	path := filepath.Join(s.dir, bundleName)
	if err := writeFile(path, bundle); err != nil {
		return "", err
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("this program cannot be started again: %w", err)
	}
	var printed, said bytes.Buffer
	cmd := exec.CommandContext(ctx, self, "audit", "verify", path, "--service", s.pin.String())
	cmd.Stdout, cmd.Stderr = &printed, &said
	if err := cmd.Run(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok || exit.ExitCode() != exitMisconduct {
			return "", fmt.Errorf("the bundle was not verified: %w: %s", err, said.String())
		}
	}
	return printed.String(), nil
}

// tamper changes one byte of the entry with the verdicts, as whoever has the whole database could, and says which entry that is.
func (s *demoService) tamper(ctx context.Context, session demoSession) (entry int64, err error) {
	running, err := postgres.FindRunning(s.postgres())
	if err != nil {
		return 0, err
	}
	conn, err := pgx.Connect(ctx, running.AdminDSN)
	if err != nil {
		return 0, fmt.Errorf("the service's database was not reached: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	err = conn.QueryRow(ctx, `UPDATE veil.events SET leaf = set_byte(leaf, length(leaf) / 2, get_byte(leaf, length(leaf) / 2) # 1)
		WHERE stream = $1 AND type = $2 RETURNING sequence`, "comparison/"+session.id.String(), history.ComparisonDisclosed).Scan(&entry)
	if err != nil {
		return 0, fmt.Errorf("the service's database was not changed: %w", err)
	}
	return entry, nil
}

// printAudit shows what an auditor finds.
func printAudit(w io.Writer, d *demoAudit) {
	fmt.Fprintf(w, "\nWHAT AN AUDITOR FINDS, OFFLINE (a bundle of %d bytes)\n\n", len(d.bundle))
	indent(w, d.before)
	fmt.Fprintf(w, "\nAFTER ONE BIT OF ENTRY %d WAS CHANGED IN THE SERVICE'S DATABASE\n\n", d.damaged)
	indent(w, d.after)
}

func indent(w io.Writer, text string) {
	for line := range strings.Lines(text) {
		if line != "\n" {
			line = "  " + line
		}
		fmt.Fprint(w, line)
	}
}
