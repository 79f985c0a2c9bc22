package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
)

// A run that is ended while it waits for a lock has changed nothing, and the next one completes, whatever ended the first.
func TestASignalEndsAProvisioningThatWaitsAndTheNextOneCompletes(t *testing.T) {
	for name, signal := range map[string]syscall.Signal{"Ctrl-C": syscall.SIGINT, "kill -9": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			scratch := testenv.Scratch(t, testenv.Postgres(t))
			if _, err := scratch.Load(t.Context(), "ours.sql", []byte("CREATE TABLE person (id bigint PRIMARY KEY)"), postgres.LoadOptions{}); err != nil {
				t.Fatal(err)
			}
			reader := session(t, scratch)
			tx, err := reader.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(t.Context(), "LOCK TABLE person IN ACCESS SHARE MODE"); err != nil {
				t.Fatal(err)
			}
			var stderr bytes.Buffer
			home, temp := t.TempDir(), sharedTemporary(t)
			first := provisioning(t, scratch, home, temp)
			first.Stderr = &stderr
			if err := first.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = first.Process.Kill() })
			watcher := session(t, scratch)
			eventually(t, "it waits for the lock", func() bool {
				var waits bool
				err := watcher.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'veil' AND query LIKE 'LOCK TABLE%' AND wait_event_type = 'Lock')").Scan(&waits)
				return err == nil && waits
			})
			if err := first.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			_ = first.Wait() // the exit code says it
			if code := first.ProcessState.ExitCode(); signal == syscall.SIGINT && code != exitInterrupted {
				t.Errorf("exit code is %d, want %d; it said %s", code, exitInterrupted, &stderr)
			}
			if got := columns(t, watcher); got != 1 {
				t.Errorf("the table has %d columns, want 1", got)
			}
			if err := tx.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			if out, err := provisioning(t, scratch, home, temp).CombinedOutput(); err != nil {
				t.Errorf("the next run: %v, %s", err, out)
			}
			if got := columns(t, watcher); got != 2 {
				t.Errorf("after the next run the table has %d columns, want 2", got)
			}
			if left := leftIn(temp); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// provisioning is veil provision as a process, which adds a column.
func provisioning(t *testing.T, scratch *postgres.Scratch, home, temp string) *exec.Cmd {
	t.Helper()
	template := filepath.Join(t.TempDir(), "standard.sql")
	if err := os.WriteFile(template, []byte("CREATE TABLE person (id bigint PRIMARY KEY, born date)"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := session(t, scratch).Config()
	dsn := fmt.Sprintf("host='%s' port=%d user=%s dbname=%s", c.Host, c.Port, c.User, c.Database)
	veil := exec.Command("veil", "provision", "--template-ddl", template, "--dsn", dsn)
	veil.Env = append(os.Environ(), "TMPDIR="+temp, "HOME="+home, "PGPASSWORD="+c.Password)
	return veil
}

func session(t *testing.T, scratch *postgres.Scratch) *pgx.Conn {
	t.Helper()
	conn, err := scratch.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func columns(t *testing.T, conn *pgx.Conn) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM information_schema.columns WHERE table_name = 'person'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
