package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/internal/witness"
	"github.com/veilschema/veil/merkle/checkpoint"
)

// witnessing is a process of veil witness.
type witnessing struct {
	cmd       *exec.Cmd
	url, vkey string
	stderr    bytes.Buffer
}

func startWitness(t *testing.T, arguments ...string) *witnessing {
	t.Helper()
	w := &witnessing{cmd: exec.Command("veil", append([]string{"witness", "--listen", "127.0.0.1:0"}, arguments...)...)}
	w.cmd.Stderr = &w.stderr
	out := got[interface{ Read([]byte) (int, error) }](t)(w.cmd.StdoutPipe())
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.cmd.Process.Kill(); _ = w.cmd.Wait() })
	for lines := bufio.NewScanner(out); w.url == "" && lines.Scan(); {
		if key, ok := strings.CutPrefix(lines.Text(), "verifier key "); ok {
			w.vkey = key
		}
		if m := answering.FindStringSubmatch(lines.Text()); m != nil {
			w.url = m[1]
		}
	}
	if w.url == "" {
		_ = w.cmd.Wait()
		t.Fatalf("it does not answer: %s", w.stderr.String())
	}
	return w
}

func TestAWitnessCosignsRemembersAndStopsWhenAsked(t *testing.T) {
	t.Parallel()
	key := got[*checkpoint.Key](t)(checkpoint.NewKey(bytes.Repeat([]byte{3}, 32)))
	signed := func(leaves int64, root string) []byte {
		return got[[]byte](t)(key.Sign(tlog.Tree{N: leaves, Hash: sha256.Sum256([]byte(root))}))
	}
	state := filepath.Join(sharedTemporary(t), "w")
	options := []string{"--state", state, "--name", "example.org/w", "--log", key.Public()}
	ask := func(w *witnessing, old int64, signed []byte) ([]byte, error) {
		return got[*witness.Client](t)(witness.NewClient(witness.ClientConfig{URL: w.url, VKey: w.vkey})).Add(t.Context(), old, nil, signed)
	}

	first := startWitness(t, options...)
	shown := signed(5, "one tree")
	line := got[[]byte](t)(ask(first, 0, shown))
	policy := got[*checkpoint.Policy](t)(checkpoint.NewPolicy(key.Public(), []string{first.vkey}, 1))
	got[*checkpoint.Checkpoint](t)(policy.Open(checkpoint.Join(shown, line)))

	if out := got[[]byte](t)(exec.Command("veil", "witness", "key", "--state", state).Output()); string(out) != first.vkey+"\n" || !strings.HasPrefix(first.vkey, "example.org/w+") {
		t.Errorf("the key is printed as %q, and at the start as %q", out, first.vkey)
	}
	second := exec.Command("veil", append([]string{"witness", "--listen", "127.0.0.1:0"}, options...)...)
	out, _ := second.CombinedOutput() // the exit code says it
	if code := second.ProcessState.ExitCode(); code != exitUnavailable || !bytes.Contains(out, []byte("another process is the witness of this folder")) {
		t.Errorf("a second process on the same folder exits with %d: %s", code, out)
	}
	if err := first.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := first.cmd.Wait(); err != nil || first.stderr.Len() > 0 {
		t.Errorf("asked to stop: %v: %s", err, first.stderr.String())
	}

	again := startWitness(t, options...)
	if line, err := ask(again, 5, signed(5, "another tree")); err == nil {
		t.Errorf("after a restart it cosigns another tree: %s", line)
	}
	got[[]byte](t)(ask(again, 5, shown))
}
