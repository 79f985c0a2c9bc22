// Command testsummary reads the output of `go test -json` and prints what a person wants to
// see of it: the packages' lines, everything about tests that failed, why tests were skipped,
// and a last line with the counts.
//
//	go test -json ./... | testsummary [FILE]
//
// The last line also goes to FILE. The exit code is 1 when anything failed. Examples, fuzz
// targets' seeds and subtests count as tests; a test whose subtests did the work counts too.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is a line of the JSON stream; see `go doc test2json`.
type event struct {
	Action      string
	Package     string
	Test        string
	Output      string
	FailedBuild string
}

// summary collects the events.
type summary struct {
	out     io.Writer
	running map[string][]string // output of tests that have not ended, by package and name
	passed  int
	failed  int
	skipped int
	broken  int // packages that failed although none of their tests did
	bad     map[string]bool
}

func main() {
	s := &summary{out: os.Stdout, running: map[string][]string{}, bad: map[string]bool{}}
	if err := s.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testsummary:", err)
		os.Exit(1)
	}
	line := s.line()
	fmt.Println(line)
	if len(os.Args) > 1 {
		if err := os.WriteFile(os.Args[1], []byte(line+"\n"), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "testsummary:", err)
			os.Exit(1)
		}
	}
	if s.failed+s.broken > 0 || s.passed == 0 {
		os.Exit(1)
	}
}

// line is the last one printed.
func (s *summary) line() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", s.passed, s.failed+s.broken, s.skipped)
}

// read handles every line; those that are no JSON are passed on as they are.
func (s *summary) read(r io.Reader) error {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) == nil && e.Action != "" {
				s.add(e)
			} else {
				fmt.Fprint(s.out, line)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) add(e event) {
	key := e.Package + " " + e.Test
	switch {
	case e.Action == "build-output":
		fmt.Fprint(s.out, e.Output)
	case e.Action == "output" && e.Test == "":
		s.packageLine(e.Output)
	case e.Action == "output":
		s.running[key] = append(s.running[key], e.Output)
	case e.Test == "" && e.Action == "fail":
		if !s.bad[e.Package] {
			s.broken++
		}
	case e.Test == "":
	case e.Action == "pass":
		s.passed++
		delete(s.running, key)
	case e.Action == "fail":
		s.failed++
		s.bad[e.Package] = true
		s.show(key)
	case e.Action == "skip":
		s.skipped++
		s.show(key)
	}
}

// packageLine prints a line that belongs to no test, but for the ones that say nothing.
func (s *summary) packageLine(line string) {
	switch strings.TrimSpace(line) {
	case "PASS", "FAIL":
		return
	}
	fmt.Fprint(s.out, line)
}

// show prints what a test wrote, without the lines that say that it ran.
func (s *summary) show(key string) {
	for _, line := range s.running[key] {
		if !strings.HasPrefix(line, "=== ") {
			fmt.Fprint(s.out, line)
		}
	}
	delete(s.running, key)
}
