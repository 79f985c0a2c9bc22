package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/veilschema/veil/internal/postgres"
)

// slowDDL keeps the private server at work until somebody ends it.
const slowDDL = `CREATE TABLE t (id int);
DO $$ BEGIN PERFORM pg_sleep(25); END $$;
`

// A check that is interrupted while its server works ends at once and leaves no
// process and no folder behind; one that is killed leaves none either, though
// nothing of it runs any more to see to that.
func TestASignalEndsACheckAndLeavesNothingBehind(t *testing.T) {
	if _, err := postgres.Find(""); errors.Is(err, postgres.ErrNoBinaries) {
		t.Skip(err)
	}
	for _, c := range []struct {
		name   string
		signal syscall.Signal
		code   int // -1 where the signal itself ends the process
		says   string
	}{
		{"Ctrl-C", syscall.SIGINT, exitInterrupted, "veil: interrupted; no server and no temporary file is left\n"},
		{"SIGTERM", syscall.SIGTERM, exitInterrupted, "veil: interrupted; no server and no temporary file is left\n"},
		{"kill -9", syscall.SIGKILL, -1, ""},
	} {
		for phase, ready := range map[string]func(dir string) bool{
			"while the server starts": hasWorkdir,
			"while DDL loads":         loads,
		} {
			t.Run(c.name+" "+phase, func(t *testing.T) {
				t.Parallel()
				dir := sharedTemporary(t)
				var stdout, stderr bytes.Buffer
				veil := startSlowCheck(t, dir, &stdout, &stderr)
				eventually(t, "the check "+phase, func() bool { return ready(dir) })
				if err := veil.Process.Signal(c.signal); err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				_ = veil.Wait() // the exit code says it
				if took := time.Since(start); took > 5*time.Second {
					t.Errorf("it took %s to end", took)
				}
				if code := veil.ProcessState.ExitCode(); code != c.code {
					t.Errorf("exit code is %d, want %d", code, c.code)
				}
				if stdout.Len() > 0 || stderr.String() != c.says {
					t.Errorf("it said %q and %q, want %q on stderr", stdout.String(), stderr.String(), c.says)
				}
				if c.code >= 0 { // it saw to that itself, before it ended
					if left := entries(dir); len(left) > 0 {
						t.Errorf("left behind: %q", left)
					}
				}
				if left := leftIn(dir); len(left) > 0 {
					t.Errorf("left behind after ten seconds: %q", left)
				}
				eventually(t, "all processes ended", func() bool { return len(processesIn(dir)) == 0 })
			})
		}
	}
}

// sharedTemporary is a folder for servers that is removed with the test.
func sharedTemporary(t *testing.T) string {
	t.Helper()
	dir, err := temporary()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// startSlowCheck starts veil as a process whose servers live in dir.
func startSlowCheck(t *testing.T, dir string, stdout, stderr *bytes.Buffer) *exec.Cmd {
	t.Helper()
	slow := filepath.Join(t.TempDir(), "slow.sql")
	if err := os.WriteFile(slow, []byte(slowDDL), 0o600); err != nil {
		t.Fatal(err)
	}
	veil := exec.Command("veil", "check", "--template-ddl", slow, "--ddl", slow)
	veil.Env = append(os.Environ(), "TMPDIR="+dir, "HOME="+t.TempDir())
	veil.Stdout, veil.Stderr = stdout, stderr
	if err := veil.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = veil.Process.Kill() })
	return veil
}

// hasWorkdir says whether a server's folder is made.
func hasWorkdir(dir string) bool {
	found, _ := filepath.Glob(filepath.Join(dir, "veil-pg-*", "data"))
	return len(found) > 0
}

// loads says whether the server in dir has the session that loads DDL, beside the
// administrator's and the server's own three processes.
func loads(dir string) bool {
	sessions := 0
	for _, p := range processesIn(dir) {
		if strings.HasPrefix(p, "postgres: ") {
			sessions++
		}
	}
	return sessions >= 5
}

// processesIn lists the processes that work in the folder or have it in their
// arguments, by their command lines.
func processesIn(dir string) []string {
	var list []string
	files, _ := filepath.Glob("/proc/[0-9]*")
	for _, file := range files {
		line, _ := os.ReadFile(filepath.Join(file, "cmdline"))
		cwd, _ := os.Readlink(filepath.Join(file, "cwd"))
		if bytes.Contains(line, []byte(dir+"/")) || strings.HasPrefix(cwd, dir+"/") {
			list = append(list, string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return list
}

func entries(dir string) []string {
	var names []string
	list, _ := os.ReadDir(dir)
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// eventually waits for a condition, at most twenty seconds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
