package api_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/veilschema/veil/api"
)

func TestHealthAnswersWhileAThousandConnectionsStandIdle(t *testing.T) {
	w := newWorld(t)
	for range 1000 {
		c, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if _, err := io.WriteString(c, "GET /v1/whoami HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
			t.Fatal(err)
		}
	}
	for _, at := range []string{"/livez", "/readyz"} {
		if status, _, _ := w.call("", "GET", at, nil); status != http.StatusNoContent {
			t.Errorf("%s: %d, want 204", at, status)
		}
	}
}

func TestWhatThereIsNoRoomForIsShedBeforeItsBodyIsRead(t *testing.T) {
	w := newWorldWith(t, api.Limits{BodyBytes: 1000})
	in, out := io.Pipe()
	defer func() { _ = out.Close() }()
	reading := make(chan struct{})
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(reading) }})
	r := must(http.NewRequestWithContext(ctx, "POST", w.url+"/v1/comparisons?template=example@1&digest="+w.digest, in)) // it is chunked, and takes all the room
	r.Header.Set("Authorization", "Bearer "+w.tenant)
	r.Header.Set("Idempotency-Key", "k")
	r.Header.Set("Expect", "100-continue") // the server says so when it reads the body, and so has let the request in
	go func() {
		if answer, err := http.DefaultClient.Do(r); err == nil { // it is broken off when the test ends
			_ = answer.Body.Close()
		}
	}()
	select {
	case <-reading:
	case <-time.After(time.Minute):
		t.Fatal("the first request is not let in")
	}
	status, h, _ := w.call(w.tenant, "POST", "/v1/comparisons?template=example@1&digest="+w.digest, []byte("a message"))
	if status != http.StatusServiceUnavailable || h.Get("Retry-After") == "" {
		t.Errorf("got %d with Retry-After %q, want 503 and a time", status, h.Get("Retry-After"))
	}
	if status, _, _ := w.call("", "GET", "/livez", nil); status != http.StatusNoContent {
		t.Errorf("/livez: %d, want 204", status)
	}
}

func TestATokenAndAStrangerAreHeldToTheirRates(t *testing.T) {
	for name, limits := range map[string]api.Limits{"token": {EachMinute: 20}, "stranger": {StrangersMinute: 20}} {
		w := newWorldWith(t, limits)
		token := map[string]string{"token": w.tenant, "stranger": "veil_" + strings.Repeat("A", 43)}[name]
		status, h := 0, http.Header{}
		for range 60 { // more than two windows hold
			if status, h, _ = w.call(token, "GET", "/v1/whoami", nil); status == http.StatusTooManyRequests {
				break
			}
		}
		if status != http.StatusTooManyRequests || h.Get("Retry-After") == "" {
			t.Errorf("a %s: got %d with Retry-After %q, want 429 and a time", name, status, h.Get("Retry-After"))
		}
		if status, _, _ := w.call(w.foreign, "GET", "/v1/whoami", nil); name == "token" && status != http.StatusOK {
			t.Errorf("another token: %d, want 200", status)
		}
	}
}

func TestABodyThatIsTooLongOrCompressedIsRefused(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name string
		body int
		want int
		head []string
	}{
		{"a first message that is too long", 64<<10 + 1, http.StatusRequestEntityTooLarge, nil},
		{"a compressed one", 10, http.StatusUnsupportedMediaType, []string{"Content-Encoding", "gzip"}},
		{"garbage", 10, http.StatusUnprocessableEntity, nil},
	} {
		status, h, body := w.call(w.tenant, "POST", "/v1/comparisons?template=example@1&digest="+w.digest, make([]byte, c.body), c.head...)
		if status != c.want || h.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s, want %d", c.name, status, fmt.Sprintf("%.200s", body), c.want)
		}
	}
}
