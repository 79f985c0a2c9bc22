package compare

import (
	"math/bits"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/veilschema/veil/he"
)

// drawElements draws facts with two different bins each, unevenly, so that some
// bins are much fuller than others.
func drawElements(t *rapid.T, maxFacts, bins int) []element {
	spread := rapid.IntRange(2, bins).Draw(t, "spread")
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) element {
		first := rapid.IntRange(0, spread-1).Draw(t, "first")
		step := rapid.IntRange(1, spread-1).Draw(t, "step")
		return element{x: 2, bins: [2]int32{int32(first), int32((first + step) % spread)}}
	}), 1, maxFacts).Draw(t, "elements")
}

// checkPlaces checks what must hold of every assignment.
func checkPlaces(t interface{ Fatalf(string, ...any) }, p *places, elements []element) {
	if len(p.fact) != p.layers*p.bins {
		t.Fatalf("%d places, want %d layers of %d", len(p.fact), p.layers, p.bins)
	}
	seen := make([]bool, len(elements))
	for at, i := range p.fact {
		if i == none {
			continue
		}
		if seen[i] {
			t.Fatalf("fact %d has two places", i)
		}
		seen[i] = true
		if bin := int32(at % p.bins); !slices.Contains(elements[i].bins[:], bin) {
			t.Fatalf("fact %d lies in bin %d, not in one of %v", i, bin, elements[i].bins)
		}
	}
	checkSpread(t, p)
	if i := slices.Index(seen, false); i >= 0 {
		t.Fatalf("fact %d has no place", i)
	}
}

// checkSpread holds that the facts of bin b take the layers b, b+1, ... in a
// circle, without a gap.
func checkSpread(t interface{ Fatalf(string, ...any) }, p *places) {
	for bin := range p.bins {
		for k := 1; k < p.layers; k++ {
			at := func(k int) int32 { return p.fact[(bin+k)%p.layers*p.bins+bin] }
			if at(k) != none && at(k-1) == none {
				t.Fatalf("bin %d has a fact %d layers after its first and none before it", bin, k)
			}
		}
	}
}

// leastLayers is the smallest number of layers by Hakimi's theorem (1965): edges
// can be given to their ends, at most k each, exactly when no set S of ends has
// more than k |S| edges inside. It looks at all sets.
func leastLayers(elements []element, bins int) int {
	edges := make([]uint, len(elements))
	for i, e := range elements {
		edges[i] = 1<<e.bins[0] | 1<<e.bins[1]
	}
	most := 1
	for set := uint(1); set < 1<<bins; set++ {
		inside := 0
		for _, e := range edges {
			if e&^set == 0 {
				inside++
			}
		}
		most = max(most, (inside+bits.OnesCount(set)-1)/bits.OnesCount(set))
	}
	return most
}

func TestPlacesTakeTheFewestLayersThereAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bins := rapid.IntRange(3, 9).Draw(t, "bins")
		elements := drawElements(t, 40, bins)
		p, err := place(elements, bins, 1)
		if err != nil {
			t.Fatalf("no places: %v", err)
		}
		checkPlaces(t, p, elements)
		if want := leastLayers(elements, bins); p.layers != want {
			t.Fatalf("%d layers, %d suffice", p.layers, want)
		}
	})
}

// TestPlacesEqualAnExhaustiveSearch is the same against all 2^n assignments.
func TestPlacesEqualAnExhaustiveSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bins := rapid.IntRange(3, 20).Draw(t, "bins")
		elements := drawElements(t, 11, bins)
		p, err := place(elements, bins, 1)
		if err != nil {
			t.Fatalf("no places: %v", err)
		}
		best := len(elements)
		for choice := range 1 << len(elements) {
			load, worst := make([]int, bins), 0
			for i, e := range elements {
				bin := e.bins[choice>>i&1]
				load[bin]++
				worst = max(worst, load[bin])
			}
			best = min(best, worst)
		}
		if p.layers != best {
			t.Fatalf("%d layers, %d suffice", p.layers, best)
		}
	})
}

// sessionElements maps n facts under a salt, as a session does.
func sessionElements(l Layout, n int, salt byte) []element {
	digests := make([][32]byte, n)
	for i := range digests {
		digests[i] = [32]byte{byte(i), byte(i >> 8), byte(i >> 16), 1}
	}
	return newMapper(l, [32]byte{salt}, [32]byte{2}, [32]byte{3}).elements(digests, 2)
}

func TestPlacesOfLargeTemplatesAreValidAndTheSameEveryTime(t *testing.T) {
	set, err := he.Set(he.Public8192)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 8000, 14000, 16300, 46000, MaxFacts} {
		if testing.Short() && n > 16000 {
			break
		}
		l := Layout{Set: set, Groups: 1, Bins: set.N(), Columns: 1}
		elements := sessionElements(l, n, 1)
		p, err := place(elements, l.Bins, 1)
		if err != nil {
			t.Fatal(err)
		}
		checkPlaces(t, p, elements)
		again, err := place(slices.Clone(elements), l.Bins, 1)
		if err != nil || !slices.Equal(p.fact, again.fact) {
			t.Errorf("%d facts: placed again they lie elsewhere, error %v", n, err)
		}
	}
}

// TestEveryLayoutLeavesRoomForItsTemplate: the number of layers is guessed when a
// layout is chosen and found when the salt is known. Were the guess far off, every
// salt would be a bad one.
func TestEveryLayoutLeavesRoomForItsTemplate(t *testing.T) {
	most, over := 0, 0
	for _, tenant := range []int{1, 3000, MaxFacts} {
		for _, template := range []int{1, 7, 60, 900, 7000, 46000, MaxFacts} {
			for _, minimum := range []he.SetID{he.Small4096, he.Public8192} {
				l, err := ChooseLayout(minimum, Bucket(tenant), template)
				if err != nil {
					t.Fatal(err)
				}
				p, err := place(sessionElements(l, template, 2), l.Bins, l.fewestLayers(template))
				if err != nil {
					t.Fatalf("%d against %d: %v", tenant, template, err)
				}
				if guess := max(expectedLayers(template, l.Bins), l.fewestLayers(template)); p.layers != guess {
					over++
				}
				checkUnknown(t, l, p)
				most = max(most, p.layers)
			}
		}
	}
	t.Logf("at most %d layers; the guess was off in %d of 42 layouts", most, over)
	if most > he.MaxReplies/rows*3/4 {
		t.Errorf("%d layers are close to the limit of %d", most, he.MaxReplies/rows)
	}
}

// checkUnknown holds that every layer keeps nearly as many places without a fact
// as a layout promises on average: spreading them is even to within chance.
func checkUnknown(t *testing.T, l Layout, p *places) {
	t.Helper()
	for layer := range p.layers {
		empty := 0
		for _, i := range p.layer(layer) {
			if i == none {
				empty++
			}
		}
		if empty < l.unknown()*3/4 {
			t.Errorf("layer %d of %d keeps %d places unknown, want about %d or more", layer, p.layers, empty, l.unknown())
		}
	}
}

func TestPlacesThatDoNotFitAskForAnotherSalt(t *testing.T) {
	elements := make([]element, 2*he.MaxReplies/rows+1)
	for i := range elements {
		elements[i] = element{x: 2, bins: [2]int32{0, 1}}
	}
	if _, err := place(elements[1:], 600, 1); err != nil {
		t.Errorf("two full bins: %v", err)
	}
	if _, err := place(elements, 600, 1); err == nil {
		t.Error("one fact more than two bins hold has a place")
	}
}

// TestFactsFallEvenly holds elements against the uniform distribution: each value
// of x once at most, and bins within five standard deviations.
func TestFactsFallEvenly(t *testing.T) {
	set, err := he.Set(he.Public8192)
	if err != nil {
		t.Fatal(err)
	}
	l := Layout{Set: set, Groups: 13, Bins: set.N() / 13, Columns: 1}
	load, seen := make([]int, l.Bins), map[uint64]bool{}
	elements := sessionElements(l, 100_000, 3)
	for _, e := range elements {
		if e.bins[0] == e.bins[1] || e.x < 2 || e.x >= set.T() || seen[e.x] {
			t.Fatalf("element %v", e)
		}
		seen[e.x] = true
		load[e.bins[0]]++
		load[e.bins[1]]++
	}
	square, mean := 0.0, float64(2*len(elements))/float64(l.Bins)
	for _, n := range load {
		square += (float64(n) - mean) * (float64(n) - mean) / mean
	}
	// Chi-squared with Bins-1 degrees of freedom: mean k, deviation sqrt(2k).
	if k := float64(l.Bins - 1); square < k-5*35.5 || square > k+5*35.5 {
		t.Errorf("chi-squared of the bins is %.0f, want about %.0f", square, k)
	}
}
