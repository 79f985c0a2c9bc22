package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/veilschema/veil/internal/demo"
	"github.com/veilschema/veil/internal/postgres"
)

var update = flag.Bool("update", false, "write what scripts compare with anew")

// TestMain lets scripts run this test binary as the program veil.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"veil": main})
}

// TestCommandLine runs the scripts of testdata/script, which are examples of every
// command too. Beside the predefined commands they have:
//
//	exits CODE PROGRAM [ARG...]  runs a program and wants its exit code
//	valid FILE                   a report that keeps to its published schema
//	evidence FILE                writes evidence against a tenant
//	live SQL                     loads a file into a running database: see live_test.go
//	sql STATEMENTS               runs statements in that database and writes the rows
//	outcome FILE                 the JSON of veil provision, with reports that keep to their schema
//	mount SIZE FOLDER            mounts a file system of that size until the script ends
//	nameless FOLDER              no file has a name in it that only the demo's tenant has
//
// When a script ends, its TMPDIR must be empty: no server and no folder stays.
func TestCommandLine(t *testing.T) {
	_, noPostgres := postgres.Find("")
	live := &live{t: t}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			dir, err := temporary()
			if err != nil {
				return err
			}
			env.Setenv("TMPDIR", dir)
			env.Setenv("HOME", env.WorkDir)
			for _, name := range []string{"XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"} {
				env.Setenv(name, filepath.Join(env.WorkDir, strings.ToLower(name)))
			}
			env.Defer(func() {
				if left := leftIn(dir); len(left) > 0 {
					t.Errorf("left behind in TMPDIR: %q", left)
				}
				_ = os.RemoveAll(dir)
			})
			return nil
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "postgres":
				return noPostgres == nil, nil
			case "root":
				return os.Geteuid() == 0, nil
			case "mount":
				return canMount(), nil
			case "tty":
				ptmx, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
				return err == nil && ptmx.Close() == nil, nil
			case "full":
				_, err := os.Stat("/dev/full")
				return err == nil, nil
			}
			return false, errors.New("there is no condition " + name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "valid": valid, "evidence": writeEvidence, "live": live.command, "sql": live.sql, "outcome": outcome, "nameless": nameless, "mount": mount,
		},
	})
}

// temporary makes a folder that a server's user can reach and whose path is short
// enough for a socket.
func temporary() (string, error) {
	parent := "/dev/shm"
	if _, err := os.Stat(parent); err != nil {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "veil-t-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// leftIn waits until a folder is empty, ten seconds at most, and returns what is
// still in it.
func leftIn(dir string) []string {
	var names []string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		names = nil
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if len(names) == 0 {
			return nil
		}
	}
	return names
}

// exits runs a program and wants its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%s: %v", args[1], err)
		}
		code = exit.ExitCode()
	}
	if code != want {
		ts.Fatalf("exit code is %d, want %d", code, want)
	}
}

// nameless wants a folder in whose files no name occurs that only the demo's
// tenant has.
func nameless(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: nameless FOLDER")
	}
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(entries) == 0 {
		ts.Fatalf("%s is empty", args[0])
	}
	tenants := strings.ToLower(string(demo.TenantSQL()))
	for _, name := range demo.TenantOnly() {
		if !strings.Contains(tenants, strings.ToLower(name)) {
			ts.Fatalf("%q is no name of the tenant's, so looking for it shows nothing", name)
		}
		for _, e := range entries {
			if strings.Contains(strings.ToLower(ts.ReadFile(filepath.Join(args[0], e.Name()))), strings.ToLower(name)) {
				ts.Fatalf("%s has the tenant's name %q in it", e.Name(), name)
			}
		}
	}
}
