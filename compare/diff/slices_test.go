package diff_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/veilschema/veil/compare/diff"
)

func same(x, y int) bool { return x == y }

// lcsLength is the textbook's: the longest common subsequence of all prefixes of
// a and b, one row after the other.
func lcsLength(a, b []int, equal func(x, y int) bool) int {
	above := make([]int, len(b)+1)
	for _, x := range a {
		row := make([]int, len(b)+1)
		for j, y := range b {
			if equal(x, y) {
				row[j+1] = above[j] + 1
			} else {
				row[j+1] = max(above[j+1], row[j])
			}
		}
		above = row
	}
	return above[len(b)]
}

// apply carries out a script on a and checks that it is one.
func apply(t interface{ Errorf(string, ...any) }, edits []diff.Edit[int], a, b []int, equal func(x, y int) bool) []int {
	var out []int
	i, j := 0, 0
	for _, e := range edits {
		wantA, wantB, x, y := -1, -1, 0, 0
		if e.Op != diff.Insert {
			wantA, x, i = i, a[i], i+1
		}
		if e.Op != diff.Delete {
			wantB, y, j = j, b[j], j+1
			out = append(out, e.Y)
		}
		if e.A != wantA || e.B != wantB || e.X != x || e.Y != y {
			t.Errorf("got %+v, want places %d and %d with %d and %d", e, wantA, wantB, x, y)
		}
		if e.Op == diff.Keep && !equal(e.X, e.Y) {
			t.Errorf("%d is kept as %d", e.X, e.Y)
		}
	}
	if i != len(a) {
		t.Errorf("the script ends after %d of %d elements", i, len(a))
	}
	return out
}

func TestAScriptLeadsFromOneSliceToTheOtherAndIsTheShortest(t *testing.T) {
	equalities := map[string]func(x, y int) bool{
		"equality": same,
		"a relation that is neither symmetric nor transitive": func(x, y int) bool { return x <= y && y <= x+1 },
		"nothing":    func(int, int) bool { return false },
		"everything": func(int, int) bool { return true },
	}
	for name, equal := range equalities {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			value := rapid.IntRange(0, rapid.IntRange(0, 40).Draw(t, "values"))
			draw := func(label string) []int { // the library alone prefers short slices
				n := rapid.IntRange(0, 60).Draw(t, "size of "+label)
				return rapid.SliceOfN(value, n, n).Draw(t, label)
			}
			a, b := draw("a"), draw("b")
			edits := diff.Slices(a, b, equal)
			if got := apply(t, edits, a, b, equal); !slices.Equal(got, b) {
				t.Errorf("the script leads to %v, want %v", got, b)
			}
			longest := lcsLength(a, b, equal)
			if got, want := len(edits), len(a)+len(b)-longest; got != want {
				t.Errorf("the script has %d edits, the shortest %d", got, want)
			}
			pairs := diff.LCS(a, b, equal)
			if len(pairs) != longest {
				t.Errorf("%d elements are kept, %d could be", len(pairs), longest)
			}
			for i, p := range pairs {
				if !equal(a[p.A], b[p.B]) || i > 0 && (p.A <= pairs[i-1].A || p.B <= pairs[i-1].B) {
					t.Errorf("pair %d of %v is none", i, pairs)
				}
			}
		}))
	}
}

// Beyond the limit scripts need not be the shortest, but they must be right, and
// not take the square of what they take.
func TestLongSlicesGiveARightScript(t *testing.T) {
	const n = 20000
	a, b, far := make([]int, n), make([]int, n), make([]int, n)
	for i := range n {
		a[i], b[i], far[i] = i, i*7919%n, -1-i
	}
	for name, other := range map[string][]int{"shuffled": b, "nothing in common": far} {
		if got := apply(t, diff.Slices(a, other, same), a, other, same); !slices.Equal(got, other) {
			t.Errorf("%s: the script leads elsewhere", name)
		}
	}
}

// Up to the limit the script is the shortest, for many elements, too.
func TestScriptsAreTheShortestUpToTheLimit(t *testing.T) {
	const n = 4096
	shuffled, blocks, rotated := make([]int, n), make([]int, n), make([]int, n)
	a := make([]int, n)
	for i := range n {
		a[i], shuffled[i], rotated[i] = i, i*2731%n, (i+n/3)%n
		blocks[i] = i/32*77%(n/32)*32 + i%32
	}
	for name, b := range map[string][]int{"shuffled": shuffled, "blocks": blocks, "rotated": rotated} {
		edits := diff.Slices(a, b, same)
		if got := apply(t, edits, a, b, same); !slices.Equal(got, b) {
			t.Errorf("%s: the script leads elsewhere", name)
		}
		if got, want := len(edits), 2*n-lcsLength(a, b, same); got != want {
			t.Errorf("%s: the script has %d edits, the shortest %d", name, got, want)
		}
	}
}

func TestEditsComeInAFixedOrder(t *testing.T) {
	var got []diff.Op
	for _, e := range diff.Slices([]int{1, 2, 3}, []int{1, 4, 3, 5}, same) {
		got = append(got, e.Op)
	}
	if want := []diff.Op{diff.Keep, diff.Delete, diff.Insert, diff.Keep, diff.Insert}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if len(diff.Slices(nil, nil, same)) != 0 || diff.LCS(nil, []int{1}, same) != nil {
		t.Error("nothing has nothing in common")
	}
}
