package provision_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/executor"
	"github.com/veilschema/veil/internal/memento"
)

// other opens another session of the tenant's.
func (s *subject) other(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func say(t testing.TB, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%v in %s", err, sql)
		}
	}
}

// onProgress returns options that do something once, when a part of the run begins.
func (s *subject) onProgress(what string, do func()) executor.Options {
	o := s.apply
	var once sync.Once
	o.Progress = func(now string) {
		if now == what {
			once.Do(do)
		}
	}
	return o
}

const locking = "locking the tables"

// A run that does not get its locks gives up with nothing changed, and waits as long as it may.
func TestALockThatIsHeldStopsARunOrDelaysIt(t *testing.T) {
	t.Parallel()
	s := clinic(t, newTenant(t))
	other := s.other(t)
	for _, test := range []struct{ who, sql string }{
		{"a reader of a table that changes", "SELECT FROM patient LIMIT 1"},
		{"a writer into a table that changes", "INSERT INTO visit (own_id, patient_id) VALUES (5000, 1)"},
		{"a reader of a table that only points at one that changes", "SELECT FROM own_ledger LIMIT 1"},
		{"a reader of a partition", "SELECT FROM own_measure_rest LIMIT 1"},
		{"somebody who changes a view of the tenant's own that uses what changes", "COMMENT ON VIEW own_top IS 'x'; ALTER VIEW own_top RENAME TO own_top2"},
	} {
		for _, sql := range append([]string{"BEGIN"}, strings.Split(test.sql, "; ")...) {
			say(t, other, sql)
		}
		before := quick(t, s.conn)
		o := s.apply
		o.Patience = 500 * time.Millisecond
		_, err := executor.Apply(t.Context(), s.conn, o)
		if err == nil || !strings.Contains(err.Error(), "other sessions held locks on the tables for 500ms, so nothing was changed; try again when they are less busy") {
			t.Fatalf("%s: %v", test.who, err)
		}
		say(t, other, "ROLLBACK")
		same(t, test.who, before, quick(t, s.conn))
		if last := s.latest(t); last.ID != "" && last.Status != memento.StatusCompensated {
			t.Fatalf("%s: the run is %s", test.who, last.Status)
		}
	}
	say(t, other, "BEGIN", "SELECT FROM patient LIMIT 1")
	released := make(chan error)
	time.AfterFunc(time.Second, func() {
		_, err := other.Exec(context.Background(), "COMMIT")
		released <- err
	})
	s.complete(t)
	if err := <-released; err != nil {
		t.Fatal(err)
	}
}

// What others change between the look at the catalog and the locks is seen under the locks: the run adapts to it or asks, and then nothing of
// its own is left.
func TestARunSeesWhatOthersChangeBeforeItsLocks(t *testing.T) {
	for _, test := range []struct {
		what string
		sql  string
		asks bool
	}{
		{"a column that the plan adds", "ALTER TABLE patient ADD COLUMN nick text DEFAULT 'n/a'", false},
		{"a column that the plan adds, of another type", "ALTER TABLE patient ADD COLUMN nick bigint", true},
		{"a table of the name of one that the plan makes", "CREATE TABLE ward (id integer)", true},
		{"a sequence of the name of a table that the plan makes", "CREATE SEQUENCE ward", true},
		{"a column that the plan changes is gone", "ALTER TABLE visit DROP COLUMN diagnosis CASCADE", true},
		{"a table that the plan changes is gone", "DROP TABLE visit CASCADE", true},
		{"a table that the mapping renames is gone", "DROP TABLE lieferant", true},
		{"another view of what changes", "CREATE VIEW own_new AS SELECT name, born FROM patient", false},
		{"another trigger on what changes", "CREATE TRIGGER own_new AFTER UPDATE ON patient FOR EACH ROW EXECUTE FUNCTION own_log()", false},
		{"rows that the decisions do not speak of", "INSERT INTO visit (own_id, patient_id) VALUES (5000, 1)", true},
		{"another enum label in use", "ALTER TYPE urgency ADD VALUE 'own_label'", true},
		{"an index name", "CREATE INDEX measure_unit ON own_taken (patient_name)", false},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel()
			s := clinic(t, newTenant(t))
			other := s.other(t)
			var since photo
			result, err := executor.Apply(t.Context(), s.conn, s.onProgress(locking, func() {
				say(t, other, test.sql)
				since = quick(t, other)
			}))
			if asked := err != nil || len(result.Decisions) > 0; asked != test.asks {
				t.Errorf("%v, %+v", err, result)
			}
			if test.asks {
				same(t, "it asked", since, quick(t, s.conn))
				return
			}
			s.conforms(t)
			s.back(t, result.Run)
		})
	}
}

// Nobody is kept from making objects of a name that the plan wants while it runs: then the run changes nothing.
func TestARunThatMeetsNewObjectsChangesNothing(t *testing.T) {
	t.Parallel()
	s := clinic(t, newTenant(t))
	other := s.other(t)
	for _, sql := range []string{"CREATE TABLE ward ()", "CREATE SEQUENCE bed_no", "CREATE TYPE shift AS ENUM ('x')", "CREATE FUNCTION touch() RETURNS text LANGUAGE sql AS 'SELECT NULL::text'"} {
		since := quick(t, s.conn)
		result, err := executor.Apply(t.Context(), s.conn, s.at(4, func() error {
			say(t, other, sql)
			since.catalog = catalogs(t, other)
			return nil
		}))
		if err == nil && len(result.Decisions) == 0 {
			t.Fatalf("%s: the run completed", sql)
		}
		now := quick(t, s.conn)
		delete(now.rows, "ward")
		delete(now.sequences, "bed_no")
		same(t, sql, since, now)
		words := strings.Fields(sql)
		say(t, other, "DROP "+words[1]+" "+strings.TrimSuffix(words[2], "()"))
	}
	s.complete(t)
}

// Rows that others write while the run waits and works are there afterwards, each once.
func TestWritersLoseNothing(t *testing.T) {
	t.Parallel()
	for _, isolation := range []string{"read committed", "repeatable read", "serializable"} {
		t.Run(isolation, func(t *testing.T) {
			t.Parallel()
			s := clinic(t, newTenant(t))
			s.exec(t, "ALTER ROLE CURRENT_USER SET default_transaction_isolation = '"+isolation+"'")
			s.reconnect(t)
			ctx, stop := context.WithCancel(t.Context())
			written := make(chan []int)
			writer := s.other(t)
			go func() {
				var ids []int
				for id := 1000; ctx.Err() == nil; id++ {
					_, err := writer.Exec(context.Background(), `INSERT INTO patient (id, name, born, urgency) VALUES ($1, 'own ' || $1::int, '2000-01-01', 'high')`, id)
					if err == nil {
						ids = append(ids, id)
					}
				}
				written <- ids
			}()
			// One more row comes while the run waits for its lock.
			slow := s.other(t)
			say(t, slow, "BEGIN", "INSERT INTO patient (id, born) VALUES (900, '2000-01-01')")
			result, err := executor.Apply(t.Context(), s.conn, s.onProgress(locking, func() {
				time.AfterFunc(60*time.Millisecond, func() { _, _ = slow.Exec(context.Background(), "COMMIT") })
			}))
			time.Sleep(50 * time.Millisecond)
			stop()
			ids := <-written
			if err != nil || len(result.Decisions) > 0 {
				t.Fatalf("%v, %+v", err, result)
			}
			s.conforms(t)
			var found, late int
			if err := s.conn.QueryRow(t.Context(), "SELECT count(*) FILTER (WHERE name = 'own ' || id), count(*) FILTER (WHERE id = 900 AND name = 'unbekannt') FROM patient WHERE id >= 900").Scan(&found, &late); err != nil {
				t.Fatal(err)
			}
			if late != 1 || found != len(ids) {
				t.Fatalf("of %d rows that were written %d are there, and %d of the late one", len(ids), found, late)
			}
			t.Logf("%d rows were written meanwhile", len(ids))
		})
	}
}

// A connection that is lost while committing leaves open what became of the run. The next one asks the server.
func TestAConnectionThatIsLostWhileCommittingIsSettled(t *testing.T) {
	t.Parallel()
	s := clinic(t, newTenant(t))
	for _, test := range []struct {
		name string
		lose int32
		want memento.Status
		back memento.Status
	}{
		{"before the server hears of it", loseRequest, memento.StatusCompensated, memento.StatusCompleted},
		{"before the client hears of it", loseAnswer, memento.StatusCompleted, memento.StatusRolledBack},
	} {
		before := seen(t, s.tenant, s.conn)
		p := newProxy(t, s.tenant)
		conn, o := p.connect(t), s.apply
		o.Failpoint = func(at executor.Point) error {
			if at.When+" "+at.Step == commit {
				p.lose.Store(test.lose)
			}
			return nil
		}
		_, err := executor.Apply(t.Context(), conn, o)
		indeterminate(t, test.name, err)
		last := s.latest(t)
		if last.Status != test.want {
			t.Fatalf("lost %s: the run is %s", test.name, last.Status)
		}
		run := last.ID
		if test.want == memento.StatusCompensated {
			same(t, "lost "+test.name, before, seen(t, s.tenant, s.conn))
			run = s.complete(t)
		}
		s.conforms(t)

		p.lose.Store(loseNothing)
		err = executor.Rollback(t.Context(), p.connect(t), run, o)
		indeterminate(t, test.name, err)
		if last := s.latest(t); last.Status != test.back {
			t.Fatalf("lost %s: the rollback is %s", test.name, last.Status)
		}
		if test.back == memento.StatusCompleted {
			s.conforms(t)
			s.back(t, run)
		}
		same(t, "rolled back", before, seen(t, s.tenant, s.conn))
	}
}

func indeterminate(t *testing.T, when string, err error) {
	t.Helper()
	var unknown *executor.Indeterminate
	if !errors.As(err, &unknown) {
		t.Fatalf("lost %s: %v", when, err)
	}
}

// A session that somebody ends in the middle of a run takes all of the run with it.
func TestASessionThatIsEndedChangesNothing(t *testing.T) {
	t.Parallel()
	s := clinic(t, newTenant(t))
	other := s.other(t)
	list := s.moments(t)
	before := quick(t, s.conn)
	for n := 1; n < len(list); n += every(40) {
		when, runs := "ended at "+list[n].name, s.runs(t)
		_, err := executor.Apply(t.Context(), s.conn, s.at(n, func() error {
			_, err := other.Exec(t.Context(), "SELECT pg_terminate_backend($1)", s.conn.PgConn().PID())
			return err
		}))
		if err == nil {
			t.Fatalf("%s: no error", when)
		}
		s.reconnect(t)
		s.compensated(t, when, runs, false)
		same(t, when, before, quick(t, s.conn))
	}
	last := len(list) - 1
	_, err := executor.Apply(t.Context(), s.conn, s.at(last, func() error {
		_, err := other.Exec(t.Context(), "SELECT pg_terminate_backend($1, 5000)", s.conn.PgConn().PID())
		return err
	}))
	indeterminate(t, "the session", err)
	s.reconnect(t)
	s.compensated(t, "ended before the commit", s.runs(t)-1, false)
	same(t, "ended before the commit", before, quick(t, s.conn))
	s.complete(t)
}
