package witness_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/veilschema/veil/internal/witness"
)

// childDir and childLog tell this test binary, started again, to be a witness; with childStdin, until its standard input ends.
const childDir, childLog, childStdin = "WITNESS_TEST_CHILD_DIR", "WITNESS_TEST_CHILD_LOG", "WITNESS_TEST_CHILD_STDIN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := serve(dir, os.Getenv(childLog)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// serve is a witness that says where it answers and its key, until it is killed.
func serve(dir, log string) error {
	w, err := witness.Open(witness.Config{Dir: dir, Logs: []string{log}})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s %s\n", l.Addr(), w.VKey())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if os.Getenv(childStdin) != "" {
		go func() { _, _ = io.Copy(io.Discard, os.Stdin); cancel() }()
	}
	return errors.Join(w.Serve(ctx, l), w.Close())
}

// child is a witness in a process of its own.
type child struct {
	*witness.Client
	process *os.Process
	wait    func()
}

func start(t *testing.T, dir, log string) *child {
	t.Helper()
	cmd := exec.Command(got[string](t)(os.Executable()))
	cmd.Env = append(os.Environ(), childDir+"="+dir, childLog+"="+log)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wait := sync.OnceFunc(func() { _ = cmd.Wait() }) // it is killed
	t.Cleanup(func() { _ = cmd.Process.Kill(); wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the witness does not start: %v", err)
	}
	url, vkey, _ := strings.Cut(strings.TrimSpace(line), " ")
	return &child{got[*witness.Client](t)(witness.NewClient(witness.ClientConfig{URL: url, VKey: vkey})), cmd.Process, wait}
}

// ledger is what a witness cosigned, as those know it who have the cosignatures.
type ledger struct {
	t    *testing.T
	base int64 // leaves that both forks have

	mu      sync.Mutex
	largest int64 // guarded by mu
	fork    int   // guarded by mu; that of which more than the base was cosigned, -1 for none
	count   int   // guarded by mu; cosignatures
}

// add holds a cosignature against all others.
func (l *ledger) add(fork int, size int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.largest, l.count = max(l.largest, size), l.count+1
	if size > l.base && l.fork >= 0 && l.fork != fork {
		l.t.Errorf("it cosigned %d leaves of the fork %d, and before some of the other one", size, fork)
	}
	if size > l.base {
		l.fork = fork
	}
}

// known is the largest tree that was cosigned for certain.
func (l *ledger) known() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.largest
}

// await returns when there are so many more cosignatures, or nobody asks for one any more.
func (l *ledger) await(more int, ended <-chan struct{}) {
	l.mu.Lock()
	enough := l.count + more
	l.mu.Unlock()
	for reached := false; !reached; {
		select {
		case <-ended:
			return
		case <-time.After(100 * time.Microsecond):
		}
		l.mu.Lock()
		reached = l.count >= enough
		l.mu.Unlock()
	}
}

// press shows a fork, one leaf more each time, until the witness is dead or does not follow.
func (l *ledger) press(c *child, which int, fork *branch) {
	var conflict *witness.ConflictError
	old, certain := int64(0), l.known()
	for to := int64(1); to <= fork.size; {
		_, err := c.Add(context.Background(), old, fork.proof(old, to), fork.checkpoint(to))
		switch {
		case errors.As(err, &conflict) && conflict.Size != old:
			if conflict.Size < certain {
				l.t.Errorf("it has %d leaves, and cosigned %d before", conflict.Size, certain)
			}
			old, to = conflict.Size, max(to, conflict.Size)
		case err != nil:
			return
		default:
			l.add(which, to)
			old, to, certain = to, to+1, max(certain, to)
		}
	}
}

// A witness that is killed at any moment, also while it writes, never contradicts what it cosigned before.
func TestAWitnessThatIsKilledNeverContradictsItself(t *testing.T) {
	base := newLog(t).grow(3, "leaf")
	forks := []*branch{base.fork().grow(400, "left"), base.fork().grow(400, "right")}
	cosigned, kills := 0, 0
	for range 5 {
		dir := fresh(t)
		l := &ledger{t: t, base: base.size, fork: -1}
		for range 6 {
			c := start(t, dir, base.vkey)
			var pressing sync.WaitGroup
			for which, fork := range forks {
				pressing.Go(func() { l.press(c, which, fork) })
			}
			ended := make(chan struct{})
			go func() { pressing.Wait(); close(ended) }()
			l.await(rand.IntN(6), ended)
			time.Sleep(time.Duration(rand.IntN(2_000)) * time.Microsecond)
			if err := c.process.Kill(); err != nil {
				t.Fatal(err)
			}
			c.wait()
			<-ended
			kills++
		}
		cosigned += int(l.known())
	}
	t.Logf("%d trees cosigned between %d kills", cosigned, kills)
	if cosigned < kills {
		t.Errorf("only %d trees were cosigned between %d kills, so that little was tried", cosigned, kills)
	}
}

// A cosignature that somebody has is on the disk: killed the moment that it arrives, the witness still knows.
func TestWhatWasAnsweredIsKnownAfterAKill(t *testing.T) {
	l := newLog(t).grow(30, "leaf")
	dir := fresh(t)
	for size := int64(1); size <= 10; size++ {
		c := start(t, dir, l.vkey)
		if _, err := c.Add(t.Context(), size-1, l.proof(size-1, size), l.checkpoint(size)); err != nil {
			t.Fatalf("after %d kills: %v", size-1, err)
		}
		if err := c.process.Kill(); err != nil {
			t.Fatal(err)
		}
		c.wait()
	}
}
