package crash_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/testenv/crash"
)

// What was committed is there after the server was killed, and what was not is not.
func TestAServerThatWasKilledHasWhatWasCommitted(t *testing.T) {
	s := crash.Start(t)
	dsn := s.Database(t)
	connect := func() *pgx.Conn {
		conn, err := pgx.Connect(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close(t.Context()) })
		return conn
	}
	conn := connect()
	for _, sql := range []string{"CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)", "BEGIN", "INSERT INTO t VALUES (2)"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "COMMIT"); err == nil {
		t.Fatal("a server that is gone committed")
	}
	s.Restart(t)
	var rows []int32
	if err := connect().QueryRow(t.Context(), "SELECT array_agg(a) FROM t").Scan(&rows); err != nil || len(rows) != 1 || rows[0] != 1 {
		t.Fatalf("%v, %v", rows, err)
	}
}
