package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// vacate waits until every process of an earlier server or initdb on data has ended, and helps
// them along. It returns the lock that says so, to be inherited by the next one.
//
// A server that lost its parent is in its fast shutdown already and has some time for it. What
// a dead postmaster left behind is stopped at once, as a postmaster does with the children of
// a crash.
func (h *home) vacate(ctx context.Context, data string) (*os.File, error) {
	lock, err := os.OpenFile(h.in(serverName), os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the server's lock cannot be opened: %w", err)
	}
	begin := time.Now()
	for {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return lock, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("the server's lock cannot be taken: %w", err), lock.Close())
		}
		waited := time.Since(begin)
		left := serverProcesses(data)
		h.evict(left, waited)
		if waited > leaveTimeout+2*stopTimeout {
			return nil, errors.Join(fmt.Errorf("an earlier PostgreSQL on the data in %s does not end (processes %v); end it by hand", h.path, left), lock.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("an earlier PostgreSQL on the data in %s has not ended yet: %w", h.path, context.Cause(ctx)), lock.Close())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// evict signals the processes that are left, who are known to be ours: they hold our lock and
// run PostgreSQL in our folder. Signals to what has ended meanwhile go nowhere.
func (h *home) evict(left []int, waited time.Duration) {
	master := h.pidFile().pid
	switch {
	case waited > leaveTimeout+stopTimeout:
		signalAll(left, syscall.SIGKILL)
	case !slices.Contains(left, master), waited > leaveTimeout:
		signalAll(left, syscall.SIGQUIT)
	default:
		signalAll([]int{master}, syscall.SIGINT)
	}
}

func signalAll(pids []int, sig syscall.Signal) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, sig)
	}
}

// dropStalePID removes the postmaster.pid of a server that ended without doing so, where
// another program has its number by now: PostgreSQL would take that for a running server. We
// hold the lock of all servers that were started from here; one that was not is left alone,
// and so is the usual stale file, which PostgreSQL itself deals with more thoroughly.
func (h *home) dropStalePID() error {
	f := h.pidFile()
	if f.pid == 0 || errors.Is(syscall.Kill(f.pid, 0), syscall.ESRCH) || slices.Contains(serverProcesses(h.data()), f.pid) {
		return nil
	}
	if err := os.Remove(filepath.Join(h.data(), "postmaster.pid")); err != nil {
		return fmt.Errorf("the stale postmaster.pid cannot be removed: %w", err)
	}
	return nil
}
