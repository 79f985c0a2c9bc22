package witness_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/internal/witness"
	"github.com/veilschema/veil/merkle/checkpoint"
)

func TestALogThatGrowsIsCosigned(t *testing.T) {
	l := newLog(t).grow(300, "leaf")
	r := run(t, fresh(t), l.vkey)
	sizes := []int64{0, 1, 2, 3, 7, 8, 9, 255, 256, 257, 257, 300}
	last := int64(0)
	for _, size := range sizes {
		line := r.cosigned(l.request(last, size))
		n := got[*note.Note](t)(note.Open([]byte(fmt.Sprintf("%s\n%d\n%s\n\n%s", origin, size, l.root(size), line)),
			note.VerifierList(got[note.Verifier](t)(cosignature.NewVerifierForCosignatureV1(r.w.VKey())))))
		at := got[time.Time](t)(cosignature.CoSigV1Timestamp(n.Sigs[0]))
		if d := time.Since(at); d < 0 || d > time.Minute {
			t.Errorf("a cosignature of %s", at)
		}
		last = size
	}
}

func TestWhatIsRefusedAndHow(t *testing.T) {
	l := newLog(t).grow(20, "leaf")
	other := l.fork() // which shows another leaf for the last one
	other.hashes, other.size = other.hashes[:tlog.StoredHashCount(9)], 9
	other.grow(11, "another")
	stranger := newLog(t).grow(20, "leaf")
	r := run(t, fresh(t), l.vkey)
	r.cosigned(l.request(0, 10))

	proof, good := l.proof(10, 15), l.checkpoint(15)
	text := func(lines string) string { return body(10, proof, l.sign(lines)) }
	wrong := append(tlog.TreeProof{}, proof...)
	wrong[0][7] ^= 1
	unsigned, _, _ := bytes.Cut(good, []byte("\n\n"))
	for _, c := range []struct {
		name, body string
		status     int
	}{
		{"nothing", "", 400},
		{"no old size", "\n" + string(good), 400},
		{"an old size with a sign", "old +10\n\n" + string(good), 400},
		{"an old size with a zero before", "old 010\n\n" + string(good), 400},
		{"a negative old size", "old -1\n\n" + string(good), 400},
		{"an old size beyond all trees", "old 4611686018427387905\n\n" + string(good), 400},
		{"two spaces", "old  10\n\n" + string(good), 400},
		{"a line end of other systems", strings.Replace(body(10, proof, good), "\n", "\r\n", 1), 400},
		{"a proof that nothing ends", strings.Replace(body(10, proof, nil), "\n\n", "\n", 1), 400},
		{"a short hash", "old 10\nAAAA\n\n" + string(good), 400},
		{"a hash with stray bits", "old 10\n" + strings.Repeat("A", 42) + "B=\n\n" + string(good), 400},
		{"a hash with a carriage return", "old 10\n" + strings.Repeat("A", 43) + "=\r\n\n" + string(good), 400},
		{"too many hashes", body(10, make(tlog.TreeProof, witness.MaxProof+1), good), 400},
		{"no checkpoint", body(10, proof, nil), 400},
		{"a checkpoint that nobody signed", body(10, proof, append(unsigned, '\n')), 400},
		{"no root", text(origin + "\n15\n"), 400},
		{"a root that is short", text(origin + "\n15\nAAAA\n"), 400},
		{"a size with a zero before", text(fmt.Sprintf("%s\n015\n%s\n", origin, l.root(15))), 400},
		{"a size that tlog does not end with", text(fmt.Sprintf("%s\n9223372036854775807\n%s\n", origin, l.root(15))), 400},
		{"a size beyond 64 bits", text(fmt.Sprintf("%s\n18446744073709551616\n%s\n", origin, l.root(15))), 400},
		{"an empty extension line", text(fmt.Sprintf("%s\n15\n%s\n\nmore\n", origin, l.root(15))), 400},
		{"an old size beyond the checkpoint's", body(16, nil, good), 400},
		{"a log that nobody knows", body(0, nil, l.sign(fmt.Sprintf("example.org/other\n15\n%s\n", l.root(15)))), 404},
		{"a key that is not the log's", body(10, proof, stranger.checkpoint(15)), 403},
		{"a signature that is not valid", strings.Replace(body(10, proof, good), "\n15\n", "\n14\n", 1), 403},
		{"an old size behind", l.request(5, 15), 409},
		{"an old size ahead", l.request(12, 15), 409},
		{"no memory of the witness", l.request(0, 15), 409},
		{"a rollback", l.request(5, 5), 409},
		{"a rollback from what the witness has", body(10, nil, l.checkpoint(5)), 400},
		{"another tree of this size", other.request(10, 10), 409},
		{"a fork", other.request(10, 15), 422},
		{"no proof", body(10, nil, good), 422},
		{"a proof of which one bit is another", body(10, wrong, good), 422},
		{"a proof with a hash too many", body(10, append(proof, tlog.Hash{}), good), 422},
		{"a proof of another size", body(10, l.proof(9, 15), good), 422},
		{"a proof for the same tree", body(10, proof, l.checkpoint(10)), 422},
		{"a long request", body(10, proof, append(good, bytes.Repeat([]byte("x"), witness.MaxBody)...)), 413},
	} {
		a := r.post(c.body)
		if a.status != c.status {
			t.Errorf("%s: got status %d (%s), want %d", c.name, a.status, a.text, c.status)
		}
		if conflict := a.kind == "text/x.tlog.size" && a.text == "10\n"; conflict != (c.status == 409) {
			t.Errorf("%s: got %q of type %q", c.name, a.text, a.kind)
		}
		if strings.Contains(a.text, "—") {
			t.Errorf("%s: a refusal has a signature: %s", c.name, a.text)
		}
	}
	r.cosigned(body(10, proof, good)) // which all of that did not hinder
}

func TestTheFirstCheckpointNeedsNoProofAndTakesNone(t *testing.T) {
	l := newLog(t).grow(5, "leaf")
	r := run(t, fresh(t), l.vkey)
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"a proof from nothing":                 {body(0, tlog.TreeProof{l.root(5)}, l.checkpoint(5)), 422},
		"an old size":                          {l.request(3, 5), 409},
		"no leaves, and not the root of these": {body(0, nil, l.sign(fmt.Sprintf("%s\n0\n%s\n", origin, l.root(5)))), 409},
	} {
		if a := r.post(c.body); a.status != c.status || c.status == 409 && a.text != "0\n" {
			t.Errorf("%s: got status %d (%s), want %d", name, a.status, a.text, c.status)
		}
	}
	r.cosigned(l.request(0, 0))
	r.cosigned(l.request(0, 5))
}

// A body without its length is not read further than the limit either.
func TestALongRequestOfUnknownLengthIsCutOff(t *testing.T) {
	l := newLog(t).grow(1, "leaf")
	r := run(t, fresh(t), l.vkey)
	endless := struct{ *strings.Reader }{strings.NewReader(strings.Repeat("x", 4*witness.MaxBody))} // the type hides the length
	if a := r.do(http.MethodPost, endless); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("got status %d", a.status)
	}
}

func TestOnlyPostIsAnswered(t *testing.T) {
	r := run(t, fresh(t), newLog(t).vkey)
	if a := r.do(http.MethodGet, nil); a.status != http.StatusMethodNotAllowed {
		t.Errorf("GET has status %d", a.status)
	}
}

// A log may change its key: the witness trusts several for a while, and one signature is enough. Signatures of strangers change nothing.
func TestSeveralKeysAndSignatures(t *testing.T) {
	old, stranger := newLog(t).grow(9, "leaf"), newLog(t)
	next := old.fork()
	next.signer, next.vkey = stranger.signer, stranger.vkey
	stranger = newLog(t)
	r := run(t, fresh(t), old.vkey, next.vkey, old.vkey)
	r.cosigned(old.request(0, 3))
	r.cosigned(next.request(3, 5))
	text := fmt.Sprintf("%s\n7\n%s\nan extension\n", origin, old.root(7))
	many := []note.Signer{stranger.signer, next.signer, old.signer}
	for range 20 {
		many = append(many, newLog(t).signer)
	}
	r.cosigned(body(5, old.proof(5, 7), got[[]byte](t)(note.Sign(&note.Note{Text: text}, many...))))
}

func TestLogsDoNotMix(t *testing.T) {
	one, two := newLog(t).grow(9, "leaf"), newLog(t).grow(9, "another")
	skey, vkey, err := note.GenerateKey(nil, "example.org/two")
	if err != nil {
		t.Fatal(err)
	}
	two.signer, two.vkey = got[note.Signer](t)(note.NewSigner(skey)), vkey
	r := run(t, fresh(t), one.vkey, two.vkey)
	r.cosigned(one.request(0, 9))
	r.cosigned(body(0, nil, two.sign(fmt.Sprintf("example.org/two\n4\n%s\n", two.root(4)))))
	if a := r.post(body(9, nil, two.checkpoint(9))); a.status != 403 {
		t.Errorf("a log signs for another one: status %d", a.status)
	}
}

func TestAServicesOwnCheckpointsAreCosigned(t *testing.T) {
	key := got[*checkpoint.Key](t)(checkpoint.NewKey(bytes.Repeat([]byte{7}, 32)))
	r := run(t, fresh(t), key.Public())
	l := newLog(t).grow(12, "leaf")
	signed := got[[]byte](t)(key.Sign(tlog.Tree{N: 12, Hash: l.root(12)}))
	line := got[[]byte](t)(r.client().Add(t.Context(), 0, nil, signed))
	p := got[*checkpoint.Policy](t)(checkpoint.NewPolicy(key.Public(), []string{r.w.VKey()}, 1))
	if c := got[*checkpoint.Checkpoint](t)(p.Open(checkpoint.Join(signed, line))); len(c.Cosignatures) != 1 {
		t.Errorf("got the cosignatures %v", c.Cosignatures)
	}
}

// Of two trees that twenty clients show at once, one wins, and no cosignature is of the other one.
func TestOfTwoForksAtOnceOnlyOneIsCosigned(t *testing.T) {
	base := newLog(t).grow(4, "leaf")
	forks := []*branch{base.fork().grow(60, "left"), base.fork().grow(60, "right")}
	for round := range 5 {
		r := run(t, fresh(t), base.vkey)
		r.cosigned(base.request(0, 4))
		var mu sync.Mutex
		won := map[int][]int64{} // cosigned sizes by fork; guarded by mu
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				which, size := i%2, int64(5+i/2)
				if a := r.post(forks[which].request(4, size)); a.status == http.StatusOK {
					mu.Lock()
					won[which] = append(won[which], size)
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if len(won[0])+len(won[1]) != 1 {
			t.Errorf("round %d: from one tree the witness followed to the sizes %v of one fork and %v of the other, want one in all", round, won[0], won[1])
		}
	}
}

// Requests in any order and with any old size, half of them from a fork: what is cosigned is one line of growth.
func TestWhateverIsAskedTheCosignedTreesAreOfOneLog(t *testing.T) {
	base := newLog(t).grow(3, "leaf")
	forks := []*branch{base.fork().grow(20, "left"), base.fork().grow(20, "right")}
	dice := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		r := run(t, fresh(t), base.vkey)
		last, winner := int64(0), -1
		for range 60 {
			which, to := dice.IntN(2), dice.Int64N(24)
			from := last
			if dice.IntN(3) == 0 {
				from = dice.Int64N(24)
			}
			a := r.post(forks[which].request(from, to))
			if a.status != http.StatusOK {
				continue
			}
			if to < last || to > 3 && winner >= 0 && which != winner {
				t.Fatalf("after %d leaves of fork %d it cosigned %d of fork %d", last, winner, to, which)
			}
			last = to
			if to > 3 {
				winner = which
			}
		}
	}
}

func TestAClockThatIsSetBackStopsTheWitness(t *testing.T) {
	l := newLog(t).grow(9, "leaf")
	dir := fresh(t)
	r := run(t, dir, l.vkey)
	r.cosigned(l.request(0, 5))
	for _, request := range []string{l.request(5, 5), l.request(5, 9)} {
		synctest.Test(t, func(t *testing.T) { // in which it is the year 2000
			to := httptest.NewRecorder()
			r.w.Handler().ServeHTTP(to, httptest.NewRequest(http.MethodPost, witness.Path, strings.NewReader(request)))
			if to.Code != http.StatusServiceUnavailable || !strings.Contains(to.Body.String(), "the clock of this witness shows 2000-01-01") || strings.Contains(to.Body.String(), "—") {
				t.Errorf("got status %d: %s", to.Code, to.Body)
			}
		})
	}
	r.cosigned(l.request(5, 9))
}

// A cosignature that the disk does not have must not leave, and what it would have said is not remembered.
func TestWhatCannotBeKeptIsNotCosigned(t *testing.T) {
	l := newLog(t).grow(9, "leaf")
	dir := fresh(t)
	r := run(t, dir, l.vkey)
	r.cosigned(l.request(0, 5))
	path := filepath.Join(dir, witness.StateName(origin))
	if err := os.Mkdir(path+".new", 0o700); err != nil {
		t.Fatal(err)
	}
	if a := r.post(l.request(5, 9)); a.status != http.StatusServiceUnavailable || strings.Contains(a.text, "—") {
		t.Errorf("without a file: status %d: %s", a.status, a.text)
	}
	if err := os.Remove(path + ".new"); err != nil {
		t.Fatal(err)
	}
	r.cosigned(l.request(5, 8)) // the file was surely the old one

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 { // nobody knows what the disk has: nothing more until a restart
		if a := r.post(l.request(8, 9)); a.status != http.StatusServiceUnavailable || strings.Contains(a.text, "—") {
			t.Errorf("without its place: status %d: %s", a.status, a.text)
		}
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAClosedWitnessCosignsNothing(t *testing.T) {
	l := newLog(t).grow(9, "leaf")
	r := run(t, fresh(t), l.vkey)
	if err := r.w.Close(); err != nil {
		t.Fatal(err)
	}
	if a := r.post(l.request(0, 9)); a.status != http.StatusServiceUnavailable {
		t.Errorf("got status %d: %s", a.status, a.text)
	}
}

func TestABusyWitnessSaysSo(t *testing.T) {
	l := newLog(t).grow(9, "leaf")
	r := run(t, fresh(t), l.vkey)
	release := make(chan struct{})
	var reading, all sync.WaitGroup
	for range witness.MaxInFlight {
		reading.Add(1)
		all.Go(func() {
			r.w.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, witness.Path, &held{reading.Done, release}))
		})
	}
	reading.Wait()
	if a := r.post(l.request(0, 9)); a.status != http.StatusServiceUnavailable {
		t.Errorf("got status %d: %s", a.status, a.text)
	}
	close(release)
	all.Wait()
	r.cosigned(l.request(0, 9))
}

// held is a body that does not come.
type held struct {
	begun   func()
	release chan struct{}
}

func (h *held) Read([]byte) (int, error) {
	h.begun()
	<-h.release
	return 0, os.ErrDeadlineExceeded
}
