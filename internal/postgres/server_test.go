package postgres_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
)

// helperVariable makes the test binary start a server in the folder it names and wait for its
// own death.
const helperVariable = "VEIL_TEST_SERVER_IN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperVariable); dir != "" {
		os.Exit(helper(dir))
	}
	if dir := os.Getenv(instanceVariable); dir != "" {
		os.Exit(writeUntilKilled(dir))
	}
	goleak.VerifyTestMain(stopper{m})
}

// stopper ends the shared servers after the tests, before goroutines are counted.
type stopper struct{ m *testing.M }

func (s stopper) Run() int {
	code := s.m.Run()
	if template.dir != "" {
		_ = os.RemoveAll(template.dir)
	}
	if err := testenv.Stop(); err != nil {
		println(err.Error())
		return 1
	}
	return code
}

func helper(dir string) int {
	if _, err := postgres.Start(context.Background(), postgres.Options{Dir: dir}); err != nil {
		println(err.Error())
		return 1
	}
	_, _ = os.Stdout.WriteString("ready\n")
	time.Sleep(time.Minute)
	return 0
}

// openDir is a temporary folder that every user of the machine can reach and write to. Its path
// is short, as a socket's has to be.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "veil-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// startHelper runs a process with a server in dir and waits until the server answers.
func startHelper(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	testenv.Postgres(t) // skips where there is none
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperVariable+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	buf := make([]byte, 16)
	if n, err := out.Read(buf); err != nil || string(buf[:n]) != "ready\n" {
		t.Fatalf("the helper said %q, %v", buf[:n], err)
	}
	return cmd
}

// postmasters are the processes whose working folder is in dir.
func postmasters(t *testing.T, dir string) []int {
	t.Helper()
	list, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, path := range list {
		line, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(line), dir) || strings.Contains(string(line), "janitor") {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// eventually waits up to 15 s for a condition.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if f() {
			return
		}
	}
	t.Errorf("not within 15 s: %s", what)
}

func entries(t *testing.T, dir string) []fs.DirEntry {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestNothingIsLeftWhenTheProcessIsKilled(t *testing.T) {
	for name, sig := range map[string]os.Signal{"kill -9": os.Kill, "Ctrl-C": os.Interrupt, "SIGTERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			dir := openDir(t)
			cmd := startHelper(t, dir)
			if len(entries(t, dir)) != 1 || len(postmasters(t, dir)) == 0 {
				t.Fatal("the helper's server is not where it should be")
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			eventually(t, "the server ends", func() bool { return len(postmasters(t, dir)) == 0 })
			eventually(t, "the folder goes", func() bool { return len(entries(t, dir)) == 0 })
		})
	}
}

func TestTheNextStartSweepsWhatACrashLeft(t *testing.T) {
	dir := openDir(t)
	cmd := startHelper(t, dir)
	left := filepath.Join(dir, entries(t, dir)[0].Name())
	killJanitor(t, left)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	eventually(t, "the server ends", func() bool { return len(postmasters(t, dir)) == 0 })
	if _, err := os.Stat(left); err != nil {
		t.Fatalf("the folder should still be there: %v", err)
	}
	s, err := postgres.Start(t.Context(), postgres.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

// killJanitor ends the shell that waits to remove the folder.
func killJanitor(t *testing.T, folder string) {
	t.Helper()
	list, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range list {
		line, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(line), "veil-janitor\x00"+folder) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("no janitor was found")
}

func TestALivingServerIsNotSwept(t *testing.T) {
	dir := openDir(t)
	testenv.Postgres(t)
	var folders []string
	for range 2 {
		s, err := postgres.Start(t.Context(), postgres.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		folders = append(folders, entries(t, dir)[len(folders)].Name())
		testenv.Scratch(t, s)
	}
	if n := len(entries(t, dir)); n != 2 {
		t.Errorf("%d folders, want 2 (%v)", n, folders)
	}
}

func TestCloseLeavesNothingAndMayBeRepeated(t *testing.T) {
	dir := openDir(t)
	testenv.Postgres(t)
	s, err := postgres.Start(t.Context(), postgres.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.Scratch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := d.Close(t.Context()); err == nil {
		t.Error("a scratch database of a closed server was dropped")
	}
	if _, err := s.Scratch(t.Context()); err == nil {
		t.Error("a closed server made a scratch database")
	}
	if n := len(entries(t, dir)); n != 0 || len(postmasters(t, dir)) != 0 {
		t.Errorf("%d folders are left", n)
	}
}

func TestAStartThatIsCancelledLeavesNothing(t *testing.T) {
	testenv.Postgres(t)
	for _, after := range []time.Duration{0, 50 * time.Millisecond, 300 * time.Millisecond} {
		dir := openDir(t)
		ctx, cancel := context.WithTimeout(t.Context(), after)
		s, err := postgres.Start(ctx, postgres.Options{Dir: dir})
		cancel()
		if err == nil {
			_ = s.Close()
			continue // a fast machine
		}
		if n := len(entries(t, dir)); n != 0 || len(postmasters(t, dir)) != 0 {
			t.Errorf("after %s: %d folders are left", after, n)
		}
	}
}

func TestTheSocketIsOutOfReachForOthers(t *testing.T) {
	dir := openDir(t)
	testenv.Postgres(t)
	s, err := postgres.Start(t.Context(), postgres.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, sub := range []string{"run", "data"} {
		info, err := os.Stat(filepath.Join(dir, entries(t, dir)[0].Name(), sub))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %o", sub, info.Mode().Perm())
		}
	}
}

func TestTheEnvironmentDoesNotMatter(t *testing.T) {
	testenv.Postgres(t)
	for k, v := range map[string]string{
		"PGHOST": "192.0.2.1", "PGPORT": "1", "PGUSER": "x", "PGPASSWORD": "x", "PGDATABASE": "x", "PGSSLMODE": "verify-full",
		"PGDATA": "/nowhere", "PGOPTIONS": "-c work_mem=1", "PGTZ": "Mars", "LC_ALL": "tlh_KX",
	} {
		t.Setenv(k, v)
	}
	testenv.Scratch(t, small(t, postgres.Limits{}))
}

func TestAServiceThatIsNotThereIsSaidAtOnce(t *testing.T) {
	testenv.Postgres(t)
	t.Setenv("PGSERVICE", "nothing")
	_, err := postgres.Start(t.Context(), postgres.Options{})
	if err == nil || !strings.Contains(err.Error(), "PG") || !strings.Contains(err.Error(), "unset") {
		t.Errorf("got %v", err)
	}
}

func TestALongPathIsSaidAtOnce(t *testing.T) {
	testenv.Postgres(t)
	_, err := postgres.Start(t.Context(), postgres.Options{Dir: filepath.Join(openDir(t), strings.Repeat("x", 90))})
	if err == nil || !strings.Contains(err.Error(), "choose a shorter one") {
		t.Errorf("got %v", err)
	}
}

func TestBinariesThatCannotBeUsedAreNamed(t *testing.T) {
	old := openDir(t)
	script := "#!/bin/sh\necho 'postgres (PostgreSQL) 14.2'\n"
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(old, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for dir, want := range map[string]string{
		t.TempDir(): "has no postgres",
		old:         "PostgreSQL 14.2; 15 or newer is needed",
	} {
		_, err := postgres.Find(dir)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestRootDropsToTheUserThatWasAskedFor(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root changes users")
	}
	testenv.Postgres(t)
	s, err := postgres.Start(t.Context(), postgres.Options{User: "nobody"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, user := range []string{"root", "no-such-user"} {
		if _, err := postgres.Start(t.Context(), postgres.Options{User: user}); err == nil || !strings.Contains(err.Error(), "useradd") {
			t.Errorf("as %s: got %v", user, err)
		}
	}
	closed := t.TempDir() // 0700, root's
	if _, err := postgres.Start(t.Context(), postgres.Options{Dir: closed}); err == nil || !strings.Contains(err.Error(), "may not enter") {
		t.Errorf("in a closed folder: got %v", err)
	}
}
