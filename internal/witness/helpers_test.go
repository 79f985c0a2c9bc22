package witness_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/internal/witness"
)

const origin = "example.org/log"

// branch is one of the trees that a log with one key shows: an honest log has one.
type branch struct {
	t      testing.TB
	signer note.Signer
	vkey   string
	hashes []tlog.Hash // as tlog stores them
	size   int64
}

func newLog(t testing.TB) *branch {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	return &branch{t: t, signer: got[note.Signer](t)(note.NewSigner(skey)), vkey: vkey}
}

// got ends the test where there is an error.
func got[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// ReadHashes makes a branch the storage of its hashes.
func (b *branch) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		out[i] = b.hashes[at]
	}
	return out, nil
}

// grow appends leaves to the tree.
func (b *branch) grow(leaves int, kind string) *branch {
	b.t.Helper()
	for range leaves {
		b.hashes = append(b.hashes, got[[]tlog.Hash](b.t)(tlog.StoredHashes(b.size, fmt.Appendf(nil, "%s %d", kind, b.size), b))...)
		b.size++
	}
	return b
}

// fork is another branch with the same leaves so far.
func (b *branch) fork() *branch {
	c := *b
	c.hashes = slices.Clone(b.hashes)
	return &c
}

func (b *branch) root(size int64) tlog.Hash {
	b.t.Helper()
	if size == 0 {
		return witness.EmptyRoot
	}
	return got[tlog.Hash](b.t)(tlog.TreeHash(size, b))
}

// sign makes a note of a text.
func (b *branch) sign(text string) []byte {
	b.t.Helper()
	return got[[]byte](b.t)(note.Sign(&note.Note{Text: text}, b.signer))
}

// checkpoint is the signed checkpoint of the first leaves.
func (b *branch) checkpoint(size int64) []byte {
	b.t.Helper()
	return b.sign(fmt.Sprintf("%s\n%d\n%s\n", origin, size, b.root(size)))
}

func (b *branch) proof(from, to int64) tlog.TreeProof {
	b.t.Helper()
	if from == 0 || from >= to {
		return nil
	}
	return got[tlog.TreeProof](b.t)(tlog.ProveTree(to, from, b))
}

// request is an honest request.
func (b *branch) request(from, to int64) string {
	b.t.Helper()
	return body(from, b.proof(from, to), b.checkpoint(to))
}

func body(old int64, proof tlog.TreeProof, checkpoint []byte) string {
	var s strings.Builder
	fmt.Fprintf(&s, "old %d\n", old)
	for _, h := range proof {
		fmt.Fprintln(&s, h)
	}
	return s.String() + "\n" + string(checkpoint)
}

// fresh is the name of a folder that is not there yet.
func fresh(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "w")
}

// running is a witness that answers.
type running struct {
	t   testing.TB
	w   *witness.Witness
	dir string
	url string
}

func run(t testing.TB, dir string, logs ...string) *running {
	t.Helper()
	w := got[*witness.Witness](t)(witness.Open(witness.Config{Dir: dir, Logs: logs}))
	s := httptest.NewServer(w.Handler())
	t.Cleanup(func() {
		s.Close()
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return &running{t, w, dir, s.URL}
}

// answer is what came of a request.
type answer struct {
	status int
	kind   string
	text   string
}

func (r *running) post(body string) answer {
	r.t.Helper()
	return r.do(http.MethodPost, strings.NewReader(body))
}

func (r *running) do(method string, body io.Reader) answer {
	r.t.Helper()
	request := got[*http.Request](r.t)(http.NewRequestWithContext(r.t.Context(), method, r.url+witness.Path, body))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		r.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header.Get("Content-Type"), string(text)}
}

// cosigned ends the test where a request is not answered with a cosignature of its checkpoint.
func (r *running) cosigned(body string) string {
	r.t.Helper()
	a := r.post(body)
	if a.status != http.StatusOK {
		r.t.Fatalf("got status %d: %s", a.status, a.text)
	}
	if !r.vouches(body, a.text) {
		r.t.Fatalf("no valid cosignature: %q", a.text)
	}
	return a.text
}

// vouches says whether a line is the witness's cosignature of a request's checkpoint.
func (r *running) vouches(body, line string) bool {
	r.t.Helper()
	_, checkpoint, _ := strings.Cut(body, "\n\n")
	text, _, _ := strings.Cut(checkpoint, "\n\n")
	v := got[note.Verifier](r.t)(witness.VerifierKey(r.w.VKey()))
	n, err := note.Open([]byte(text+"\n\n"+line), note.VerifierList(v))
	return err == nil && n.Text == text+"\n" && bytes.Count([]byte(line), []byte("\n")) == 1
}

func (r *running) client() *witness.Client {
	r.t.Helper()
	return got[*witness.Client](r.t)(witness.NewClient(witness.ClientConfig{URL: r.url, VKey: r.w.VKey()}))
}
