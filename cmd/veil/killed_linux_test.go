package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/store/storetest"
	"github.com/veilschema/veil/internal/testenv"
)

// hunt kills processes at random moments of comparisons.
type hunt struct {
	*testing.T
	sh     *shell
	random *rand.Rand
	whole  time.Duration // of a comparison that nobody disturbs
	want   string        // its findings
	client *exec.Cmd
	kills  map[string]int
}

// begin starts a check.
func (h *hunt) begin() (out *bytes.Buffer) {
	h.Helper()
	out = &bytes.Buffer{}
	h.client = exec.Command("veil", strings.Fields(strings.TrimPrefix(checking, "veil ")+" --json")...)
	h.client.Dir, h.client.Stdout, h.client.Stderr = h.sh.dir, out, out
	h.client.Env = append(os.Environ(), append([]string{"HOME=" + h.sh.dir, "VEIL_SERVER_URL=" + h.sh.server, "VEIL_TENANT_STATE=" + filepath.Join(h.sh.dir, "state")}, h.sh.env...)...)
	if err := h.client.Start(); err != nil {
		h.Fatal(err)
	}
	return out
}

// end waits for the check, and starts it again until it has a verdict.
func (h *hunt) end(out *bytes.Buffer) {
	h.Helper()
	for range 20 {
		_ = h.client.Wait() // the exit code says it
		switch code := h.client.ProcessState.ExitCode(); code {
		case exitDeviates:
			if got := findings(h.T, out.String()); got != h.want {
				h.Fatalf("after kills the findings are %s, want %s", got, h.want)
			}
			return
		case -1, exitUnavailable: // killed, or the service was away for longer than the client waits
		default:
			h.Fatalf("a check exits with %d: %s", code, out.String())
		}
		out = h.begin()
	}
	h.Fatalf("there is no verdict after 20 checks: %s", out.String())
}

// rounds kills one process in each round, at a random moment of a check.
func (h *hunt) rounds(n int, victims map[string]func()) {
	h.Helper()
	names := make([]string, 0, len(victims)+1)
	for name := range victims {
		names = append(names, name)
	}
	names = append(names, "client")
	slices.Sort(names)
	start := time.Now()
	out := h.begin()
	_ = h.client.Wait()
	h.whole, h.want = time.Since(start), findings(h.T, out.String())
	for round := range n {
		name := names[round%len(names)]
		out := h.begin()
		time.Sleep(time.Duration(h.random.Int64N(int64(h.whole))))
		if name == "client" {
			_ = h.client.Process.Kill() // it may have ended
		} else {
			victims[name]()
		}
		h.kills[name]++
		h.end(out)
	}
}

// history is what the log says of every comparison: each went its way once.
func (h *hunt) history(db *store.DB, rounds int) {
	h.Helper()
	way := []string{"opened", "accepted", "submitted", "evaluated", "committed", "disclosed"}
	streams := map[string][]string{}
	err := db.Read(h.Context(), store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		tree, err := eventlog.Verify(ctx, tx)
		if err != nil {
			return err
		}
		for after := int64(-1); ; {
			events, err := eventlog.Read(ctx, tx, after, 1000)
			if err != nil || len(events) == 0 {
				h.Logf("%d events, verified", tree.N)
				return err
			}
			for _, e := range events {
				after = e.Sequence
				if kind, ok := strings.CutPrefix(e.Type, "comparison."); ok {
					streams[e.Stream] = append(streams[e.Stream], kind)
				}
			}
		}
	})
	if err != nil {
		h.Fatal(err)
	}
	for id, steps := range streams {
		if !slices.Equal(steps, way) {
			h.Errorf("the comparison %s went %q", id, steps)
		}
	}
	// A client that is killed after its verdict and before the comparison is forgotten compares once more.
	if n := len(streams); n < rounds+1 || n > rounds+1+h.kills["client"] {
		h.Errorf("there are %d comparisons of %d checks", n, rounds+1)
	}
	info, err := os.Stat(filepath.Join(h.sh.dir, "state", "sessions.log"))
	const record = 112 // bytes; one where a session begins, one for its only response
	if err != nil || info.Size() != int64(2*record*len(streams)) {
		h.Errorf("the session log has %v bytes (%v) for %d comparisons: something was decrypted twice, or not recorded", info.Size(), err, len(streams))
	}
	h.Logf("killed %v, %d comparisons, each evaluated and decrypted once; one takes %v", h.kills, len(streams), h.whole.Round(time.Millisecond))
}

func newHunt(t *testing.T, sh *shell) *hunt {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return &hunt{T: t, sh: sh, random: rand.New(rand.NewPCG(seed, 0)), kills: map[string]int{}}
}

// killings is how many kills a test makes.
func killings(few int) int {
	if testenv.Long() {
		return 100
	}
	return few
}

// restart starts a service again where it was.
func (s *serving) restart(t *testing.T, env []string, arguments ...string) *serving {
	t.Helper()
	return serve(t, env, append(arguments, "--listen", strings.TrimPrefix(s.url, "http://"))...)
}

func TestServiceClientAndPostgresKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	s, w, sh := witnessed(t)
	h, n := newHunt(t, sh), killings(10)
	data := []string{"--data", s.data, "--witnesses", w.key + "@" + w.url}
	h.rounds(n, map[string]func(){
		"witness": func() {
			w.kill()
			w = watch(t, w.dir, strings.TrimPrefix(w.url, "http://"), w.log)
		},
		"service": func() {
			s.end(syscall.SIGKILL)
			s = s.restart(t, nil, data...)
		},
		"postgres": func() { s.pkill("-o") }, // the oldest is the one that the others belong to
		"backend":  func() { s.pkill("-n") },
	})
	h.audited(s, w)
	if code := s.end(syscall.SIGTERM); code != exitDone {
		t.Fatalf("asked to stop, the service exits with %d: %s", code, s.stderr.String())
	}
	instance := got[*postgres.Instance](t)(postgres.OpenInstance(t.Context(), postgres.InstanceOptions{Dir: filepath.Join(s.data, "postgres")}))
	t.Cleanup(func() { _ = instance.Close() })
	db := got[*store.DB](t)(store.Open(t.Context(), store.Config{AppDSN: instance.AppDSN()}))
	defer db.Close()
	h.history(db, n)
}

// audited holds the whole log against its checkpoints, and wants the witness to have cosigned the last one: there is no fork and no gap, and nobody had to
// mend anything.
func (h *hunt) audited(s *serving, w *watching) {
	h.Helper()
	trust := " --service " + h.sh.serviceKey() + " --witness " + w.key
	eventually(h.T, "the witness did not cosign the log after the kills", func() bool {
		code, says := h.sh.runAny("VEIL_KEY= veil admin log --out log.veil --data "+s.data, exitDone, exitUnavailable)
		if code != exitDone {
			h.Fatalf("the log cannot be read: %s", says)
		}
		code, _ = h.sh.runAny("veil audit verify log.veil"+trust, exitDone, exitMisconduct)
		return code == exitDone
	})
	out, _ := h.sh.run(exitDone, "veil audit verify log.veil"+trust)
	checkpoints, _, _ := strings.Cut(out[strings.Index(out, "checkpoints"):], "\n")
	h.Log(checkpoints)
}

// pkill kills one of the service's PostgreSQL processes, as an option of pgrep chooses it.
func (s *serving) pkill(which string) {
	s.Helper()
	tree, err := exec.Command("sh", "-c", `
		main=$(pgrep -P `+itoa(s.cmd.Process.Pid)+` postgres) || exit 0
		[ `+which+` = -o ] && kill -9 $main || pkill -9 -n -P "$main" postgres || true`).CombinedOutput()
	if err != nil {
		s.Fatalf("PostgreSQL was not killed: %v %s", err, tree)
	}
}

func TestAPIWorkerAndClientKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	d := storetest.New(t)
	dir := sharedTemporary(t)
	env := []string{"VEIL_SERVE_DATABASE=" + d.AppDSN, "VEIL_SERVE_OWNER=" + d.OwnerDSN}
	arguments := []string{"--data", dir, "--role", "api"}
	front := serve(t, env, arguments...)
	sh := enlist(t, front)
	work := func() *exec.Cmd {
		cmd := exec.Command("veil", "serve", "--role", "worker", "--data", dir)
		cmd.Env = append(os.Environ(), "VEIL_SERVE_DATABASE="+d.AppDSN)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	worker := work()
	t.Cleanup(func() { _ = worker.Process.Kill(); _ = worker.Wait() })
	h, n := newHunt(t, sh), killings(6)
	h.rounds(n, map[string]func(){
		"api": func() {
			front.end(syscall.SIGKILL)
			front = front.restart(t, env, arguments...)
		},
		"worker": func() {
			_ = worker.Process.Kill()
			_ = worker.Wait()
			worker = work()
		},
	})
	if response, err := http.Get(front.url + "/readyz"); err != nil || response.Body.Close() != nil || response.StatusCode != http.StatusNoContent {
		t.Errorf("after all that it is not ready: %v", err)
	}
	h.history(d.Open(t), n)
}
