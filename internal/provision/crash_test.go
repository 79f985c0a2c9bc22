package provision_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/internal/provision"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/provisioner/plan"
)

// every returns n, and in a long run 1: how far apart things are that are tried.
func every(n int) int {
	if testenv.Long() {
		return 1
	}
	return n
}

var errCrash = errors.New("the test's own error")

// A run that fails at any moment leaves the database as it was to the byte, and the next one completes.
func TestARunThatFailsChangesNothing(t *testing.T) {
	for _, test := range []struct {
		name     string
		subject  func(testing.TB, *tenant) *subject
		strategy string
		apart    int // moments between two failures of one kind: with eight, each step fails in one way, before, during or after it
		again    int // failures between two that a run to the end follows; a table takes 1,600 columns in its life, those that were dropped too
	}{
		{"clinic", clinic, plan.Safe, every(8), 30},
		{"clinic, validated", clinic, plan.Validated, every(40), 5},
		{"omop", omop, plan.Safe, every(40), 8},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := test.subject(t, newTenant(t))
			s.strategy(test.strategy)
			s.failEverywhere(t, test.apart, test.again)
			s.failAfterCommit(t)
			s.wholeRuns(t)
		})
	}
}

// failure is a way to fail.
type failure struct {
	name string
	do   func(cancel context.CancelFunc) error
}

var failures = []failure{
	{"error", func(context.CancelFunc) error { return errCrash }},
	{"panic", func(context.CancelFunc) error { panic(errCrash) }},
	{"cancel", func(cancel context.CancelFunc) error { cancel(); return nil }},
}

// moment is a call of the failpoint, or one of the progress function where no step begins; that can return no error.
type moment struct {
	name     string
	progress bool
}

// commit is the failpoint behind which the changes are permanent.
const commit = "before commit"

// moments are those of a run before its commit. Nothing is changed by asking.
func (s *subject) moments(t testing.TB) []moment {
	t.Helper()
	var out []moment
	o := s.apply
	o.Progress = func(what string) {
		if !s.goals[what] {
			out = append(out, moment{what, true})
		}
	}
	o.Failpoint = func(p executor.Point) error {
		out = append(out, moment{p.When + " " + p.Step, false})
		if out[len(out)-1].name == commit {
			return errCrash
		}
		return nil
	}
	if _, err := executor.Apply(t.Context(), s.conn, o); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	return out
}

// at returns options that do something at the n-th moment and nothing at all others.
func (s *subject) at(n int, do func() error) executor.Options {
	count := -1
	now := func() error {
		if count++; count == n {
			return do()
		}
		return nil
	}
	o := s.apply
	o.Progress = func(what string) {
		if !s.goals[what] {
			_ = now()
		}
	}
	o.Failpoint = func(executor.Point) error { return now() }
	return o
}

// applyFailing runs into a crash at the n-th moment.
func (s *subject) applyFailing(t testing.TB, n int, c failure) (err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it panicked: %v", p)
		}
	}()
	_, err = executor.Apply(ctx, s.conn, s.at(n, func() error { return c.do(cancel) }))
	return err
}

func (s *subject) failEverywhere(t *testing.T, apart, again int) {
	t.Helper()
	list := s.moments(t)
	before, now := full(t, s.tenant, s.conn), quick(t, s.conn)
	count := map[string]int{}
	for n := range list {
		for k, c := range failures {
			if (n+3*k)%apart != 0 || list[n].progress && c.name == "error" {
				continue
			}
			count[c.name]++
			when := c.name + " at " + list[n].name
			runs := s.runs(t)
			if err := s.applyFailing(t, n, c); err == nil {
				t.Fatalf("%s: no error", when)
			}
			if c.name == "cancel" {
				s.reconnect(t)
			}
			s.compensated(t, when, runs, c.name != "cancel")
			same(t, when, now, quick(t, s.conn))
			if total := count["error"] + count["panic"] + count["cancel"]; total%again == 0 {
				same(t, when, before.logical, seen(t, s.tenant, s.conn))
				s.back(t, s.complete(t))
				same(t, when+", completed and rolled back", before.logical, seen(t, s.tenant, s.conn))
				now = quick(t, s.conn)
			}
		}
	}
	same(t, "in the end", before.logical, seen(t, s.tenant, s.conn))
	t.Logf("%d moments of a run of %d steps: %d errors, %d panics, %d cancels, and nothing changed", len(list), len(s.apply.Plan.Steps), count["error"], count["panic"], count["cancel"])
}

// runs is how many runs are recorded.
func (s *subject) runs(t testing.TB) int {
	t.Helper()
	runs, err := memento.List(s.apply.State)
	if err != nil {
		t.Fatal(err)
	}
	return len(runs)
}

// compensated fails unless the run that was recorded last, if there is one more than before, is recorded as compensated: at once, or when
// it is settled.
func (s *subject) compensated(t testing.TB, when string, before int, atOnce bool) {
	t.Helper()
	if s.runs(t) == before {
		return // it ended before there was anything to record
	}
	runs, err := memento.List(s.apply.State)
	if err != nil {
		t.Fatal(err)
	}
	if last := runs[len(runs)-1]; atOnce && last.Status != memento.StatusCompensated {
		t.Fatalf("%s: the run is %s", when, last.Status)
	}
	if last := s.latest(t); last.Status != memento.StatusCompensated || s.runs(t) != before+1 {
		t.Fatalf("%s: the run is %s", when, last.Status)
	}
}

// failAfterCommit fails when the changes are permanent: the run is settled as completed, and can be rolled back.
func (s *subject) failAfterCommit(t *testing.T) {
	t.Helper()
	n := len(s.moments(t))
	for _, c := range failures {
		before := seen(t, s.tenant, s.conn)
		err := s.applyFailing(t, n, c)
		var unknown *executor.Indeterminate
		if c.name == "error" && !errors.As(err, &unknown) {
			t.Fatalf("%s after the commit: %v", c.name, err)
		}
		s.conforms(t)
		last := s.latest(t)
		if last.Status != memento.StatusCompleted {
			t.Fatalf("%s after the commit: the run is %s", c.name, last.Status)
		}
		if run := s.complete(t); run != "" {
			t.Fatalf("%s after the commit: another run %s", c.name, run)
		}
		s.back(t, last.ID)
		same(t, c.name+" after the commit, rolled back", before, seen(t, s.tenant, s.conn))
	}
}

// A run that cannot write its journal changes nothing; one that cannot record that it is committed does not say that it changed nothing.
func TestAJournalThatCannotBeWrittenIsNoLie(t *testing.T) {
	t.Parallel()
	s := clinic(t, newTenant(t))
	before := quick(t, s.conn)
	list := s.moments(t)
	folder, away := filepath.Join(s.apply.State, "provision"), filepath.Join(s.apply.State, "away")
	for _, n := range []int{3, len(list) / 2, len(list) - 1, len(list)} {
		runs := s.runs(t)
		_, err := executor.Apply(t.Context(), s.conn, s.at(n, func() error { return os.Rename(folder, away) }))
		if err == nil {
			t.Fatalf("the run completed without a journal from moment %d on", n)
		}
		if err := errors.Join(os.RemoveAll(folder), os.Rename(away, folder)); err != nil {
			t.Fatal(err)
		}
		last := s.latest(t)
		if s.runs(t) != runs+1 {
			t.Fatalf("%d runs more", s.runs(t)-runs)
		}
		var unknown *executor.Indeterminate
		if n < len(list)-1 {
			same(t, "without a journal", before, quick(t, s.conn))
			if last.Status != memento.StatusCompensated || errors.As(err, &unknown) {
				t.Fatalf("the run is %s: %v", last.Status, err)
			}
			continue
		}
		s.conforms(t)
		if last.Status != memento.StatusCompleted || !errors.As(err, &unknown) {
			t.Fatalf("the run is %s: %v", last.Status, err)
		}
		s.back(t, last.ID)
	}
}

// wholeRuns fails and completes with both comparisons around it.
func (s *subject) wholeRuns(t *testing.T) {
	t.Helper()
	before := quick(t, s.conn)
	n, private := len(s.moments(t))/2, server(t)
	o := s.whole
	o.Failpoint = s.at(n, func() error { return errCrash }).Failpoint
	out, err := provision.Run(t.Context(), private, o)
	if err != nil || out.Result != provision.Compensated || !strings.Contains(out.Cause, errCrash.Error()) {
		t.Fatalf("%v, %+v", err, out)
	}
	same(t, "a whole run that failed", before, quick(t, s.conn))
	out, err = provision.Run(t.Context(), private, s.whole)
	if err != nil || out.Result != provision.Completed || out.After.Verdict != template.Conforms {
		t.Fatalf("%v, %+v", err, out)
	}
	after := quick(t, s.conn)
	out, err = provision.Run(t.Context(), private, s.whole)
	if err != nil || out.Result != provision.Completed || out.Run != "" {
		t.Fatalf("the same again: %v, %+v", err, out)
	}
	same(t, "the same again", after, quick(t, s.conn))
}
