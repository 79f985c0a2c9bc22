package sessionlog_test

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

	"github.com/veilschema/veil/internal/sessionlog"
)

// Environment variables that make this test binary a child of one of the tests below.
const (
	childPath  = "SESSIONLOG_TEST_CHILD_PATH"  // log to write until killed
	childFirst = "SESSIONLOG_TEST_CHILD_FIRST" // number of its first session
	childLimit = "SESSIONLOG_TEST_CHILD_LIMIT" // bytes beyond which no file grows
)

func TestMain(m *testing.M) {
	path := os.Getenv(childPath)
	switch {
	case path == "":
		os.Exit(m.Run())
	case os.Getenv(childLimit) != "":
		os.Exit(fillWithinLimit(path))
	default:
		os.Exit(writeUntilKilled(path))
	}
}

// writeUntilKilled prints the number of each session after it was recorded.
func writeUntilKilled(path string) int {
	first, err := strconv.ParseUint(os.Getenv(childFirst), 10, 32)
	if err != nil {
		return 3
	}
	l, err := sessionlog.Open(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 4
	}
	for n := uint32(first); ; n++ {
		if err := l.MarkSession(hash(n)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 5
		}
		fmt.Println(n)
		if err := l.RecordResponse(hash(n), hash(n+1)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 6
		}
		fmt.Println(n)
	}
}

func child(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	return cmd
}

func TestWhatWasRecordedOutlivesAKilledProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.log")
	said := map[uint32]int{} // records that children said they made: 1 the session, 2 its response too
	next := uint32(0)
	for round := range 20 {
		killed := runAndKill(t, path, next, time.Duration(5+7*round)*time.Millisecond)
		for n, records := range killed {
			said[n] = max(said[n], records)
			next = max(next, n)
		}
		next += 2 // the child may have recorded one session more than it came to say
		l := open(t, path)
		for n, records := range said {
			_, begun, answered := l.Response(hash(n))
			if !begun || (records > 1 && !answered) {
				t.Fatalf("round %d: session %d is forgotten (begun %v, answered %v)", round, n, begun, answered)
			}
			if err := l.MarkSession(hash(n)); !errors.Is(err, sessionlog.ErrSessionUsed) {
				t.Fatalf("round %d: session %d was begun twice: %v", round, n, err)
			}
		}
		must(t, l.Close())
	}
	if len(said) < 20 {
		t.Fatalf("only %d sessions were recorded: the test tests nothing", len(said))
	}
	t.Logf("%d sessions over 20 killed processes", len(said))
}

// runAndKill starts a child, kills it with SIGKILL after a while, and returns how many records of each session it said
// that it had made.
func runAndKill(t *testing.T, path string, first uint32, after time.Duration) map[uint32]int {
	t.Helper()
	cmd := child(t, childPath+"="+path, childFirst+"="+strconv.Itoa(int(first)))
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	said := map[uint32]int{}
	lines := bufio.NewScanner(out)
	var kill *time.Timer
	for lines.Scan() {
		if kill == nil { // count from its first record, however slow the start is
			kill = time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
			defer kill.Stop()
		}
		n, err := strconv.ParseUint(strings.TrimSpace(lines.Text()), 10, 32)
		must(t, err)
		said[uint32(n)]++
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended with %v, want it killed", err)
	}
	return said
}

// fillWithinLimit records sessions until the file may not grow, in the middle of the third record, and
// exits with 0 if that failed as it should and no session of the failed ones is on record.
func fillWithinLimit(path string) int {
	limit := uint64(2*sessionlog.RecordSize + 50)
	signal.Ignore(syscall.SIGXFSZ)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
		return 3
	}
	l, err := sessionlog.Open(path)
	if err != nil {
		return 4
	}
	for n := range uint32(2) {
		if err := l.MarkSession(hash(n)); err != nil {
			return 5
		}
	}
	for range 2 { // it is refused, forgotten, and refused again
		if err := l.MarkSession(hash(2)); !errors.Is(err, unix.EFBIG) {
			return 6
		}
		if _, begun, _ := l.Response(hash(2)); begun {
			return 7
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() != 2*sessionlog.RecordSize {
		return 8
	}
	return 0
}

func TestAFullDiskRecordsNothingAndSpoilsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.log")
	if out, err := child(t, childPath+"="+path, childLimit+"=1").Output(); err != nil {
		t.Fatalf("got %v (%s)", err, out)
	}
	l := open(t, path)
	if l.Dropped() != 0 {
		t.Errorf("%d bytes of the refused record stayed", l.Dropped())
	}
	must(t, l.MarkSession(hash(2)))
}

func TestADiskThatIsFullInTheMiddleOfARecord(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=8k"); err != nil {
		t.Skipf("a file system of 8 kB cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Errorf("the file system of the test stays mounted at %s: %v", dir, err)
		}
	})
	path := filepath.Join(dir, "sessions.log")
	l := open(t, path)
	var full error
	done := uint32(0)
	for ; full == nil && done < 1000; done++ {
		full = l.MarkSession(hash(done))
	}
	if !errors.Is(full, unix.ENOSPC) {
		t.Fatalf("got %v after %d records, want ENOSPC", full, done)
	}
	must(t, l.Close())
	l = open(t, path)
	for n := range done {
		if _, begun, _ := l.Response(hash(n)); begun != (n < done-1) {
			t.Errorf("session %d of %d: got begun %v", n, done, begun)
		}
	}
	must(t, l.Close())
}
