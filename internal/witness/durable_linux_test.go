package witness_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/veilschema/veil/internal/witness"
)

// calls are the system calls that make a cosignature durable, in their order, and the one that lets it leave. A kill does not show whether they are all
// there, because the operating system lives on; only a power cut would.
var calls = regexp.MustCompile(`(?s)fsync\(\d+<[^>]*\.checkpoint\.new>\) += 0.*rename[^\n]*\.checkpoint\.new"[^\n]*\.checkpoint"[^\n]*= 0.*fsync\(\d+<[^>]*/w>\) += 0.*write\(\d+<[^>]*>, "HTTP/1.1 200`)

func TestACosignatureIsOnTheDiskBeforeItLeaves(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("no strace on this machine")
	}
	l, dir := newLog(t).grow(9, "leaf"), fresh(t)
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := exec.Command(strace, "-f", "-qq", "-y", "-e", "trace=fsync,rename,renameat,renameat2,write", "-o", trace, got[string](t)(os.Executable()))
	cmd.Env = append(os.Environ(), childDir+"="+dir, childLog+"="+l.vkey, childStdin+"=yes")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe() // which ends the witness when it is closed, in whatever way
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Wait() // it says nothing more
		t.Skip("no process can be traced here")
	}
	url, vkey, _ := strings.Cut(strings.TrimSpace(line), " ")
	c := got[*witness.Client](t)(witness.NewClient(witness.ClientConfig{URL: url, VKey: vkey}))
	if _, err := c.Add(t.Context(), 0, nil, l.checkpoint(9)); err != nil {
		t.Error(err)
	}
	if err := stdin.Close(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(fmt.Errorf("asked to stop: %w", err))
	}
	if text := inOrder(string(got[[]byte](t)(os.ReadFile(trace)))); !calls.MatchString(text) {
		t.Errorf("the calls are not those, in this order: %s\n%s", calls, text)
	}
}

// inOrder joins the halves of calls during which another thread was traced: as of their end, but as of their begin where something leaves.
func inOrder(trace string) string {
	var out strings.Builder
	begun := map[string]string{} // calls by thread
	for line := range strings.Lines(trace) {
		thread, call, _ := strings.Cut(strings.TrimSpace(line), " ")
		call = strings.TrimSpace(call)
		if half, ok := strings.CutSuffix(call, "<unfinished ...>"); ok {
			if begun[thread] = strings.TrimSpace(half); strings.HasPrefix(half, "write") {
				fmt.Fprintln(&out, half)
			}
			continue
		}
		if _, rest, ok := strings.Cut(call, " resumed>"); ok && strings.HasPrefix(call, "<...") {
			call = begun[thread] + rest
		}
		fmt.Fprintln(&out, call)
	}
	return out.String()
}
