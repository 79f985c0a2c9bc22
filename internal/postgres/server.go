package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

const (
	adminRole = "veil_admin" // the cluster's superuser; only this package has its password
	port      = 5432         // part of the socket's file name; nothing listens on the network
)

// Options configure a private server. The zero value is good for most uses.
type Options struct {
	// Binaries to start; the zero value means Find("").
	Binaries Binaries
	// Dir is the folder under which the server's own temporary folder is made. Empty means the
	// first of $TMPDIR, /dev/shm where it has four times Limits.DiskBytes free, /tmp and
	// /var/tmp that the server's user can reach.
	Dir string
	// User is who runs the server when our process is root. Empty means the first of veil,
	// postgres and nobody that exists. It is ignored when our process is not root.
	User string
	// Limits of every load and scratch database.
	Limits Limits
}

// Server is a private PostgreSQL for scratch databases. Its methods may be called by several
// goroutines at once.
type Server struct {
	bins   Binaries
	acct   account
	limits Limits
	dir    *workdir
	secret string // the superuser's password
	config *pgx.ConnConfig

	process *os.Process
	exited  chan struct{} // closed when the process has ended
	stderr  *tail         // read only after exited

	mu      sync.Mutex
	admin   *pgx.Conn // guarded by mu; nil until first used and after a failure
	scratch int       // guarded by mu; open scratch databases
	counter int       // guarded by mu; names of scratch databases

	closing  sync.Once
	closeErr error
}

// Start makes a new cluster in a temporary folder and starts a server on it that listens on a
// socket only its own user can reach. It takes about 0.7 s, most of it initdb's.
//
// Close stops the server and removes the folder. So does the end of our process, whatever
// ends it. Errors are one sentence; where the machine has no PostgreSQL they wrap
// ErrNoBinaries.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Binaries.Dir == "" {
		found, err := Find("")
		if err != nil {
			return nil, err
		}
		o.Binaries = found
	}
	acct, err := serverAccount(o.User)
	if err != nil {
		return nil, err
	}
	if err := acct.canReach(o.Binaries.Dir); err != nil {
		return nil, fmt.Errorf("PostgreSQL in %s cannot be started: %w", o.Binaries.Dir, err)
	}
	config, err := baseConfig()
	if err != nil {
		return nil, err
	}
	limits := o.Limits.withDefaults()
	dir, err := newWorkdir(o.Dir, memoryRoom*limits.DiskBytes, acct)
	if err != nil {
		return nil, err
	}
	s := &Server{
		bins: o.Binaries, acct: acct, limits: limits, dir: dir, secret: rand.Text(), config: config,
		exited: make(chan struct{}), stderr: new(tail),
	}
	if err := s.boot(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// boot makes the cluster, starts the server and waits until it answers.
func (s *Server) boot(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*startTimeout,
		fmt.Errorf("the private PostgreSQL was not ready after %s", 2*startTimeout))
	defer cancel()
	if err := s.initdb(ctx); err != nil {
		close(s.exited)
		return err
	}
	if err := s.launch(); err != nil {
		return fmt.Errorf("PostgreSQL in %s could not be started: %w", s.bins.Dir, err)
	}
	if err := s.await(ctx); err != nil {
		return err
	}
	return s.asAdmin(ctx, func(c *pgx.Conn) error {
		// A scratch database's owner has no business in the other ones.
		_, err := c.Exec(ctx, `REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC`)
		return err
	})
}

// command is a program of the installation, run as the server's user.
func (s *Server) command(ctx context.Context, sig syscall.Signal, path string, args ...string) *exec.Cmd {
	return s.bins.command(ctx, s.acct, s.dir.path, sig, path, args...)
}

// initdb makes the cluster.
func (s *Server) initdb(ctx context.Context) error {
	return s.bins.initCluster(ctx, newCluster{
		acct: s.acct, folder: s.dir.path, data: s.dir.data(), passwordFile: filepath.Join(s.dir.run(), "pw"), secret: s.secret,
		flags: []string{"--no-sync"},
	})
}

// settings of a server whose data nobody will miss and whose users nobody trusts.
func (s *Server) settings() []string {
	return []string{
		"listen_addresses=", "port=5432",
		"unix_socket_directories=" + s.dir.run(), "unix_socket_permissions=0700",
		// Durability is of no use here.
		"fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0",
		"autovacuum=off", "max_wal_size=256MB", "checkpoint_timeout=1h",
		// What one session may take.
		fmt.Sprintf("max_connections=%d", maxConnections), fmt.Sprintf("max_locks_per_transaction=%d", maxLocks),
		"shared_buffers=128MB", "work_mem=16MB", "maintenance_work_mem=64MB", "max_parallel_workers=0", "jit=off",
		fmt.Sprintf("temp_file_limit=%dkB", s.limits.TempFileBytes/1024),
		fmt.Sprintf("statement_timeout=%d", s.limits.Statement.Milliseconds()), "lock_timeout=10s",
		// Shared memory lives in the folder and goes with it; messages cannot fill a disk.
		"dynamic_shared_memory_type=mmap", "logging_collector=off", "log_min_messages=fatal", "log_min_error_statement=panic",
		"log_checkpoints=off", "update_process_title=off", "max_logical_replication_workers=0",
		"ssl=off", "lc_messages=C", "timezone=UTC",
	}
}

// limitScript bounds the address space (in KiB) of the program that it then becomes, and of every
// process which that starts, and forbids core files.
const limitScript = `ulimit -v "$0" && ulimit -c 0 && exec "$@"`

// launch starts the server on a thread of its own that lives as long as the server: the
// kernel's parent-death signal is about the thread, not the process.
func (s *Server) launch() error {
	args := []string{"-c", limitScript, strconv.FormatInt(s.limits.MemoryBytes/1024, 10), s.bins.path("postgres"), "-D", s.dir.data()}
	for _, kv := range s.settings() {
		args = append(args, "-c", kv)
	}
	cmd := s.command(context.Background(), syscall.SIGQUIT, "/bin/sh", args...)
	cmd.Stderr = s.stderr
	started := make(chan error)
	go onOwnThread(func() {
		defer close(s.exited)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in stderr, for whoever still waits for it
		}
	})
	if err := <-started; err != nil {
		return err
	}
	s.process = cmd.Process
	return nil
}

// onOwnThread runs f locked to an operating system thread.
func onOwnThread(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f()
}

// await connects until the server answers, ends, or ctx does.
func (s *Server) await(ctx context.Context) error {
	for {
		err := s.asAdmin(ctx, func(*pgx.Conn) error { return nil })
		if err == nil {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("PostgreSQL %s ended as it started: %s", s.bins.Version, lastLine(s.stderr.b))
		case <-ctx.Done():
			return fmt.Errorf("%w; the last answer was: %w", context.Cause(ctx), err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// lastLine is the final line that a program printed, for an error text.
func lastLine(b []byte) string {
	text := strings.TrimSpace(string(b))
	return strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
}

// complaint is the line in which a program said what went wrong, which initdb follows with
// lines about its tidying up; without one it is the last.
func complaint(b []byte) string {
	for line := range strings.SplitSeq(string(b), "\n") {
		if strings.Contains(line, "error: ") || strings.Contains(line, "FATAL: ") || strings.Contains(line, "PANIC: ") {
			return strings.TrimSpace(line)
		}
	}
	return lastLine(b)
}

// Version is the server's, for example "15.18 (Debian 15.18-0+deb12u1)".
func (s *Server) Version() string { return s.bins.Version }

// Major is the server's major version: 15, 16, ...
func (s *Server) Major() int { return s.bins.Major }

// Close stops the server and removes its folder. It may be called more than once.
func (s *Server) Close() error {
	s.closing.Do(func() { s.closeErr = s.stop() })
	return s.closeErr
}

func (s *Server) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.admin != nil {
		closeConn(s.admin.PgConn())
		s.admin = nil
	}
	var err error
	if s.process != nil {
		// Immediate shutdown: nothing is worth a checkpoint.
		_ = s.process.Signal(syscall.SIGQUIT) // it may have ended already
		select {
		case <-s.exited:
		case <-time.After(stopTimeout):
			err = fmt.Errorf("PostgreSQL did not stop within %s and was killed", stopTimeout)
			_ = s.process.Kill()
		}
	}
	<-s.exited
	return errors.Join(err, s.dir.remove())
}

// asAdmin runs f on the superuser's one connection, one caller at a time, and connects anew
// after a failure that ended the connection.
func (s *Server) asAdmin(ctx context.Context, f func(*pgx.Conn) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.admin != nil && s.admin.IsClosed() {
		s.admin = nil
	}
	if s.admin == nil {
		c, err := s.connect(ctx, adminRole, s.secret, "postgres")
		if err != nil {
			return err
		}
		s.admin = c
	}
	return f(s.admin)
}

// baseConfig is the part of every connection's configuration that is the same. pgx reads the
// environment (PGHOST, PGOPTIONS and the like) as it makes one, so all of it is overwritten.
func baseConfig() (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig("sslmode=disable host=/ port=5432 user=veil database=veil")
	if err != nil {
		return nil, fmt.Errorf("the environment's settings for PostgreSQL clients (PGSERVICE, PGPASSFILE and the like) cannot be used, though a private server needs none of them; unset them: %w", err)
	}
	cfg.Port, cfg.TLSConfig, cfg.Fallbacks = port, nil, nil
	cfg.RuntimeParams = map[string]string{"application_name": "veil", "client_encoding": "UTF8"}
	// What answers here runs strangers' code, so the size of its messages is bounded.
	cfg.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		f := pgproto3.NewFrontend(r, w)
		f.SetMaxBodyLen(maxMessageBytes)
		return f
	}
	return cfg, nil
}

// connect opens a connection over the socket.
func (s *Server) connect(ctx context.Context, role, password, database string) (*pgx.Conn, error) {
	cfg := s.config.Copy()
	cfg.Host, cfg.Database, cfg.User, cfg.Password = s.dir.run(), database, role, password
	return pgx.ConnectConfig(ctx, cfg)
}

// closeConn ends a connection and waits until nothing of it is left.
func closeConn(c *pgconn.PgConn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = c.Close(ctx) // the server ends the session either way
	<-c.CleanupDone()
}
