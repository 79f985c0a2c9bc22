package provision_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/provisioner/plan"
)

// childOrders names the file with a child's [orders]; it is set in children only.
const childOrders = "VEIL_TEST_CHILD"

// orders are what a child of the test's does: one run, killed with signal 9 at a moment.
type orders struct {
	DSN       string
	State     string
	Plan      *plan.Plan
	Template  schema.Facts
	Mapping   schema.Mapping
	Decisions executor.Decisions
	Goals     map[string]bool
	Moment    int  // -1 is none
	Wait      bool // stop there until somebody kills it, instead
	Rollback  string
}

// A test's child, which is this program again, carries out its orders.
func TestChild(t *testing.T) {
	path := os.Getenv(childOrders)
	if path == "" {
		t.Skip("only children run it")
	}
	var o orders
	if err := gob.NewDecoder(bytes.NewReader(file(t, path))).Decode(&o); err != nil { //nolint:gosec // the parent wrote it
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), o.DSN)
	if err != nil {
		t.Fatal(err)
	}
	s := &subject{goals: o.Goals, apply: executor.Options{
		Plan: o.Plan, Template: o.Template, Mapping: o.Mapping, Decisions: o.Decisions, State: o.State, Patience: time.Minute,
	}}
	options := s.at(o.Moment, func() error {
		if o.Wait {
			fmt.Println("waiting")
			time.Sleep(time.Hour)
		}
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	})
	if o.Rollback != "" {
		err = executor.Rollback(t.Context(), conn, o.Rollback, options)
	} else {
		_, err = executor.Apply(t.Context(), conn, options)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// child starts a child that has a run to do.
func (s *subject) child(t testing.TB, o orders) *exec.Cmd {
	t.Helper()
	o.DSN, o.State, o.Plan, o.Template, o.Mapping, o.Decisions, o.Goals = s.dsn, s.apply.State, s.apply.Plan, s.apply.Template, s.apply.Mapping, s.apply.Decisions, s.goals
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(o); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "orders")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestChild$")
	cmd.Env = append(os.Environ(), childOrders+"="+path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// killedAt runs a child that kills itself at a moment.
func (s *subject) killedAt(t testing.TB, o orders) {
	t.Helper()
	cmd := s.child(t, o)
	out, err := cmd.CombinedOutput()
	if !killed(err) {
		t.Fatalf("the child was not killed: %v\n%s", err, out)
	}
}

// killed says whether a process was ended by signal 9.
func killed(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// A process that is killed at any moment of a run leaves the database as it was to the byte. What became of the run is found out by the next one.
func TestAProcessThatIsKilledChangesNothing(t *testing.T) {
	for _, test := range []struct {
		name    string
		subject func(testing.TB, *tenant) *subject
		apart   int
		again   int
	}{
		{"clinic", clinic, every(8), every(10)},
		{"omop", omop, every(40), every(4)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := test.subject(t, newTenant(t))
			list := s.moments(t)
			before, now := seen(t, s.tenant, s.conn), quick(t, s.conn)
			count := 0
			for n := 0; n < len(list); n += test.apart {
				count++
				when := "killed at " + list[n].name
				runs := s.runs(t)
				s.killedAt(t, orders{Moment: n})
				if count%test.again == 0 { // at once, while the server may not have noticed
					s.back(t, s.complete(t))
					same(t, when+", completed and rolled back", before, seen(t, s.tenant, s.conn))
					now = quick(t, s.conn)
					continue
				}
				s.compensated(t, when, runs, false)
				same(t, when, now, quick(t, s.conn))
			}
			same(t, "in the end", before, seen(t, s.tenant, s.conn))
			t.Logf("killed at %d of %d moments, and nothing changed", count, len(list))
			s.killedAfterCommit(t, len(list))
			s.killedAnyTime(t)
			s.killedRollingBack(t)
		})
	}
}

// killedAfterCommit is a process that dies before it can record that the changes are permanent.
func (s *subject) killedAfterCommit(t *testing.T, n int) {
	t.Helper()
	before := seen(t, s.tenant, s.conn)
	s.killedAt(t, orders{Moment: n})
	last := s.latest(t)
	if last.Status != memento.StatusCompleted {
		t.Fatalf("killed after the commit: the run is %s", last.Status)
	}
	s.conforms(t)
	s.back(t, last.ID)
	same(t, "killed after the commit, rolled back", before, seen(t, s.tenant, s.conn))
}

// killedAnyTime kills processes after times drawn by chance: what the journal says is what the database is, before or after.
func (s *subject) killedAnyTime(t *testing.T) {
	t.Helper()
	before := seen(t, s.tenant, s.conn)
	started := time.Now()
	if out, err := s.child(t, orders{Moment: -1}).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	whole := time.Since(started)
	s.back(t, s.latest(t).ID)
	seed := uint64(time.Now().UnixNano())
	chance := rand.New(rand.NewPCG(seed, 0))
	tries, count := 4, map[memento.Status]int{}
	if testenv.Long() {
		tries = 300
	}
	for range tries {
		runs := s.runs(t)
		cmd := s.child(t, orders{Moment: -1})
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(whole/3 + time.Duration(chance.Int64N(int64(whole)))) // the first third is the program's own start
		_ = cmd.Process.Kill()                                           // it may have ended
		_ = cmd.Wait()
		s.whatItSays(t, before, runs, count)
	}
	t.Logf("killed %d times by chance (seed %d): %v", tries, seed, count)
}

// whatItSays holds the last run's settled status against the database, and goes back where it is completed.
func (s *subject) whatItSays(t *testing.T, before logical, runs int, count map[memento.Status]int) {
	t.Helper()
	last := s.latest(t)
	if s.runs(t) == runs {
		last = memento.Run{Status: "not begun"}
	}
	count[last.Status]++
	if last.Status == memento.StatusCompleted {
		s.conforms(t)
		s.back(t, last.ID)
	}
	same(t, fmt.Sprintf("the run is %s", last.Status), before, seen(t, s.tenant, s.conn))
}

// killedRollingBack kills processes while they roll a run back: it stays completed, or it is rolled back.
func (s *subject) killedRollingBack(t *testing.T) {
	t.Helper()
	before := seen(t, s.tenant, s.conn)
	run := s.complete(t)
	after := quick(t, s.conn)
	list := s.momentsBack(t, run)
	count := 0
	for n := 0; n < len(list); n += every(40) {
		count++
		s.killedAt(t, orders{Moment: n, Rollback: run})
		same(t, "killed while rolling back, at "+list[n], after, quick(t, s.conn))
		if last := s.latest(t); last.ID != run || last.Status != memento.StatusCompleted {
			t.Fatalf("killed while rolling back, at %s: the run is %s", list[n], last.Status)
		}
	}
	s.back(t, run)
	same(t, "rolled back in the end", before, seen(t, s.tenant, s.conn))
	t.Logf("killed at %d of %d moments of a rollback, and nothing changed", count, len(list))
}

// momentsBack are the moments of a rollback before its commit.
func (s *subject) momentsBack(t *testing.T, run string) []string {
	t.Helper()
	var out []string
	o := s.apply
	o.Progress = func(what string) {
		if !s.goals[what] {
			out = append(out, what)
		}
	}
	o.Failpoint = func(p executor.Point) error {
		out = append(out, p.When+" "+p.Step)
		if out[len(out)-1] == commit {
			return errCrash
		}
		return nil
	}
	if err := executor.Rollback(context.WithoutCancel(t.Context()), s.conn, run, o); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	return out
}
