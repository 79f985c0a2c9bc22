package provision_test

import (
	"bufio"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/memento"
)

// Two processes do not change one database at a time: with one state folder the second is told so at once, with two it waits for the locks.
func TestTwoProcessesTakeTurns(t *testing.T) {
	t.Parallel()
	s := clinic(t, newTenant(t))
	before, list := quick(t, s.conn), s.moments(t)
	cmd := s.child(t, orders{Moment: len(list) / 2, Wait: true})
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if strings.TrimSpace(line) != "waiting" {
		t.Fatalf("%q, %v", line, err)
	}
	runs, err := memento.List(s.apply.State)
	if err != nil {
		t.Fatal(err)
	}
	running := runs[len(runs)-1]
	if _, err := executor.Apply(t.Context(), s.conn, s.apply); !errors.Is(err, memento.ErrLocked) {
		t.Errorf("apply: %v", err)
	}
	if err := executor.Rollback(t.Context(), s.conn, running.ID, s.apply); !errors.Is(err, memento.ErrLocked) {
		t.Errorf("rollback: %v", err)
	}
	if _, err := executor.Latest(t.Context(), s.conn, s.apply.State); !errors.Is(err, memento.ErrLocked) {
		t.Errorf("latest: %v", err)
	}
	elsewhere := s.apply
	elsewhere.State, elsewhere.Patience = t.TempDir(), time.Second
	if _, err := executor.Apply(t.Context(), s.conn, elsewhere); err == nil || !strings.Contains(err.Error(), "other sessions held locks on the tables for 1s") {
		t.Errorf("with another folder: %v", err)
	}
	if now, err := memento.List(s.apply.State); err != nil || now[len(now)-1].Status != memento.StatusApplying {
		t.Errorf("%v, the run that goes on is %s", err, now[len(now)-1].Status)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	same(t, "killed", before, quick(t, s.conn))
	s.complete(t)
	if _, err := executor.Apply(t.Context(), s.conn, func() executor.Options { o := elsewhere; o.Mapping = s.mapping(t); return o }()); err != nil {
		t.Errorf("with another folder, after the other: %v", err)
	}
}
