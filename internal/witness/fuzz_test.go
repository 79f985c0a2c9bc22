package witness_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/veilschema/veil/internal/witness"
)

// A request that is read is written again as the same bytes: there is one way to write it, so that nothing in it is passed over.
func FuzzRequest(f *testing.F) {
	l := newLog(f).grow(20, "leaf")
	f.Add([]byte(l.request(0, 0)))
	f.Add([]byte(l.request(0, 5)))
	f.Add([]byte(l.request(5, 20)))
	f.Add([]byte(body(0, nil, l.sign(origin+"\n1\n"+l.root(1).String()+"\nextension\n"))))
	f.Add([]byte("old 4611686018427387904\n\n\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		again, err := witness.ParseRequest(body)
		if err == nil && !bytes.Equal(again, body) {
			t.Errorf("%q is read as %q", body, again)
		}
	})
}

// Only a text that the witness cosigned is read as state, whatever stands around it.
func FuzzState(f *testing.F) {
	l := newLog(f).grow(9, "leaf")
	dir := fresh(f)
	r := run(f, dir, l.vkey)
	r.cosigned(l.request(0, 5))
	state := got[[]byte](f)(os.ReadFile(filepath.Join(dir, witness.StateName(origin))))
	text, _, _ := bytes.Cut(state, []byte("\n\n"))
	by := got[note.Verifier](f)(witness.VerifierKey(r.w.VKey()))
	f.Add(state)
	f.Add(l.checkpoint(5))
	f.Add(append(l.checkpoint(5), state...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := witness.ParseState(b, origin, by); err == nil && !bytes.HasPrefix(b, append(text, "\n\n"...)) {
			t.Errorf("%q is read as state", b)
		}
	})
}

// A key is read only as it was written.
func FuzzKey(f *testing.F) {
	for _, name := range []string{"", "example.org/w"} {
		f.Add(got[string](f)(witness.NewKeyText(bytes.NewReader(make([]byte, 32)), name)))
	}
	f.Add("PRIVATE+KEY+a+00000000+")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := witness.ParseKey(text); err == nil && !strings.HasSuffix(text, "\n") {
			t.Errorf("%q is read as a key", text)
		}
	})
}
