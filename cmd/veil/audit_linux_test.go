package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/veilschema/veil/internal/bundle"
	"github.com/veilschema/veil/keys"
)

var logKey = regexp.MustCompile(`for witnesses and auditors: (\S+)`)

// watching is a process of veil witness.
type watching struct {
	cmd      *exec.Cmd
	dir, key string
	url      string
	log      string
}

// watch starts veil witness at an address, or at a free one.
func watch(t *testing.T, dir, address, log string) *watching {
	t.Helper()
	w := &watching{dir: dir, log: log, cmd: exec.Command("veil", "witness", "--listen", address, "--state", dir, "--log", log)}
	out := got[io.ReadCloser](t)(w.cmd.StdoutPipe())
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.cmd.Process.Kill(); _ = w.cmd.Wait() })
	lines := bufio.NewScanner(out)
	for w.url == "" && lines.Scan() {
		if key, ok := strings.CutPrefix(lines.Text(), "verifier key "); ok {
			w.key = key
		}
		if rest, ok := strings.CutPrefix(lines.Text(), "answering at "); ok {
			w.url, _, _ = strings.Cut(rest, ",")
		}
	}
	if w.url == "" {
		t.Fatal("the witness does not answer")
	}
	return w
}

func (w *watching) kill() {
	_ = w.cmd.Process.Kill()
	_ = w.cmd.Wait()
}

// witnessed starts a service that one witness cosigns for, and a tenant.
func witnessed(t *testing.T) (*serving, *watching, *shell) {
	t.Helper()
	s, sh := tenanted(t)
	w := watch(t, filepath.Join(t.TempDir(), "witness"), "127.0.0.1:0", logKey.FindStringSubmatch(s.stdout.String())[1])
	s.end(syscall.SIGTERM)
	again := serve(t, nil, "--data", s.data, "--listen", strings.TrimPrefix(s.url, "http://"), "--witnesses", w.key+"@"+w.url)
	return again, w, sh
}

// serviceKey is the service's identity, as its log has it.
func (s *shell) serviceKey() string {
	s.Helper()
	answer, err := http.Get(s.server + "/v1/audit/log")
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	return regexp.MustCompile(`veil1[a-z0-9]+`).FindString(string(got[[]byte](s.T)(io.ReadAll(answer.Body))))
}

// only is the id of the one comparison.
func (s *shell) only() string {
	list, _ := s.run(exitDone, "veil comparisons list --token-file tenant.token")
	return strings.Fields(strings.Split(list, "\n")[1])[0]
}

func TestAComparisonIsAuditedOffline(t *testing.T) {
	t.Parallel()
	s, w, sh := witnessed(t)
	sh.run(exitDeviates, checking)
	key := sh.serviceKey()
	sh.run(exitDone, "veil audit export --comparison "+sh.only()+" --out one.veil --token-file tenant.token")
	trust := " --service " + key
	eventually(t, "the witness did not cosign", func() bool { // the witness is asked once a second
		sh.run(exitDone, "veil audit export --comparison "+sh.only()+" --out one.veil --token-file tenant.token")
		code, _ := sh.runAny("veil audit verify one.veil"+trust+" --witness "+w.key, exitDone, exitMisconduct)
		return code == exitDone
	})
	sh.run(exitDone, "VEIL_KEY= veil admin log --out log.veil --data "+s.data)
	s.end(syscall.SIGKILL) // from here on nothing has a network
	w.kill()
	out, _ := sh.run(exitDone, "veil audit verify one.veil"+trust+" --witness "+w.key)
	for _, want := range []string{"1 of 1 cosigned", "VERIFIED: the comparison", "does not conform", "clinic@1"} {
		if !strings.Contains(out, want) {
			t.Errorf("the auditor reads %q, without %q", out, want)
		}
	}
	if strings.Contains(sh.read("one.veil"), "secret_of_ours") {
		t.Error("the bundle has a name of the tenant's")
	}
	if out, _ := sh.run(exitDone, "veil audit verify one.veil"+trust); !strings.Contains(out, "UNWITNESSED") {
		t.Errorf("without a witness: %q", out)
	}
	if out, _ := sh.run(exitDone, "veil audit verify one.veil --json"+trust); !strings.Contains(out, `"verdict":"does_not_conform"`) {
		t.Errorf("as JSON: %q", out)
	}
	if out, _ := sh.run(exitDone, "veil audit replay one.veil"); !strings.Contains(out, "THE SAME BYTES") {
		t.Errorf("replayed: %q", out)
	}
	if out, _ := sh.run(exitDone, "veil audit verify log.veil"+trust+" --witness "+w.key); !strings.Contains(out, "VERIFIED: the log.") {
		t.Errorf("the whole log: %q", out)
	}
	t.Run("what is refused", func(t *testing.T) {
		sh.says(exitUsage, "veil audit verify one.veil", "--service")
		sh.says(exitUsage, "veil audit verify one.veil --service nonsense", "--service")
		sh.says(exitUsage, "veil audit verify ours.sql"+trust, "no bundle")
		sh.says(exitUsage, "veil audit verify one.veil"+trust+" --quorum 2", "--quorum")
		sh.says(exitUsage, "veil audit replay ours.sql", "--template")
		stranger := newWitnessKey(t)
		if out, _ := sh.run(exitMisconduct, "veil audit verify one.veil"+trust+" --witness "+stranger); !strings.Contains(out, "too few witnesses") {
			t.Errorf("a witness that did not cosign: %q", out)
		}
		if out, _ := sh.run(exitMisconduct, "veil audit verify one.veil --service "+strangersKey(t)); !strings.Contains(out, "you pinned") {
			t.Errorf("another service: %q", out)
		}
		file := sh.read("one.veil")
		sh.write("cut.veil", file[:len(file)/2])
		if out, _ := sh.run(exitMisconduct, "veil audit verify cut.veil"+trust); !strings.Contains(out, "NOT VERIFIED") {
			t.Errorf("cut: %q", out)
		}
	})
	t.Run("proofs", func(t *testing.T) { proofs(t, sh, trust) })
}

// newWitnessKey is the key of a witness that never ran.
func newWitnessKey(t *testing.T) string {
	t.Helper()
	w := watch(t, filepath.Join(t.TempDir(), "stranger"), "127.0.0.1:0", "example.org/log+4e933303+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop")
	w.kill()
	return w.key
}

// strangersKey is the identity of another service.
func strangersKey(t *testing.T) string {
	t.Helper()
	return got[bundle.Log](t)(strangersLog()).Service.String()
}

// proofs shows what the tenant of a bundle has.
func proofs(t *testing.T, sh *shell, trust string) {
	t.Helper()
	sh.run(exitDone, "veil prove table public.person --out table.proof")
	sh.run(exitDone, "veil prove column public.person.id --out column.proof")
	sh.run(exitDone, "veil prove no-table public.visit --out none.proof")
	against := " --bundle one.veil" + trust
	for file, want := range map[string]string{"table.proof": "secret_of_ours", "column.proof": "bigint", "none.proof": "there is no table"} {
		out, _ := sh.run(exitDone, "veil audit verify-proof "+file+against)
		if !strings.Contains(out, "PROVEN") || !strings.Contains(out, want) {
			t.Errorf("%s: %q", file, out)
		}
	}
	for _, file := range []string{"column.proof", "none.proof"} {
		if strings.Contains(sh.read(file), "secret_of_ours") {
			t.Errorf("%s shows another column", file)
		}
	}
	sh.write("false.proof", strings.Replace(sh.read("none.proof"), "visit", "person", 1))
	if out, _ := sh.run(exitMisconduct, "veil audit verify-proof false.proof"+against); !strings.Contains(out, "NOT PROVEN") {
		t.Errorf("a false proof: %q", out)
	}
	if out, _ := sh.run(exitMisconduct, "veil audit verify-proof table.proof --commitment "+strings.Repeat("00", 32)); !strings.Contains(out, "another schema") {
		t.Errorf("another commitment: %q", out)
	}
	sh.says(exitUsage, "veil audit verify-proof table.proof", "--bundle")
	sh.says(exitUsage, "veil prove table public.visit --out x.proof", "not among those committed to")
	sh.says(exitUsage, "veil prove no-table public.person --out x.proof", "is among those committed to")
	sh.says(exitUsage, "veil prove column public.person.x --out x.proof", "no column")
	sh.says(exitUsage, "veil prove table person --out x.proof", "SCHEMA.TABLE")
	list, _ := sh.run(exitDone, "veil prove commitments")
	commitment := strings.Fields(strings.Split(list, "\n")[1])[0]
	sh.run(exitDone, "veil prove forget public.person --commitment "+commitment)
	sh.says(exitUsage, "veil prove table public.person --out x.proof", "opening was deleted")
	sh.run(exitDone, "veil prove no-table public.visit --out none.proof")
	sh.run(exitDone, "veil prove forget --all --commitment "+commitment)
	sh.says(exitUsage, "veil prove no-table public.visit --out none.proof", "no schema was committed to")
}

func TestAServiceWhoseDatabaseWasPutBackSignsNothing(t *testing.T) {
	t.Parallel()
	s, w, sh := witnessed(t)
	url := s.url
	sh.run(exitDeviates, checking)
	size := func() string {
		answer, err := http.Get(url + "/v1/audit/checkpoint")
		if err != nil {
			return err.Error()
		}
		defer func() { _ = answer.Body.Close() }()
		text := got[[]byte](t)(io.ReadAll(answer.Body))
		if lines := strings.Split(string(text), "\n"); answer.StatusCode == http.StatusOK && len(lines) > 1 {
			return lines[1]
		}
		return string(text)
	}
	before := size()
	s.end(syscall.SIGTERM)
	kept := filepath.Join(t.TempDir(), "kept")
	if out, err := exec.Command("cp", "-a", s.data, kept).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	witness := []string{"--data", s.data, "--listen", strings.TrimPrefix(url, "http://"), "--witnesses", w.key + "@" + w.url}
	s = serve(t, nil, witness...)
	sh.run(exitDeviates, checking)
	eventually(t, "the witness did not see the log", func() bool {
		state, err := filepath.Glob(filepath.Join(w.dir, "*"))
		seen := ""
		for _, path := range state {
			text, _ := os.ReadFile(path)
			seen += string(text)
		}
		return err == nil && size() != before && strings.Contains(seen, "\n"+size()+"\n")
	})
	s.end(syscall.SIGTERM)

	// The database as it was before; what the machine remembers goes with it, so that only the witness knows better.
	if err := os.RemoveAll(s.data); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cp", "-a", kept, s.data).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	s = serve(t, nil, witness...)
	eventually(t, "the service signs", func() bool { return strings.Contains(size(), "somebody has seen it otherwise") })
	s.end(syscall.SIGTERM)
	if !bytes.Contains(s.stderr.Bytes(), []byte("the database was put back")) && !bytes.Contains(s.stderr.Bytes(), []byte("the log is not the one")) {
		t.Errorf("the operator reads %s", s.stderr.String())
	}
}

func TestAWitnessThatComesBackCosigns(t *testing.T) {
	t.Parallel()
	_, w, sh := witnessed(t)
	key := sh.serviceKey()
	w.kill()
	sh.run(exitDeviates, checking)
	list, _ := sh.run(exitDone, "veil comparisons list --token-file tenant.token")
	id := strings.Fields(strings.Split(list, "\n")[1])[0]
	verify := func(code int) {
		sh.run(exitDone, "veil audit export --comparison "+id+" --out two.veil --token-file tenant.token")
		sh.run(code, "veil audit verify two.veil --service "+key+" --witness "+w.key)
	}
	verify(exitMisconduct) // it is signed and not cosigned
	watch(t, w.dir, strings.TrimPrefix(w.url, "http://"), w.log)
	eventually(t, "the witness did not cosign again", func() bool {
		sh.run(exitDone, "veil audit export --comparison "+id+" --out two.veil --token-file tenant.token")
		code, _ := sh.runAny("veil audit verify two.veil --service "+key+" --witness "+w.key, exitDone, exitMisconduct)
		return code == exitDone
	})
	verify(exitDone)
}

// strangersLog is the log of a service that nobody knows.
func strangersLog() (bundle.Log, error) {
	id, err := keys.NewIdentity(rand.Reader)
	if err != nil {
		return bundle.Log{}, err
	}
	return bundle.Vouch(id, "", nil)
}
