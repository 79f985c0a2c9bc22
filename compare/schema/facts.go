package schema

import "slices"

// Facts is a set of facts, sorted by [Compare] and without duplicates. [NewFacts] makes one.
type Facts []Fact

// NewFacts returns the set of the given facts. It sorts the slice it is given and keeps it.
func NewFacts(facts []Fact) Facts {
	slices.SortFunc(facts, Compare)
	return slices.Compact(facts)
}

// Has says whether f is in the set.
func (s Facts) Has(f Fact) bool {
	_, found := slices.BinarySearchFunc(s, f, Compare)
	return found
}

// Minus returns what is in s and not in t.
func (s Facts) Minus(t Facts) Facts {
	var only Facts
	for len(s) > 0 && len(t) > 0 {
		c := Compare(s[0], t[0])
		if c < 0 {
			only = append(only, s[0])
		}
		if c <= 0 {
			s = s[1:]
		}
		if c >= 0 {
			t = t[1:]
		}
	}
	return append(only, s...)
}

// Count returns how many facts of each kind the set has.
func (s Facts) Count() map[Kind]int {
	n := make(map[Kind]int)
	for _, f := range s {
		n[f.Kind]++
	}
	return n
}
