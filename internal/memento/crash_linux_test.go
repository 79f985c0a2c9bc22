package memento_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/internal/testenv"
)

// Environment variables that make this test binary a child of one of the tests below.
const (
	childState = "MEMENTO_TEST_CHILD_STATE" // state folder to write to until killed
	childLimit = "MEMENTO_TEST_CHILD_LIMIT" // bytes beyond which no file grows
	childDSN   = "MEMENTO_TEST_CHILD_DSN"   // database to change
	childStop  = "MEMENTO_TEST_CHILD_STOP"  // where the child waits to be killed
)

func TestMain(m *testing.M) {
	state := os.Getenv(childState)
	switch {
	case state == "":
		os.Exit(m.Run())
	case os.Getenv(childLimit) != "":
		os.Exit(saveWithinLimit(state))
	case os.Getenv(childDSN) != "":
		os.Exit(applyAndWait(state, os.Getenv(childDSN), os.Getenv(childStop)))
	default:
		os.Exit(saveUntilKilled(state))
	}
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 3
}

var here = memento.Server{SystemID: "1", Database: "d", OID: 1}

// saveUntilKilled saves a run again and again and prints after each save how often it did. A file of changing size comes with each.
func saveUntilKilled(state string) int {
	if _, err := memento.LockDatabase(state, here); err != nil {
		return fail(err)
	}
	j, err := memento.Create(state, time.Now())
	if err != nil {
		return fail(err)
	}
	for n := 0; ; n++ {
		r := memento.Run{Status: memento.StatusApplying, XID: strconv.Itoa(n + 1), Server: here}
		if n == 0 {
			r.Status = memento.StatusPrepared
		}
		r.Undo = []memento.Undo{{Step: strings.Repeat("x", n%7*10_000)}}
		if err := errors.Join(j.Save(r), j.WriteFile("rows"+strconv.Itoa(n), make([]byte, n%3*10_000))); err != nil {
			return fail(err)
		}
		fmt.Println(j.ID(), n)
	}
}

func child(t testing.TB, env ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	return cmd
}

func TestWhatWasSavedOutlivesAKilledProcess(t *testing.T) {
	state := t.TempDir()
	saves := 0
	for round := range 20 {
		id, said := runAndKill(t, state, time.Duration(3+5*round)*time.Millisecond)
		j, err := memento.Open(state, id)
		must(t, err)
		got, err := strconv.Atoi(j.Run().XID)
		must(t, err)
		if got-1 < said || got-1 > said+1 { // it may have saved once more than it came to say
			t.Errorf("round %d: the run is that of save %d, and the child said %d", round, got-1, said)
		}
		for n := range said + 1 {
			if b, err := j.ReadFile("rows" + strconv.Itoa(n)); err != nil || len(b) != n%3*10_000 {
				t.Errorf("round %d: file %d has %d bytes, %v", round, n, len(b), err)
			}
		}
		if lock, err := memento.LockDatabase(state, here); err != nil { // it went with the process
			t.Error(err)
		} else {
			must(t, lock.Release())
		}
		saves += said + 1
	}
	if runs, err := memento.List(state); err != nil || len(runs) != 20 {
		t.Errorf("got %d runs, %v", len(runs), err)
	}
	if saves < 40 {
		t.Fatalf("only %d saves: the test tests nothing", saves)
	}
	t.Logf("%d saves over 20 killed processes", saves)
}

// runAndKill starts a child, kills it with SIGKILL a while after its first save, and returns its run and the last save that it spoke of.
func runAndKill(t *testing.T, state string, after time.Duration) (id string, last int) {
	t.Helper()
	cmd := child(t, childState+"="+state)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	var kill *time.Timer
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if kill == nil {
			if _, err := memento.LockDatabase(state, here); !errors.Is(err, memento.ErrLocked) {
				t.Errorf("while another process has the lock: got %v, want ErrLocked", err)
			}
			kill = time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
			defer kill.Stop()
		}
		_, err := fmt.Sscan(lines.Text(), &id, &last)
		must(t, err)
	}
	waitKilled(t, cmd)
	return id, last
}

func waitKilled(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended with %v, want it killed", err)
	}
}

// saveWithinLimit saves a run until the file may not grow, and exits with 0 if the save before stands and later ones go on.
func saveWithinLimit(state string) int {
	signal.Ignore(syscall.SIGXFSZ)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 2000, Max: 2000}); err != nil {
		return fail(err)
	}
	j, err := memento.Create(state, time.Now())
	if err == nil {
		err = j.Save(memento.Run{Status: memento.StatusPrepared, Schemas: []string{"kept"}})
	}
	if err != nil {
		return fail(err)
	}
	if err := j.Save(memento.Run{Status: memento.StatusPrepared, Schemas: []string{strings.Repeat("x", 3000)}}); !errors.Is(err, unix.EFBIG) {
		return fail(fmt.Errorf("got %w, want EFBIG", err))
	}
	if err := j.WriteFile("rows", make([]byte, 3000)); !errors.Is(err, unix.EFBIG) {
		return fail(fmt.Errorf("got %w, want EFBIG", err))
	}
	again, err := memento.Open(state, j.ID())
	if err != nil || again.Run().Schemas[0] != "kept" {
		return fail(fmt.Errorf("got %+v, %w", again, err))
	}
	entries, err := os.ReadDir(j.Dir())
	if err != nil || len(entries) != 1 {
		return fail(fmt.Errorf("the folder holds %v, %w", entries, err))
	}
	if err := j.Save(memento.Run{Status: memento.StatusCompensated}); err != nil {
		return fail(err)
	}
	return 0
}

func TestAFullDiskLeavesTheSaveBefore(t *testing.T) {
	if out, err := child(t, childState+"="+t.TempDir(), childLimit+"=1").Output(); err != nil {
		t.Fatalf("got %v (%s)", err, out)
	}
}

func TestAFullFileSystemLeavesTheSaveBefore(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("a file system of 256 kB cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { must(t, unix.Unmount(dir, 0)) })
	j := create(t, dir)
	must(t, j.Save(memento.Run{Status: memento.StatusPrepared}))
	if err := j.WriteFile("rows", make([]byte, 1<<20)); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("got %v, want ENOSPC", err)
	}
	holds(t, j.Dir(), "run.json")
	must(t, os.WriteFile(filepath.Join(dir, "fill"), make([]byte, 190<<10), 0o600))
	if err := j.Save(memento.Run{Status: memento.StatusPrepared, Schemas: []string{strings.Repeat("x", 80<<10)}}); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("got %v, want ENOSPC", err)
	}
	if again, err := memento.Open(dir, j.ID()); err != nil || again.Run().Schemas != nil {
		t.Errorf("got %v", err)
	}
	must(t, j.Save(memento.Run{Status: memento.StatusCompensated}))
	holds(t, j.Dir(), "run.json")
	e, err := memento.EstimateSpace(t.Context(), connect(t, testenv.Postgres(t)), dir, memento.Work{})
	if err != nil || e.State.Free > 256<<10 || e.State.Path != dir {
		t.Errorf("got %+v, %v", e, err)
	}
}
