package witness_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/internal/witness"
)

func TestAClientGetsACosignatureOrSaysWhyNot(t *testing.T) {
	l := newLog(t).grow(20, "leaf")
	fork := newLog(t)
	fork.signer = l.signer
	fork.grow(20, "another")
	stranger := newLog(t).grow(20, "leaf")
	r := run(t, fresh(t), l.vkey)
	c, ctx := r.client(), t.Context()
	line := got[[]byte](t)(c.Add(ctx, 0, nil, l.checkpoint(10)))
	if !r.vouches(l.request(0, 10), string(line)) {
		t.Errorf("the line %q is no cosignature", line)
	}
	var conflict *witness.ConflictError
	if _, err := c.Add(ctx, 5, l.proof(5, 15), l.checkpoint(15)); !errors.As(err, &conflict) || conflict.Size != 10 || conflict.Old != 5 {
		t.Errorf("from a size that the witness does not have: %v", err)
	}
	if _, err := c.Add(ctx, 10, nil, fork.checkpoint(10)); !errors.As(err, &conflict) || conflict.Size != 10 || conflict.Old != 10 {
		t.Errorf("another tree: %v", err)
	}
	var status *witness.StatusError
	for name, try := range map[string]struct {
		want error
		do   func() ([]byte, error)
	}{
		"an unknown log": {witness.ErrUnknownLog, func() ([]byte, error) {
			return c.Add(ctx, 0, nil, l.sign(fmt.Sprintf("example.org/other\n1\n%s\n", l.root(1))))
		}},
		"another key": {witness.ErrUntrusted, func() ([]byte, error) { return c.Add(ctx, 10, nil, stranger.checkpoint(10)) }},
		"a fork":      {witness.ErrInconsistent, func() ([]byte, error) { return c.Add(ctx, 10, fork.proof(10, 15), fork.checkpoint(15)) }},
	} {
		if _, err := try.do(); !errors.Is(err, try.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.Add(ctx, 10, nil, l.checkpoint(5)); !errors.As(err, &status) || status.Status != 400 || !strings.Contains(status.Detail, "a log does not shrink") {
		t.Errorf("a rollback: %v", err)
	}
	got[[]byte](t)(c.Add(ctx, 10, l.proof(10, 15), l.checkpoint(15)))
}

func TestAClientAsksNothingThatIsNoRequest(t *testing.T) {
	l := newLog(t).grow(5, "leaf")
	c := got[*witness.Client](t)(witness.NewClient(witness.ClientConfig{URL: "http://127.0.0.1:1", VKey: run(t, fresh(t), l.vkey).w.VKey()}))
	for name, do := range map[string]func() ([]byte, error){
		"no checkpoint":   func() ([]byte, error) { return c.Add(t.Context(), 0, nil, nil) },
		"a negative size": func() ([]byte, error) { return c.Add(t.Context(), -1, nil, l.checkpoint(5)) },
		"a long proof":    func() ([]byte, error) { return c.Add(t.Context(), 1, make(tlog.TreeProof, 64), l.checkpoint(5)) },
		"a long checkpoint": func() ([]byte, error) {
			return c.Add(t.Context(), 0, nil, l.sign(string(l.checkpoint(5))+strings.Repeat("x\n", 40_000)))
		},
	} {
		if _, err := do(); err == nil || !strings.Contains(err.Error(), "the witness was not asked") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A witness may sign whatever it likes: its cosignature of a text that only begins like the checkpoint's is none of the checkpoint.
func TestTheCosignatureOfALongerTextIsRefused(t *testing.T) {
	l := newLog(t).grow(9, "leaf")
	skey := got[string](t)(witness.NewKeyText(rand.Reader, "example.org/liar"))
	liar := got[*cosignature.Signer](t)(cosignature.NewSignerForCosignatureV1(strings.TrimSpace(skey)))
	text := fmt.Sprintf("%s\n9\n%s\n", origin, l.root(9))
	signed := string(got[[]byte](t)(note.Sign(&note.Note{Text: text + "\nand more\n"}, liar)))
	vkey := got[string](t)(cosignature.VKeyToCosignatureV1(got[string](t)(note.NewEd25519VerifierKey("example.org/liar", publicOf(t, skey)))))
	c := answering(t, vkey, func(to http.ResponseWriter, _ *http.Request) {
		_, _ = to.Write([]byte(strings.TrimPrefix(signed, text+"\n")))
	})
	if line, err := c.Add(t.Context(), 0, nil, l.checkpoint(9)); !errors.Is(err, witness.ErrCosignature) {
		t.Errorf("got %q, %v", line, err)
	}
	honest := string(got[[]byte](t)(note.Sign(&note.Note{Text: text}, liar)))
	c = answering(t, vkey, func(to http.ResponseWriter, _ *http.Request) {
		_, _ = to.Write([]byte(strings.TrimPrefix(honest, text+"\n")))
	})
	got[[]byte](t)(c.Add(t.Context(), 0, nil, l.checkpoint(9)))
}

// publicOf is the public half of a signer key.
func publicOf(t *testing.T, skey string) ed25519.PublicKey {
	t.Helper()
	raw := got[[]byte](t)(base64.StdEncoding.DecodeString(strings.SplitN(strings.TrimSpace(skey), "+", 5)[4]))
	return ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
}

// answering is a client of a server that answers as a function says.
func answering(t *testing.T, vkey string, answer http.HandlerFunc) *witness.Client {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return got[*witness.Client](t)(witness.NewClient(witness.ClientConfig{URL: s.URL + "/some/prefix/", VKey: vkey}))
}

func TestAnAnswerWithoutTheWitnesssCosignatureIsRefused(t *testing.T) {
	l := newLog(t).grow(20, "leaf")
	r, other := run(t, fresh(t), l.vkey), run(t, fresh(t), l.vkey)
	line5 := r.cosigned(l.request(0, 5))
	line9 := r.cosigned(l.request(5, 9))
	foreign := other.cosigned(l.request(0, 9))
	signature := strings.Split(string(l.checkpoint(9)), "\n\n")[1]
	flipped := []byte(line9)
	flipped[len(flipped)-10] ^= 1
	extended := fmt.Sprintf("%s\n9\n%s\n\n%s", origin, l.root(9), line9) // a whole note after the text is another text
	for name, answer := range map[string]string{
		"nothing": "", "text": "thank you\n", "a line end": "\n", "the cosignature of another tree": line5, "another witness": foreign, "the log itself": signature,
		"a changed bit": string(flipped), "no line end": strings.TrimSuffix(line9, "\n"), "an empty line": line9 + "\n", "an empty line before": "\n" + line9,
		"a text that comes before": extended, "too much": line9 + strings.Repeat(foreign, 200),
	} {
		c := answering(t, r.w.VKey(), func(to http.ResponseWriter, _ *http.Request) { _, _ = to.Write([]byte(answer)) })
		if line, err := c.Add(t.Context(), 5, l.proof(5, 9), l.checkpoint(9)); !errors.Is(err, witness.ErrCosignature) {
			t.Errorf("%s: %q, %v", name, line, err)
		}
	}
	// Lines of others are passed over, and of several only the one that was checked is returned, also where the checkpoint has an earlier one.
	path := ""
	c := answering(t, r.w.VKey(), func(to http.ResponseWriter, q *http.Request) {
		path = q.URL.Path
		_, _ = to.Write([]byte(foreign + line9))
	})
	signed := append(l.checkpoint(9), r.cosigned(l.request(9, 9))...)
	if line := got[[]byte](t)(c.Add(t.Context(), 5, l.proof(5, 9), signed)); string(line) != line9 {
		t.Errorf("got %q, want %q", line, line9)
	}
	if path != "/some/prefix/add-checkpoint" {
		t.Errorf("it asked at %s", path)
	}
}

func TestRefusalsThatAreNotWellFormed(t *testing.T) {
	l := newLog(t).grow(9, "leaf")
	r := run(t, fresh(t), l.vkey)
	line := r.cosigned(l.request(0, 9))
	for name, answer := range map[string]http.HandlerFunc{
		"a conflict without a size": func(to http.ResponseWriter, _ *http.Request) { http.Error(to, "no", http.StatusConflict) },
		"a conflict of another type": func(to http.ResponseWriter, _ *http.Request) {
			to.Header().Set("Content-Type", "text/plain")
			to.WriteHeader(http.StatusConflict)
			fmt.Fprintln(to, "9")
		},
		"a conflict with a negative size": func(to http.ResponseWriter, _ *http.Request) {
			to.Header().Set("Content-Type", "text/x.tlog.size")
			to.WriteHeader(http.StatusConflict)
			fmt.Fprintln(to, "-9")
		},
		"a redirect": func(to http.ResponseWriter, q *http.Request) {
			http.Redirect(to, q, r.url+witness.Path, http.StatusTemporaryRedirect)
		},
		"another success": func(to http.ResponseWriter, _ *http.Request) {
			to.WriteHeader(http.StatusCreated)
			_, _ = to.Write([]byte(line))
		},
		"control characters": func(to http.ResponseWriter, _ *http.Request) {
			to.WriteHeader(http.StatusTeapot)
			_, _ = to.Write(bytes.Repeat([]byte("\x1b[2J"), 1000))
		},
	} {
		c := answering(t, r.w.VKey(), answer)
		_, err := c.Add(t.Context(), 9, nil, l.checkpoint(9))
		var status *witness.StatusError
		if !errors.As(err, &status) || strings.ContainsAny(err.Error(), "\x1b\n") || len(err.Error()) > 500 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheContextEndsARequest(t *testing.T) {
	l := newLog(t).grow(9, "leaf")
	stop := make(chan struct{})
	c := answering(t, run(t, fresh(t), l.vkey).w.VKey(), func(http.ResponseWriter, *http.Request) { <-stop })
	defer close(stop)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Add(ctx, 0, nil, l.checkpoint(9)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestAClientOfNothingIsRefused(t *testing.T) {
	l := newLog(t)
	vkey := run(t, fresh(t), l.vkey).w.VKey()
	for _, c := range []witness.ClientConfig{
		{URL: "", VKey: vkey},
		{URL: "witness.example", VKey: vkey},
		{URL: "ftp://witness.example", VKey: vkey},
		{URL: "http://witness.example/?a=b", VKey: vkey},
		{URL: "http://witness.example"},
		{URL: "http://witness.example", VKey: l.vkey}, // signs plain notes
		{URL: "http://witness.example", VKey: "x" + vkey},
		{URL: "http://witness.example", VKey: vkey[:len(vkey)-4]},
	} {
		if _, err := witness.NewClient(c); !errors.Is(err, witness.ErrConfig) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
