package main

import (
	"strings"
	"testing"
)

func TestTheCountsAndTheInterestingLinesAreShown(t *testing.T) {
	var out strings.Builder
	s := &summary{out: &out, running: map[string][]string{}, bad: map[string]bool{}}
	err := s.read(strings.NewReader(`{"Action":"start","Package":"p"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a.go:1: quiet\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    a.go:2: wrong\n"}
{"Action":"fail","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestC","Output":"    a.go:3: no server\n"}
{"Action":"skip","Package":"p","Test":"TestC"}
{"Action":"output","Package":"p","Output":"FAIL\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}
{"ImportPath":"q","Action":"build-output","Output":"q.go:1: syntax error\n"}
{"ImportPath":"q","Action":"build-fail"}
{"Action":"output","Package":"q","Output":"FAIL\tq [build failed]\n"}
{"Action":"fail","Package":"q","FailedBuild":"q"}
not json
`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.line(), "1 passed, 2 failed, 1 skipped"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, want := range []string{"wrong", "no server", "FAIL\tp\t0.1s", "syntax error", "not json"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "quiet") || strings.Contains(out.String(), "=== RUN") {
		t.Errorf("noise in\n%s", out.String())
	}
}
