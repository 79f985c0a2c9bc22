package api_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/keys"
)

// staged is a comparison of the first tenant, with the messages that brought it to its stage.
type staged struct {
	*world
	path   string
	tenant *compare.Tenant
	sent   map[string][]byte // by the last part of the path
}

// next sends the tenant's next message.
func (s *staged) next(name string, message []byte) {
	s.Helper()
	s.sent[name] = message
	s.field("state", s.world.tenant, "PUT", s.path+"/"+name, message, "Repr-Digest", reprOf(message))
}

func (s *staged) get(name string) []byte {
	s.Helper()
	_, _, b := s.call(s.world.tenant, "GET", s.path+"/"+name, nil)
	return b
}

// reprOf is the header that names a message.
func reprOf(message []byte) string {
	sum := sha256.Sum256(message)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// stages brings a comparison to each of its stages, one after the other.
func stages(w *world) (s *staged, steps []func()) {
	s = &staged{world: w, tenant: w.newClient(), sent: map[string][]byte{}}
	steps = []func(){
		func() {
			s.path = "/v1/comparisons/" + w.field("id", w.tenant, "POST", "/v1/comparisons?template=example@1&digest="+w.digest, must(s.tenant.Open()))
		},
		func() { s.next("accept", must(s.tenant.Accept(s.get("offer")))) },
		func() { s.next("submission", must(s.tenant.Submit(s.get("salt")))) },
		func() {
			for _, job := range *w.queue {
				if err := w.service.Evaluate(w.Context(), job[0], job[1]); err != nil {
					w.Fatal(err)
				}
			}
		},
		func() { s.next("commitment", must(s.tenant.Commit(s.get("response")))) },
		func() { s.next("disclosure", must(s.tenant.Disclose(s.get("seed")))) },
	}
	return s, steps
}

func TestInNoStageAnythingIsShownToAnotherTenant(t *testing.T) {
	w := newWorld(t)
	s, steps := stages(w)
	other := w.field("token", w.operator, "POST", "/v1/tokens", fmt.Appendf(nil, `{"role":"auditor","tenant":%q,"expires":%q}`, w.field("tenant", w.foreign, "GET", "/v1/whoami", nil), w.expires))
	for i, step := range steps {
		step()
		id := strings.TrimPrefix(s.path, "/v1/comparisons/")
		for _, token := range []string{w.foreign, other} {
			for _, name := range []string{"", "/offer", "/salt", "/response", "/seed", "/verdict", "/report", "/evidence", "/transcript", "/bundle", "/events"} {
				if status, _, body := w.call(token, "GET", s.path+name, nil); status != http.StatusNotFound {
					t.Errorf("stage %d: GET %q: %d %.80s", i, name, status, body)
				}
			}
			if _, _, list := w.call(token, "GET", "/v1/comparisons", nil); strings.Contains(string(list), id) {
				t.Errorf("stage %d: it stands in another tenant's list", i)
			}
		}
		for name, message := range s.sent { // what is valid for its tenant
			if status, _, body := w.call(w.foreign, "PUT", s.path+"/"+name, message, "Repr-Digest", reprOf(message)); status != http.StatusNotFound {
				t.Errorf("stage %d: PUT %s: %d %.80s", i, name, status, body)
			}
		}
		if status, _, _ := w.call(w.foreign, "DELETE", s.path, nil); status != http.StatusNotFound {
			t.Errorf("stage %d: DELETE: %d", i, status)
		}
	}
}

// TestMessagesThatComeAgainOrOutOfOrderChangeNothing sends, in every stage, all that was ever sent.
func TestMessagesThatComeAgainOrOutOfOrderChangeNothing(t *testing.T) {
	w := newWorld(t)
	s, steps := stages(w)
	old, before := stages(w) // a message of another comparison is a replay
	for _, step := range before {
		step()
	}
	*w.queue = nil
	for i, step := range steps {
		step()
		state := w.field("state", w.tenant, "GET", s.path, nil)
		for _, messages := range []map[string][]byte{s.sent, old.sent} {
			for name, message := range messages {
				for _, to := range []string{"accept", "submission", "commitment", "disclosure"} {
					if to == "submission" && state == "accepted" {
						continue // it would be the beginning of one
					}
					status, h, body := w.call(w.tenant, "PUT", s.path+"/"+to, message, "Repr-Digest", reprOf(message))
					w.problemOf(fmt.Sprintf("stage %d: the %s as %s", i, name, to), status, h, body)
				}
			}
		}
		if after := w.field("state", w.tenant, "GET", s.path, nil); after != state {
			t.Fatalf("stage %d was %s and is %s after replays", i, state, after)
		}
	}
	must(s.tenant.Finish(s.get("verdict")))
}

func TestTokensThatEndedAreRefused(t *testing.T) {
	w := newWorld(t)
	id := w.field("tenant", w.foreign, "GET", "/v1/whoami", nil)
	soon := time.Now().Add(1500 * time.Millisecond).UTC().Format(time.RFC3339Nano)
	short := w.field("token", w.operator, "POST", "/v1/tokens", fmt.Appendf(nil, `{"role":"tenant","tenant":%q,"expires":%q}`, id, soon))
	if status, _, _ := w.call(short, "GET", "/v1/whoami", nil); status != http.StatusOK {
		t.Fatalf("a new token: %d", status)
	}
	for _, body := range []string{`{"role":"tenant","tenant":%q,"expires":"2020-01-01T00:00:00Z"}`, `{"role":"tenant","tenant":%q,"expires":"2920-01-01T00:00:00Z"}`} {
		if status, h, text := w.call(w.operator, "POST", "/v1/tokens", fmt.Appendf(nil, body, id)); status != http.StatusUnprocessableEntity || h.Get("Content-Type") != "application/problem+json" {
			t.Errorf("a token until a time that a clock which goes wrong says: %d %s", status, text)
		}
	}
	revoked := w.field("id", w.operator, "POST", "/v1/tokens", fmt.Appendf(nil, `{"role":"tenant","tenant":%q,"expires":%q}`, id, w.expires))
	w.field("id", w.operator, "DELETE", "/v1/tokens/"+revoked, nil)
	for range 100 {
		status, h, _ := w.call(short, "GET", "/v1/whoami", nil)
		if status == http.StatusUnauthorized {
			if !strings.HasPrefix(h.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("the refusal asks for %q", h.Get("WWW-Authenticate"))
			}
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Error("a token that has expired lets in")
}

// dial opens a connection and writes the beginning of a request.
func (w *world) dial(text string) net.Conn {
	w.Helper()
	c := must((&net.Dialer{}).DialContext(w.Context(), "tcp", strings.TrimPrefix(w.url, "http://")))
	w.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		w.Fatal(err)
	}
	return c
}

func TestBodiesOfAnotherLengthThanTheySayAreNoMessages(t *testing.T) {
	w := newWorld(t)
	head := "POST /v1/comparisons?template=example@1&digest=" + w.digest + " HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k\r\nAuthorization: Bearer " + w.tenant + "\r\n"
	for name, c := range map[string]struct {
		rest string
		half bool // the client closes its side before the body has come whole
		want int
	}{
		"too short":          {"Content-Length: 100\r\n\r\nabc", true, http.StatusBadRequest},
		"negative":           {"Content-Length: -1\r\n\r\nabc", false, http.StatusBadRequest},
		"two lengths":        {"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", false, http.StatusBadRequest},
		"length and chunked": {"Content-Length: 3\r\nTransfer-Encoding: gzip\r\n\r\nabc", false, http.StatusNotImplemented},
		"a broken chunk":     {"Transfer-Encoding: chunked\r\n\r\nZ\r\nabc\r\n", true, http.StatusBadRequest},
		"too long":           {"Content-Length: 999999999999\r\n\r\n", false, http.StatusRequestEntityTooLarge},
	} {
		conn := w.dial(head + c.rest)
		if tcp, ok := conn.(*net.TCPConn); ok && c.half {
			_ = tcp.CloseWrite() // the answer says whether it was seen
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute)) // a connection that hangs is a fault
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			if c.half && errors.Is(err, io.ErrUnexpectedEOF) {
				continue // it was hung up on
			}
			t.Errorf("%s: %v", name, err)
			continue
		}
		_ = answer.Body.Close()
		if answer.StatusCode != c.want && (!c.half || answer.StatusCode >= 500) {
			t.Errorf("%s: %d, want %d", name, answer.StatusCode, c.want)
		}
	}
	if strings.Contains(w.log.String(), "panicked") {
		t.Error("a request panicked")
	}
}

// zeros are a body without end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// maxGrowth is more than fifty uploads may take together, and less than what they send, which is 211 MiB.
const maxGrowth = 150 << 20

func TestFiftyOfTheLargestUploadsAtOnceTakeLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures memory, which other runs of the tests do")
	}
	w := newWorld(t)
	const uploads = 50
	var paths [uploads]string
	facts, prepared := columns(0, compare.MaxFacts), must(compare.Prepare(must(template.Parse(w.encoded))))
	for i := range paths {
		tenant := must(compare.NewTenant(compare.TenantConfig{
			Root: must(keys.NewRoot(rand.Reader)), Template: prepared, Facts: facts, Ledger: ledger{}, Random: rand.Reader,
		}))
		paths[i] = "/v1/comparisons/" + w.field("id", w.tenant, "POST", "/v1/comparisons?template=example@1&digest="+w.digest, must(tenant.Open()))
		_, _, offer := w.call(w.tenant, "GET", paths[i]+"/offer", nil)
		w.field("state", w.tenant, "PUT", paths[i]+"/accept", must(tenant.Accept(offer)))
	}
	_, h, _ := w.call(w.tenant, "HEAD", paths[0]+"/submission", nil)
	var length int64
	if _, err := fmt.Sscan(h.Get("Upload-Length"), &length); err != nil || length < 4<<20 {
		t.Fatalf("the largest submission has %q bytes", h.Get("Upload-Length"))
	}
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var sending sync.WaitGroup
	var done atomic.Bool
	answers := make(chan string, uploads)
	for _, path := range paths {
		sending.Go(func() {
			r := must(http.NewRequestWithContext(ctx, "PUT", w.url+path+"/submission", io.LimitReader(zeros{}, length)))
			r.ContentLength = length
			r.Header.Set("Authorization", "Bearer "+w.tenant)
			r.Header.Set("Content-Type", "application/octet-stream")
			r.Header.Set("Repr-Digest", noDigest)
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				answers <- "" // it was hung up on while it sent
				return
			}
			_ = answer.Body.Close()
			answers <- fmt.Sprint(answer.StatusCode, " ", answer.Header.Get("Retry-After"))
		})
	}
	go func() { sending.Wait(); done.Store(true) }()
	var most uint64
	for !done.Load() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapInuse)
		if status, _, _ := w.call("", "GET", "/livez", nil); status != http.StatusNoContent {
			t.Errorf("/livez: %d", status)
		}
		time.Sleep(20 * time.Millisecond)
	}
	close(answers)
	counts := map[string]int{}
	for a := range answers {
		status, retry, _ := strings.Cut(a, " ")
		if strings.HasPrefix(status, "5") && status != "503" || (status == "503" || status == "429") && retry == "" {
			t.Errorf("an upload is answered with %q", a)
		}
		counts[status]++
	}
	growth := int64(most) - int64(before.HeapInuse)
	t.Logf("%d uploads of %d bytes are answered with %v; the heap grew by %d MiB at the most", uploads, length, counts, growth>>20)
	if growth > maxGrowth {
		t.Errorf("the heap grew by %d MiB, want less than %d", growth>>20, maxGrowth>>20)
	}
}
