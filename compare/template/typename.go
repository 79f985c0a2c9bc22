package template

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// typeName is a type in its canonical spelling, taken apart:
// "timestamp(3) with time zone[]" is {"timestamp with time zone", {3}, true}.
type typeName struct {
	base  string
	args  []int
	array bool
}

// parseTypeName never fails: what it does not understand is all base.
func parseTypeName(s string) typeName {
	var t typeName
	s, t.array = strings.CutSuffix(s, "[]")
	t.base = s
	before, rest, ok := strings.Cut(s, "(")
	inside, after, closed := strings.Cut(rest, ")")
	if !ok || !closed || strings.Contains(s, `"`) {
		return t
	}
	var args []int
	for text := range strings.SplitSeq(inside, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			return t
		}
		args = append(args, n)
	}
	t.base, t.args = before+after, args
	return t
}

// String spells the type as facts do.
func (t typeName) String() string {
	s := t.base
	if len(t.args) > 0 {
		word, zone := s, ""
		if i := strings.Index(s, " with"); i >= 0 {
			word, zone = s[:i], s[i:]
		}
		texts := make([]string, len(t.args))
		for i, n := range t.args {
			texts[i] = strconv.Itoa(n)
		}
		s = word + "(" + strings.Join(texts, ",") + ")" + zone
	}
	if t.array {
		s += "[]"
	}
	return s
}

// sized spells a type with one number for each of its list of sizes.
func sized(base string, sizes ...int) []string {
	list := make([]string, len(sizes))
	for i, n := range sizes {
		list[i] = fmt.Sprintf("%s(%d)", base, n)
	}
	return list
}

// nearest sorts sizes by how many times larger or smaller than n they are.
func nearest(n int, sizes []int) []int {
	sizes = slices.Clone(sizes)
	slices.SortStableFunc(sizes, func(a, b int) int {
		return max(a, n)*min(b, n) - max(b, n)*min(a, n)
	})
	return sizes
}
