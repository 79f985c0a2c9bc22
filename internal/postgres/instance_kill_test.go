package postgres_test

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/postgres"
)

// instanceVariable makes the test binary open the instance in the folder it names and commit
// rows until it is killed.
const instanceVariable = "VEIL_TEST_INSTANCE_IN"

const endless = "SELECT count(*) FROM generate_series(1, 1000000000000) a, generate_series(1, 1000) b"

// writeUntilKilled prints each row's number after its commit.
func writeUntilKilled(dir string) int {
	ctx := context.Background()
	i, err := postgres.OpenInstance(ctx, postgres.InstanceOptions{Dir: dir})
	if err != nil {
		println(err.Error())
		return 1
	}
	c, err := pgx.Connect(ctx, i.OwnerDSN())
	if err == nil {
		_, err = c.Exec(ctx, "CREATE TABLE IF NOT EXISTS written (n int PRIMARY KEY)")
	}
	for n := 1; err == nil; n++ {
		if _, err = c.Exec(ctx, "INSERT INTO written SELECT coalesce(max(n), 0) + 1 FROM written"); err == nil {
			fmt.Println(n)
		}
	}
	println(err.Error())
	return 1
}

// startWriter runs a process that writes to the instance in dir, and waits for some rows.
func startWriter(t *testing.T, dir string, rows int) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), instanceVariable+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	for range rows {
		if !lines.Scan() {
			_ = cmd.Wait()
			t.Fatalf("the writer ended: %s", said.String())
		}
	}
	return cmd, lines
}

// acknowledged reads what the writer still said, and is the number of its last row.
func acknowledged(t *testing.T, cmd *exec.Cmd, lines *bufio.Scanner) int {
	t.Helper()
	last := lines.Text()
	for lines.Scan() {
		last = lines.Text()
	}
	_ = cmd.Wait()
	n, err := strconv.Atoi(last)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// postmasterOf reads the server's process id.
func postmasterOf(t *testing.T, dir string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// serversIn are the PostgreSQL processes, children included, that work in the instance's data.
func serversIn(t *testing.T, dir string) []int {
	t.Helper()
	list, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, path := range list {
		if cwd, err := os.Readlink(path); err != nil || cwd != filepath.Join(dir, "data") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// busy starts the statement on a connection of its own and waits until its process works.
func busy(t *testing.T, c *pgx.Conn, sql string) (pid int) {
	t.Helper()
	pid = int(c.PgConn().PID())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = c.Exec(context.WithoutCancel(t.Context()), sql) // ends with its server
	}()
	t.Cleanup(func() { <-done })
	return pid
}

// killBackend ends the session's process while it runs the statement.
func killBackend(t *testing.T, c *pgx.Conn, sql string) {
	t.Helper()
	watcher := dial(t, c.Config().ConnString())
	pid := busy(t, c, sql)
	eventually(t, "the statement runs", func() bool {
		return count(t, watcher, fmt.Sprintf("SELECT count(*) FROM pg_stat_activity WHERE pid = %d AND state = 'active'", pid)) == 1
	})
	kill(t, pid)
}

func giveTo(t *testing.T, path string, like fs.FileInfo) {
	t.Helper()
	st := like.Sys().(*syscall.Stat_t)
	if err := os.Chown(path, int(st.Uid), int(st.Gid)); err != nil {
		t.Fatal(err)
	}
}

func TestAPostgresThatIsKilledComesBackWithAllThatWasCommitted(t *testing.T) {
	dir := usedDir(t)
	i := openInstance(t, postgres.InstanceOptions{Dir: dir})
	run(t, dial(t, i.OwnerDSN()), "CREATE TABLE written (n int)")
	committed := 0
	for round := range 3 {
		old := postmasterOf(t, dir)
		c := dial(t, i.OwnerDSN())
		for range 20 {
			run(t, c, fmt.Sprintf("INSERT INTO written VALUES (%d)", round))
			committed++
		}
		if round == 1 { // a process that does not look up from its work outlives its postmaster
			busy(t, dial(t, i.OwnerDSN()), endless)
		}
		kill(t, old)
		var n int
		eventually(t, "the rows can be read", func() bool {
			c, err := pgx.Connect(t.Context(), i.OwnerDSN())
			if err != nil {
				if !lostConnection(err) {
					t.Fatal(err)
				}
				return false
			}
			defer c.Close(t.Context())
			return c.QueryRow(t.Context(), "SELECT count(*) FROM written").Scan(&n) == nil && postmasterOf(t, dir) != old
		})
		if n != committed {
			t.Fatalf("round %d: got %d rows, want %d", round, n, committed)
		}
	}
	if err := i.Err(); err != nil {
		t.Error(err)
	}
	closeInstance(t, i)
	if left := serversIn(t, dir); len(left) != 0 {
		t.Errorf("processes %v are left", left)
	}
}

func TestAPostgresThatCannotComeBackIsGivenUp(t *testing.T) {
	dir := usedDir(t)
	bins, err := postgres.Find("")
	if err != nil {
		t.Fatal(err)
	}
	fragile := bins
	fragile.Dir = openDir(t)
	for _, name := range []string{"postgres", "initdb"} {
		script := fmt.Sprintf("#!/bin/sh\nexec %s \"$@\"\n", filepath.Join(bins.Dir, name))
		if err := os.WriteFile(filepath.Join(fragile.Dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	i := openInstance(t, postgres.InstanceOptions{Dir: dir, Binaries: fragile, NoSync: true, FailedStarts: 2})
	if err := i.Err(); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(fragile.Dir, "postgres")); err != nil {
		t.Fatal(err)
	}
	kill(t, postmasterOf(t, dir))
	<-i.Done()
	for _, err := range []error{i.Err(), i.Close()} {
		if err == nil || !strings.Contains(err.Error(), "2 starts in a row failed") {
			t.Errorf("got %v", err)
		}
	}
	closeInstance(t, openInstance(t, postgres.InstanceOptions{Dir: dir, Binaries: bins, NoSync: true}))
}

func TestAProcessThatIsKilledLeavesNoServerAndLosesNothing(t *testing.T) {
	dir := usedDir(t)
	total := 0
	for _, name := range []string{"the process", "the process and PostgreSQL", "all of them at once"} {
		cmd, lines := startWriter(t, dir, 20)
		servers := serversIn(t, dir)
		if len(servers) < 2 {
			t.Fatalf("%s: the writer's server is not where it should be", name)
		}
		var victims []int
		switch name {
		case "the process and PostgreSQL":
			victims = []int{postmasterOf(t, dir)}
		case "all of them at once":
			victims = servers
		}
		for _, pid := range append(victims, cmd.Process.Pid) {
			kill(t, pid)
		}
		said := acknowledged(t, cmd, lines)
		// The next opener comes while the server is still on its way out.
		i := openInstance(t, postgres.InstanceOptions{Dir: dir})
		for _, pid := range serversIn(t, dir) {
			if slices.Contains(servers, pid) {
				t.Errorf("%s: process %d is left", name, pid)
			}
		}
		got := count(t, dial(t, i.OwnerDSN()), "SELECT count(*) FROM written")
		if got < total+said || got > total+said+1 { // the last one's answer may have been lost
			t.Errorf("%s: got %d rows, want %d or one more", name, got, total+said)
		}
		total = got
		closeInstance(t, i)
	}
	cmd, _ := startWriter(t, dir, 1)
	kill(t, cmd.Process.Pid)
	eventually(t, "the server ends by itself", func() bool { return len(serversIn(t, dir)) == 0 })
	_ = cmd.Wait()
}

// The number of a process that ended with the machine may be that of any other program later.
func TestAStalePostmasterFileThatNamesAnotherProcessIsNoObstacle(t *testing.T) {
	dir := usedDir(t)
	info, err := os.Stat(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	other := asOwner(exec.Command("sleep", "60"), info)
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = other.Process.Kill(), other.Wait() }()
	stale := filepath.Join(dir, "data", "postmaster.pid")
	text := fmt.Sprintf("%d\n%s\n1700000000\n5432\n%s\n\n  5432001         0\nready   \n", other.Process.Pid, filepath.Dir(stale), filepath.Join(dir, "run"))
	if err := os.WriteFile(stale, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	giveTo(t, stale, info)
	dial(t, openInstance(t, postgres.InstanceOptions{Dir: dir, NoSync: true}).AppDSN())
}

func TestAPostgresThatSomebodyElseRunsOnTheDataIsLeftAlone(t *testing.T) {
	dir := usedDir(t)
	bins, err := postgres.Find("")
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	info, err := os.Stat(data)
	if err != nil {
		t.Fatal(err)
	}
	other := asOwner(exec.Command(filepath.Join(bins.Dir, "postgres"), "-D", data, "-c", "listen_addresses=", "-c", "unix_socket_directories="+openDir(t)), info)
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- other.Wait() }()
	eventually(t, "the other server is ready", func() bool {
		b, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
		return err == nil && strings.Contains(string(b), "ready")
	})
	refused(t, postgres.InstanceOptions{Dir: dir}, fmt.Sprintf("another PostgreSQL (process %d)", other.Process.Pid), "stop it first")
	select {
	case err := <-ended:
		t.Errorf("the other server ended: %v", err)
	default:
		if err := other.Process.Signal(syscall.SIGINT); err != nil {
			t.Error(err)
		}
		<-ended
	}
	closeInstance(t, openInstance(t, postgres.InstanceOptions{Dir: dir, NoSync: true}))
}

// asOwner has the command run as the owner of the file.
func asOwner(cmd *exec.Cmd, file fs.FileInfo) *exec.Cmd {
	if st := file.Sys().(*syscall.Stat_t); os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: st.Uid, Gid: st.Gid}}
	}
	cmd.Dir = "/"
	return cmd
}
