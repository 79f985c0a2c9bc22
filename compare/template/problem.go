package template

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a policy file.
type Problem struct {
	Line int    // 1 for the first line; 0 where the problem is not at one line
	Text string // one sentence: what is wrong and what to do about it
}

// String returns the problem with its line in front.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.Text
	}
	return fmt.Sprintf("line %d: %s", p.Line, p.Text)
}

// PolicyError lists everything that is wrong with a policy file, ordered by
// line. Its text has one line a problem.
type PolicyError struct {
	What     string // "policy" or "withholding policy"
	Problems []Problem
}

// Error returns a heading and the problems, one a line.
func (e *PolicyError) Error() string {
	if len(e.Problems) == 1 {
		return fmt.Sprintf("the %s is not usable: %s", e.What, e.Problems[0])
	}
	var b strings.Builder
	fmt.Fprintf(&b, "the %s is not usable, %d problems:", e.What, len(e.Problems))
	for i, p := range e.Problems {
		if i == maxProblems {
			fmt.Fprintf(&b, "\n  ... and %d more", len(e.Problems)-i)
			break
		}
		b.WriteString("\n  ")
		b.WriteString(p.String())
	}
	return b.String()
}

// problems collects what is wrong while a policy is read and applied.
type problems []Problem

func (ps *problems) add(line int, format string, args ...any) {
	*ps = append(*ps, Problem{Line: line, Text: fmt.Sprintf(format, args...)})
}

// err returns nil where nothing is wrong.
func (ps problems) err(what string) error {
	if len(ps) == 0 {
		return nil
	}
	sorted := slices.Clone(ps)
	slices.SortStableFunc(sorted, func(a, b Problem) int { return a.Line - b.Line })
	return &PolicyError{What: what, Problems: sorted}
}
