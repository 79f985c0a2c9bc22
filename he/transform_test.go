package he_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tuneinsight/lattigo/v5/ring"

	"github.com/veilschema/veil/he"
)

// TestTransformsAreTheLibrarys holds the late-reducing transforms against those
// of the library, for every prime in use and for the widest and narrower ones at
// all degrees, on random values and on the largest.
func TestTransformsAreTheLibrarys(t *testing.T) {
	for _, n := range []int{64, 128, 256, 512, 4096, 8192} {
		for _, width := range []int{20, 31, 40, 49, 50, 51, 52, 57, 58, 59, 60} {
			t.Run(fmt.Sprintf("%d values of %d bits", n, width), func(t *testing.T) { checkTransform(t, n, width) })
		}
	}
}

func checkTransform(t *testing.T, n, width int) {
	generator := ring.NewNTTFriendlyPrimesGenerator(uint64(width), uint64(2*n))
	primes, err := generator.NextDownstreamPrimes(1)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ring.NewRing(n, primes)
	if err != nil {
		t.Fatal(err)
	}
	stream, q := he.NewStream([32]byte{7}, "transform", uint64(width)), primes[0]
	for round := range 8 {
		values := make([]uint64, n)
		for i := range values {
			values[i] = stream.Below(q)
			if round == 0 || round == 1 && i%2 == 0 {
				values[i] = q - 1
			}
		}
		compareTransforms(t, r.SubRings[0], values)
	}
}

func compareTransforms(t *testing.T, s *ring.SubRing, values []uint64) {
	t.Helper()
	want, got := make([]uint64, len(values)), slices.Clone(values)
	s.NTT(values, want)
	he.Forward(s, got)
	if !slices.Equal(got, want) {
		t.Fatal("the forward transform differs from the library's")
	}
	he.Inverse(s, got)
	if !slices.Equal(got, values) {
		t.Fatal("the inverse transform does not undo the forward one")
	}
	s.INTT(values, want)
	got = slices.Clone(values)
	he.Inverse(s, got)
	if !slices.Equal(got, want) {
		t.Fatal("the inverse transform differs from the library's")
	}
}
