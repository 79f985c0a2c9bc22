package provision_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/internal/testenv/crash"
)

// mortal is a tenant on a server that can be killed.
type mortal struct {
	*subject
	server *crash.Server
}

func newMortal(t *testing.T, server *crash.Server, made func(testing.TB, *tenant) *subject) *mortal {
	t.Helper()
	d := &tenant{dsn: server.Database(t)}
	var err error
	if d.conn, err = pgx.Connect(t.Context(), d.dsn); err != nil {
		t.Fatal(err)
	}
	s := &mortal{made(t, d), server}
	server.Admin(t, "postgres", "CHECKPOINT") // after a crash a sequence goes on behind the numbers that it had in store since
	s.reconnect(t)
	return s
}

// again starts the server and connects.
func (s *mortal) again(t *testing.T) {
	t.Helper()
	s.server.Restart(t)
	s.reconnect(t)
}

// A server that is killed at any moment of a run leaves the database as it was to the byte; one that is killed behind the commit has all of it.
func TestAServerThatIsKilledChangesNothing(t *testing.T) {
	t.Parallel()
	s := newMortal(t, crash.Start(t), clinic)
	list := s.moments(t)
	before, now := seen(t, s.tenant, s.conn), quick(t, s.conn)
	count := 0
	for n := every(20) / 2; n < len(list); n += every(40) {
		count++
		when := "the server is killed at " + list[n].name
		runs := s.runs(t)
		_, err := executor.Apply(t.Context(), s.conn, s.at(n, s.server.Kill))
		if err == nil {
			t.Fatalf("%s: no error", when)
		}
		s.again(t)
		same(t, when, now, quick(t, s.conn))
		s.compensated(t, when, runs, false)
		if count%every(3) == 0 {
			s.back(t, s.complete(t))
			same(t, when+", completed and rolled back", before, seen(t, s.tenant, s.conn))
			s.server.Admin(t, "postgres", "CHECKPOINT")
			now = quick(t, s.conn)
		}
	}
	same(t, "in the end", before, seen(t, s.tenant, s.conn))
	t.Logf("the server was killed at %d of %d moments, and nothing changed", count, len(list))
	s.dieAfterCommit(t)
	s.dieAnyTime(t)
}

// A role may have asked the server not to wait for the disk. A run waits all the same, also one that makes no file and deletes none, for
// which the server would not.
func TestACommittedRunIsOnTheDisk(t *testing.T) {
	t.Parallel()
	s := newMortal(t, crash.Start(t), func(t testing.TB, d *tenant) *subject {
		d.exec(t, "CREATE TABLE note (id integer); INSERT INTO note VALUES (1); ALTER ROLE CURRENT_USER SET synchronous_commit = off")
		return newSubject(t, d, "note", options(t, d, "note", []byte("CREATE TABLE note (id integer, what text)")))
	})
	s.dieAfterCommit(t)
}

// dieAfterCommit kills the server when it has said that the transaction is committed, and nobody or somebody finds out at once.
func (s *mortal) dieAfterCommit(t *testing.T) {
	t.Helper()
	before, n := seen(t, s.tenant, s.conn), len(s.moments(t))
	for _, known := range []error{nil, errCrash} {
		_, err := executor.Apply(t.Context(), s.conn, s.at(n, func() error { return errors.Join(known, s.server.Kill()) }))
		var unknown *executor.Indeterminate
		if known == nil && err != nil || known != nil && !errors.As(err, &unknown) {
			t.Fatal(err)
		}
		s.again(t)
		s.conforms(t)
		last := s.latest(t)
		if last.Status != memento.StatusCompleted {
			t.Fatalf("the server is killed after the commit: the run is %s", last.Status)
		}
		s.back(t, last.ID)
		same(t, "the server is killed after the commit, rolled back", before, seen(t, s.tenant, s.conn))
	}
}

// dieAnyTime kills the server after times drawn by chance: what the journal says is what the database is, before or after.
func (s *mortal) dieAnyTime(t *testing.T) {
	t.Helper()
	started := time.Now()
	s.back(t, s.complete(t))
	whole := time.Since(started)
	s.server.Admin(t, "postgres", "CHECKPOINT")
	before := seen(t, s.tenant, s.conn)
	seed := uint64(time.Now().UnixNano())
	chance := rand.New(rand.NewPCG(seed, 0))
	tries, count := 2, map[memento.Status]int{}
	if testenv.Long() {
		tries = 200
	}
	for range tries {
		runs, done := s.runs(t), make(chan error)
		time.AfterFunc(time.Duration(chance.Int64N(int64(whole))), func() { done <- s.server.Kill() })
		_, applyErr := executor.Apply(t.Context(), s.conn, s.apply)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		s.again(t)
		last := s.latest(t)
		if applyErr == nil && last.Status != memento.StatusCompleted {
			t.Fatalf("a run ended well and is %s", last.Status)
		}
		s.whatItSays(t, before, runs, count)
		s.server.Admin(t, "postgres", "CHECKPOINT")
	}
	t.Logf("the server was killed %d times by chance (seed %d): %v", tries, seed, count)
}
