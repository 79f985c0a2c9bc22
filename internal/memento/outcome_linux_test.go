package memento_test

import (
	"bufio"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/internal/testenv"
)

// applyAndWait does what an executor does and waits to be killed at the point stop, saying so.
func applyAndWait(state, dsn, stop string) int {
	ctx := context.Background()
	at := func(point string) {
		if point == stop {
			fmt.Println(point)
			select {}
		}
	}
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fail(err)
	}
	j, err := memento.Create(state, time.Now())
	if err != nil {
		return fail(err)
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return apply(ctx, tx, j, at) })
	if err != nil {
		return fail(err)
	}
	at("committed")
	return 0
}

// apply drops a column, with everything recorded.
func apply(ctx context.Context, tx pgx.Tx, j *memento.Journal, at func(string)) error {
	of := memento.Table{Schema: "public", Name: "t", Columns: []memento.Column{{Name: "id"}, {Name: "a"}}}
	server, err := memento.Identify(ctx, tx)
	if err != nil {
		return err
	}
	before, err := memento.Structure(ctx, tx, []string{"public"})
	if err != nil {
		return err
	}
	sum, err := memento.Checksum(ctx, tx, of)
	if err != nil {
		return err
	}
	if err := j.WriteFile(memento.StructureFile, before); err != nil {
		return err
	}
	f, err := j.CreateFile("t.rows")
	if err != nil {
		return err
	}
	if _, err := memento.Backup(ctx, tx, of, f); err != nil {
		return err
	}
	if err := f.Commit(); err != nil {
		return err
	}
	r := memento.Run{
		Status: memento.StatusPrepared, Server: server, Schemas: []string{"public"}, Structure: memento.Digest(before),
		Tables: []memento.TableState{{Table: of, Sum: sum, Backup: "t.rows", BackupTable: of, Restore: []string{"a"}, Key: []string{"id"}}},
	}
	if err := j.Save(r); err != nil {
		return err
	}
	at("prepared")
	if r.XID, err = memento.TransactionID(ctx, tx); err != nil {
		return err
	}
	r.Status = memento.StatusApplying
	if err := j.Save(r); err != nil {
		return err
	}
	at("applying")
	if _, err := tx.Exec(ctx, `ALTER TABLE t DROP a`); err != nil {
		return err
	}
	at("changed")
	r.Undo = []memento.Undo{{Step: "drop a", Statements: []string{`ALTER TABLE public.t ADD a text`}}}
	after, err := memento.Structure(ctx, tx, []string{"public"})
	if err != nil {
		return err
	}
	r.StructureAfter = memento.Digest(after)
	if err := j.Save(r); err != nil {
		return err
	}
	at("recorded")
	return nil
}

// tried is the table that apply changes.
const tried = `CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t SELECT n, 'a' || n FROM generate_series(1, 1000) n`

func dsn(conn *pgx.Conn) string {
	c := conn.Config()
	return "host=" + c.Host + " port=" + strconv.Itoa(int(c.Port)) + " user=" + c.User + " password=" + c.Password + " dbname=" + c.Database
}

func TestWhatBecameOfARunIsKnownAfterItsProcessWasKilled(t *testing.T) {
	for _, server := range testenv.PostgresVersionsIfLong(t) {
		conn := connect(t, server)
		execute(t, conn, tried)
		for _, test := range []struct {
			stop   string
			status memento.Status
			want   memento.Result
		}{
			{"prepared", memento.StatusPrepared, memento.ResultUnknown}, // it has no transaction: nothing was changed
			{"applying", memento.StatusApplying, memento.ResultAborted},
			{"changed", memento.StatusApplying, memento.ResultAborted},
			{"recorded", memento.StatusApplying, memento.ResultAborted},
			{"committed", memento.StatusApplying, memento.ResultCommitted}, // last, for it changes the table
		} {
			state := t.TempDir()
			cmd := child(t, childState+"="+state, childDSN+"="+dsn(conn), childStop+"="+test.stop)
			runTo(t, cmd, test.stop)
			runs, err := memento.List(state)
			if err != nil || len(runs) != 1 || runs[0].Status != test.status {
				t.Fatalf("%s: got %+v, %v", test.stop, runs, err)
			}
			inProgress := test.stop == "applying" || test.stop == "changed" || test.stop == "recorded"
			if got := outcome(t, conn, runs[0]); inProgress != (got == memento.ResultInProgress) {
				t.Errorf("PostgreSQL %d, %s: while the process waits, got %s", server.Major(), test.stop, got)
			}
			must(t, cmd.Process.Kill())
			waitKilled(t, cmd)
			if got := settled(t, conn, runs[0]); got != test.want {
				t.Errorf("PostgreSQL %d, %s: got %s, want %s", server.Major(), test.stop, got, test.want)
			}
			if test.want == memento.ResultCommitted {
				bringBack(t, conn, state, runs[0])
			}
		}
	}
}

func runTo(t testing.TB, cmd *exec.Cmd, stop string) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != stop+"\n" {
		t.Fatalf("the child said %q, %v, want %q", line, err, stop)
	}
}

func outcome(t testing.TB, conn *pgx.Conn, r memento.Run) memento.Result {
	t.Helper()
	got, err := memento.Outcome(t.Context(), conn, r)
	must(t, err)
	return got
}

// settled asks until the server has noticed that the client is gone.
func settled(t testing.TB, conn *pgx.Conn, r memento.Run) memento.Result {
	t.Helper()
	for range 200 {
		if got := outcome(t, conn, r); got != memento.ResultInProgress {
			return got
		}
		time.Sleep(50 * time.Millisecond)
	}
	return memento.ResultInProgress
}

// bringBack undoes a committed run from nothing but its folder.
func bringBack(t testing.TB, conn *pgx.Conn, state string, r memento.Run) {
	t.Helper()
	j, err := memento.Open(state, r.ID)
	must(t, err)
	r.Status = memento.StatusCompleted
	must(t, j.Save(r))
	tx, err := conn.Begin(t.Context())
	must(t, err)
	for _, step := range r.Undo {
		for _, sql := range step.Statements {
			execute(t, conn, sql)
		}
	}
	f, err := j.OpenFile(r.Tables[0].Backup)
	must(t, err)
	_, err = memento.Restore(t.Context(), tx, r.Tables[0].BackupTable, r.Tables[0].Restore, r.Tables[0].Key, f)
	must(t, err)
	before, err := j.StructureBefore()
	must(t, err)
	after, err := memento.Structure(t.Context(), tx, r.Schemas)
	must(t, err)
	same(t, "after all was undone", before, after)
	if sum := checksum(t, tx, r.Tables[0].Table); sum != r.Tables[0].Sum {
		t.Errorf("the rows are %+v, want %+v", sum, r.Tables[0].Sum)
	}
	must(t, tx.Commit(t.Context()))
}

func TestTheServerIsNotBelievedAgainstTheRecord(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `CREATE TABLE t (a int)`)
	server, err := memento.Identify(t.Context(), conn)
	must(t, err)
	if server.SystemID == "" || server.OID == 0 || server.Database != conn.Config().Database {
		t.Errorf("got %+v", server)
	}
	now := memento.Digest(structureOf(t, conn))
	var committed, aborted string
	must(t, conn.QueryRow(t.Context(), `SELECT pg_current_xact_id()::text`).Scan(&committed))
	tx, err := conn.Begin(t.Context())
	must(t, err)
	aborted, err = memento.TransactionID(t.Context(), tx)
	must(t, err)
	r := memento.Run{Status: memento.StatusApplying, Server: server, Schemas: []string{"public"}, XID: aborted, Structure: "before", StructureAfter: "after"}
	if got, err := memento.Outcome(t.Context(), tx, r); err != nil || got != memento.ResultInProgress {
		t.Errorf("one's own: got %s, %v", got, err)
	}
	must(t, tx.Rollback(t.Context()))
	for what, test := range map[string]struct {
		change func(*memento.Run)
		want   memento.Result
	}{
		"aborted":                             {func(*memento.Run) {}, memento.ResultAborted},
		"committed":                           {func(r *memento.Run) { r.XID = committed }, memento.ResultCommitted},
		"no transaction":                      {func(r *memento.Run) { r.XID = "" }, memento.ResultUnknown},
		"a transaction to come":               {func(r *memento.Run) { r.XID = "99999999" }, memento.ResultUnknown},
		"a transaction long forgotten":        {func(r *memento.Run) { r.XID = "0" }, memento.ResultUnknown},
		"another server":                      {func(r *memento.Run) { r.Server.SystemID = "1" }, memento.ResultUnknown},
		"another database":                    {func(r *memento.Run) { r.Server.OID++ }, memento.ResultUnknown},
		"a database of another name":          {func(r *memento.Run) { r.Server.Database = "x" }, memento.ResultUnknown},
		"a server that did not say who it is": {func(r *memento.Run) { r.Server.SystemID = "" }, memento.ResultUnknown},
		"another's id, before the end":        {func(r *memento.Run) { r.XID, r.StructureAfter = committed, "" }, memento.ResultAborted},
		"another's id, at the end":            {func(r *memento.Run) { r.XID, r.Structure = committed, now }, memento.ResultAborted},
		"another's id, rolling back": {func(r *memento.Run) {
			r.XID, r.StructureAfter, r.Status = committed, now, memento.StatusRollingBack
		}, memento.ResultAborted},
		"a change of rows alone":      {func(r *memento.Run) { r.XID, r.Structure, r.StructureAfter = committed, now, now }, memento.ResultCommitted},
		"a rollback that was done":    {func(r *memento.Run) { r.XID, r.Structure, r.Status = committed, now, memento.StatusRollingBack }, memento.ResultCommitted},
		"a schema that it took along": {func(r *memento.Run) { r.XID, r.Schemas = committed, []string{"gone"} }, memento.ResultCommitted},
	} {
		r := r
		test.change(&r)
		if got := outcome(t, conn, r); got != test.want {
			t.Errorf("%s: got %s, want %s", what, got, test.want)
		}
	}
}

func structureOf(t testing.TB, conn *pgx.Conn) []byte {
	t.Helper()
	b, err := memento.Structure(t.Context(), conn, []string{"public"})
	must(t, err)
	return b
}
