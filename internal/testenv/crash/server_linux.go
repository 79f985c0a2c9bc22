package crash

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/postgres"
)

const (
	admin    = "crash_admin"    // the cluster's superuser
	patience = 30 * time.Second // for a start or an end
)

// Server is a PostgreSQL server with a folder of its own. It is for one goroutine at a time.
type Server struct {
	bins postgres.Binaries
	dir  string
	cred *syscall.Credential // nil where the process is not root's
	// process is the postmaster, ended is closed when it has ended.
	process *os.Process
	ended   chan struct{}
	count   int // of databases
}

// Start makes a cluster and starts a server on it, which ends with the test. Without PostgreSQL on the machine the test is skipped.
func Start(t testing.TB) *Server {
	t.Helper()
	bins, err := postgres.Find("")
	if errors.Is(err, postgres.ErrNoBinaries) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{bins: bins}
	if s.dir, err = os.MkdirTemp("", "veil-crash-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.stop()
		if err := os.RemoveAll(s.dir); err != nil {
			t.Error(err)
		}
	})
	if s.cred, err = credential(); err != nil {
		t.Fatal(err)
	}
	if s.cred != nil {
		if err := os.Chown(s.dir, int(s.cred.Uid), int(s.cred.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	runtime.LockOSThread() // with which initdb would end
	defer runtime.UnlockOSThread()
	if out, err := s.command("initdb", "--pgdata", s.data(), "--username", admin, "--auth", "trust", "--encoding", "UTF8", "--locale", "C").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.Restart(t)
	return s
}

// credential is an account that PostgreSQL runs as where the test is root's, which PostgreSQL refuses; else nil.
func credential() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"veil", "postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("the machine has no account to run PostgreSQL as")
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// command is a program of the installation, which ends with the thread that starts it.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), filepath.Join(s.bins.Dir, name), args...)
	cmd.Dir, cmd.Env = s.dir, []string{"LC_ALL=C", "TZ=UTC", "PATH=" + s.bins.Dir + ":/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: s.cred, Pdeathsig: syscall.SIGQUIT}
	return cmd
}

// Restart starts the server on its folder and waits until it takes statements. It must not run.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	cmd := s.command("postgres", "-D", s.data(), "-c", "listen_addresses=", "-c", "unix_socket_directories="+s.dir, "-c", "max_connections=20",
		"-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "full_page_writes=on", "-c", "shared_buffers=64MB", "-c", "autovacuum=off")
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close() //nolint:errcheck // the server writes it
	cmd.Stderr = log
	started, ended := make(chan error), make(chan struct{})
	go func() { // the kernel ends the server with the thread that started it
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the log says how it ended
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	s.process, s.ended = cmd.Process, ended
	s.await(t)
}

func (s *Server) await(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		conn, err := pgx.Connect(t.Context(), s.dsn(admin, "postgres"))
		if err == nil {
			conn.Close(t.Context())
			return
		}
		select {
		case <-s.ended:
		default:
			if time.Now().Before(deadline) {
				continue
			}
		}
		text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		t.Fatalf("the server does not answer: %v\n%s", err, text)
	}
}

func (s *Server) dsn(role, database string) string {
	return fmt.Sprintf("host=%s user=%s dbname=%s sslmode=disable", s.dir, role, database)
}

// Database makes a database that a role of its own owns, which may do nothing outside of it, and returns a connection string.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	s.count++
	name := fmt.Sprintf("crash_%d", s.count)
	s.Admin(t, "postgres", "CREATE ROLE "+name+" LOGIN", "CREATE DATABASE "+name+" OWNER "+name)
	return s.dsn(name, name)
}

// Admin runs statements as the superuser.
func (s *Server) Admin(t testing.TB, database string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.dsn(admin, database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%v in %s", err, sql)
		}
	}
}

// Kill ends all processes of the server at once with signal 9 and returns when none is left. It may be called by any one goroutine
// while others use connections.
func (s *Server) Kill() error {
	if err := s.process.Signal(syscall.SIGSTOP); err != nil { // so that it starts no more, nor notices that others are gone
		return err
	}
	children, err := childrenOf(s.process.Pid)
	if err != nil {
		return err
	}
	for _, pid := range append(children, s.process.Pid) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	<-s.ended
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		left := 0
		for _, pid := range children {
			if alive(pid) {
				left++
			}
		}
		if left == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d processes of the server did not end", left)
		}
	}
}

// stop ends the server in order, so that it takes its shared memory with it.
func (s *Server) stop() {
	if s.process == nil {
		return
	}
	_ = s.process.Signal(syscall.SIGINT) // it may have ended
	select {
	case <-s.ended:
	case <-time.After(patience):
		_ = s.Kill()
	}
}

// childrenOf lists the processes that a process has started.
func childrenOf(parent int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var out []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if state := stat(pid); len(state) > 1 && state[1] == strconv.Itoa(parent) {
			out = append(out, pid)
		}
	}
	return out, nil
}

// alive says whether a process is there and not only waits for its parent to look.
func alive(pid int) bool {
	state := stat(pid)
	return len(state) > 0 && state[0] != "Z" && state[0] != "X"
}

// stat is what the kernel says of a process behind its name: its state, its parent, ...; nil if there is no such process.
func stat(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')'):]), ") ")
	return strings.Fields(rest)
}
