package client

import (
	"bytes"
	"net/http"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

// FuzzEvents holds that whatever a server streams ends, and reads alike however it is cut.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("event: comparison\nid: 1\ndata: {\"id\":1}\n\n: alive\n\nevent: comparison\ndata: a\ndata: b\n\n"))
	f.Add([]byte("data: x\r\n\r\nevent:comparison\ndata\n\n"))
	f.Add(bytes.Repeat([]byte("data: xxxxxxxxxxxxxxxx\n"), 100))
	read := func(e *events) (all [][]byte, err error) {
		for {
			data, err := e.next("comparison")
			if err != nil {
				return all, err
			}
			all = append(all, bytes.Clone(data))
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		whole, err := read(newEvents(bytes.NewReader(stream)))
		bitwise, err2 := read(newEvents(iotest.OneByteReader(bytes.NewReader(stream))))
		if len(whole) != len(bitwise) || err.Error() != err2.Error() {
			t.Fatalf("%d events (%v) at once and %d (%v) byte by byte", len(whole), err, len(bitwise), err2)
		}
		for i := range whole {
			if !bytes.Equal(whole[i], bitwise[i]) || len(whole[i]) > maxEvent {
				t.Fatalf("event %d differs", i)
			}
		}
	})
}

// FuzzProblem holds that nothing of a problem document reaches a terminal that could move its cursor.
func FuzzProblem(f *testing.F) {
	f.Add("application/problem+json", "5", []byte(`{"type":"/problems/limit","title":"A limit","detail":"\u001b[2J"}`))
	f.Add("text/html", "-1", []byte("<html>"))
	f.Fuzz(func(t *testing.T, kind, after string, body []byte) {
		e := problem(http.StatusTooManyRequests, http.Header{"Content-Type": {kind}, "Retry-After": {after}}, body)
		for _, text := range []string{e.Code, e.Title, e.Detail, e.Error(), e.RequestID} {
			for _, r := range text {
				if r < ' ' || r >= 0x7f && r < 0xa0 {
					t.Fatalf("%q has the control character %U", text, r)
				}
			}
			if !utf8.ValidString(text) {
				t.Fatalf("%q is no text", text)
			}
		}
		if e.RetryAfter < 0 {
			t.Fatal("it waits for the past")
		}
	})
}
