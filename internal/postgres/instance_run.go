package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// instanceSettings are for data that must not be lost and a server whose log must not hold
// what people stored in it. They are given on the command line, where no file overrides them.
func (i *Instance) instanceSettings() []string {
	sync := "on"
	if i.noSync {
		sync = "off"
	}
	return []string{
		"recovery_init_sync_method=" + recoverySync,
		"listen_addresses=", fmt.Sprintf("port=%d", port),
		"unix_socket_directories=" + i.home.run, "unix_socket_permissions=0700", "ssl=off", "password_encryption=scram-sha-256",
		"fsync=" + sync, "synchronous_commit=" + sync, "full_page_writes=" + sync, "wal_compression=on",
		// Backups are dumps, or copies of the folder while nothing runs: no one replicates from here.
		"wal_level=minimal", "max_wal_senders=0", "archive_mode=off", "max_logical_replication_workers=0",
		fmt.Sprintf("max_wal_size=%dMB", maxWALMegabytes),
		fmt.Sprintf("max_connections=%d", instanceConnections), "shared_buffers=128MB", "work_mem=8MB", "maintenance_work_mem=64MB",
		"max_parallel_workers=2", "jit=off", "update_process_title=on",
		// Shared memory lives in the folder, where no one's logging out removes it.
		"dynamic_shared_memory_type=mmap",
		// An ERROR quotes values ("Key (name)=(...) already exists"), and the detail of other
		// messages quotes statements: the log gets neither, only what the server says about itself.
		"log_destination=stderr", "logging_collector=off", "log_line_prefix=%m [%p] ", "log_timezone=UTC",
		"log_min_messages=log", "log_min_error_statement=panic", "log_error_verbosity=terse",
		"log_statement=none", "log_duration=off", "log_min_duration_statement=-1", "log_min_duration_sample=-1",
		"log_transaction_sample_rate=0", "log_parameter_max_length=0", "log_parameter_max_length_on_error=0",
		"log_lock_waits=off", "log_temp_files=-1", "log_autovacuum_min_duration=-1", "log_checkpoints=off", "log_connections=off",
		"lc_messages=C", "timezone=UTC",
	}
}

// noCoreScript forbids core files, which would hold the data, to the program that it becomes.
const noCoreScript = `ulimit -c 0 && exec "$@"`

// postmaster is one run of the server.
type postmaster struct {
	process *os.Process
	exited  chan struct{} // closed when the process has ended
	logged  int64         // bytes in the server log when it started
}

// start runs the server on the data, after what an earlier one left has gone, and waits until
// it answers.
func (i *Instance) start(ctx context.Context) (*postmaster, error) {
	lock, err := i.home.vacate(ctx, i.home.data())
	if err != nil {
		return nil, err
	}
	defer func() { _ = lock.Close() }() // the server has its own copy by then
	if err := i.home.dropStalePID(); err != nil {
		return nil, err
	}
	if err := i.home.clearRun(); err != nil {
		return nil, fmt.Errorf("the socket's folder cannot be prepared: %w", err)
	}
	p, err := i.launch(lock)
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL in %s could not be started: %w", i.bins.Dir, err)
	}
	if err := i.await(ctx, p); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// launch starts the server on a thread of its own that lives as long as the server: the
// kernel's parent-death signal is about the thread, not the process. The signal asks for a
// fast shutdown, after which the next start needs no recovery.
func (i *Instance) launch(lock *os.File) (*postmaster, error) {
	output, size, err := i.home.openLog()
	if err != nil {
		return nil, err
	}
	defer func() { _ = output.Close() }() // nothing is written through it here
	args := []string{"-c", noCoreScript, "veil-postgres", i.bins.path("postgres"), "-D", i.home.data()}
	for _, kv := range i.instanceSettings() {
		args = append(args, "-c", kv)
	}
	cmd := i.bins.command(context.Background(), i.home.acct, i.home.data(), syscall.SIGINT, "/bin/sh", args...)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = output, output, []*os.File{lock}
	p := &postmaster{exited: make(chan struct{}), logged: size}
	started := make(chan error)
	go onOwnThread(func() {
		defer close(p.exited)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in the log
		}
	})
	if err := <-started; err != nil {
		return nil, err
	}
	p.process = cmd.Process
	return p, nil
}

// await waits until the server says that it takes connections, ends, or ctx does. It says so
// in postmaster.pid, for pg_ctl; connecting over and over would fill its log.
func (i *Instance) await(ctx context.Context, p *postmaster) error {
	for {
		if f := i.home.pidFile(); f.pid == p.process.Pid && f.ready {
			return nil
		}
		select {
		case <-p.exited:
			return i.home.whyEnded(i.bins.Version, p)
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL on the data in %s did not become ready: %w", i.home.path, context.Cause(ctx))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// whyEnded reads from the log what the server complained of.
func (h *home) whyEnded(version string, p *postmaster) error {
	said := complaint(h.logSince(p.logged))
	if _, text, ok := strings.Cut(said, "FATAL: "); ok {
		said = strings.TrimSpace(text)
	}
	if strings.Contains(said, "postmaster.pid") && strings.Contains(said, "already exists") {
		return fmt.Errorf("another PostgreSQL (process %d), which was not started from here, runs on the data in %s; stop it first: %s", h.pidFile().pid, h.data(), said)
	}
	return fmt.Errorf("PostgreSQL %s ended as it started: %s; its log is %s", version, said, h.in(logName))
}

// stop asks for a fast shutdown and waits for it, with less patience from step to step. The
// data are safe in any case; what differs is the recovery that the next start needs.
func (p *postmaster) stop() error {
	for _, step := range []struct {
		sig      syscall.Signal
		patience time.Duration
	}{{syscall.SIGINT, shutdownTimeout}, {syscall.SIGQUIT, stopTimeout}} {
		_ = p.process.Signal(step.sig) // it may have ended already
		select {
		case <-p.exited:
			return nil
		case <-time.After(step.patience):
		}
	}
	_ = p.process.Kill()
	<-p.exited
	return fmt.Errorf("PostgreSQL did not stop within %s and was killed; the next start recovers what was committed", shutdownTimeout+stopTimeout)
}

// pidFile is what a postmaster writes about itself.
type pidFile struct {
	pid   int
	ready bool
}

// pidFile reads postmaster.pid; zero where there is none or it cannot be understood.
func (h *home) pidFile() pidFile {
	const pidLine, statusLine = 0, 7
	b, err := readSmall(filepath.Join(h.data(), "postmaster.pid"))
	if err != nil {
		return pidFile{}
	}
	lines := strings.Split(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[pidLine]))
	if err != nil || pid < 2 {
		return pidFile{}
	}
	return pidFile{pid: pid, ready: len(lines) > statusLine && strings.TrimSpace(lines[statusLine]) == "ready"}
}
