package diff

import (
	"fmt"

	"znkr.io/diff"
)

// Op says what an edit does with an element.
type Op uint8

// The operations.
const (
	OpUnknown Op = iota // the zero value, never in a script
	Keep                // the element is in both slices
	Delete              // the element is in the first slice only
	Insert              // the element is in the second slice only
)

var opNames = [...]string{"unknown", "keep", "delete", "insert"}

// String returns the operation's name.
func (o Op) String() string {
	if int(o) < len(opNames) {
		return opNames[o]
	}
	return fmt.Sprintf("operation(%d)", uint8(o))
}

// Edit is one step on the way from a slice a to a slice b.
type Edit[T any] struct {
	Op Op
	// A and B are the places of the element in a and b, -1 where it is not there.
	A, B int
	// X is the element of a, Y that of b; the zero value where there is none.
	X, Y T
}

// Slices returns how to get from a to b: one edit for every element of either,
// in order, deletions before insertions at the same place. Elements for which
// equal holds are kept as pairs. It asks equal only about an element of a and one of b, in this
// order, and takes it to mean the same whenever it is asked.
//
// The script is the shortest there is up to 8,192 elements together.
func Slices[T any](a, b []T, equal func(x, y T) bool) []Edit[T] {
	return script(a, b, equal, len(a)+len(b) <= maxMinimal)
}

func script[T any](a, b []T, equal func(x, y T) bool, minimal bool) []Edit[T] {
	var options []diff.Option
	if minimal {
		options = append(options, diff.Minimal())
	}
	edits := diff.EditsFunc(a, b, equal, options...)
	list := make([]Edit[T], len(edits))
	for i, e := range edits {
		list[i] = Edit[T]{Op: opOf(e.Op), A: e.PosX, B: e.PosY, X: e.X, Y: e.Y}
	}
	return list
}

func opOf(o diff.Op) Op {
	switch o {
	case diff.Match:
		return Keep
	case diff.Delete:
		return Delete
	case diff.Insert:
		return Insert
	}
	return OpUnknown
}

// Pair is a place in each of two slices.
type Pair struct{ A, B int }

// LCS returns a longest common subsequence of a and b as the places of its
// elements, both rising. It is what [Slices] keeps, under the same terms.
func LCS[T any](a, b []T, equal func(x, y T) bool) []Pair {
	var pairs []Pair
	for _, e := range Slices(a, b, equal) {
		if e.Op == Keep {
			pairs = append(pairs, Pair{e.A, e.B})
		}
	}
	return pairs
}
