package he_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/veilschema/veil/he"
)

// Statistical tests under fixed seeds: they give the same figures every time.
// Limits are six standard deviations wide where a figure has one.

const draws = 1 << 20

// chiSquare compares counts with expected numbers and returns how many standard
// deviations the statistic is above its mean.
func chiSquare(counts, expected []float64) float64 {
	sum := 0.0
	for i, c := range counts {
		sum += (c - expected[i]) * (c - expected[i]) / expected[i]
	}
	freedom := float64(len(counts) - 1)
	return (sum - freedom) / math.Sqrt(2*freedom)
}

func TestTernaryIsUniform(t *testing.T) {
	values := make([]int8, draws)
	he.NewStream([32]byte{9}, "test", 0).Ternary(values)
	counts := make([]float64, 3)
	for _, v := range values {
		counts[v+1]++
	}
	third := float64(draws) / 3
	if d := chiSquare(counts, []float64{third, third, third}); d > 6 {
		t.Errorf("counts of -1, 0, 1 are %v, %.1f deviations off", counts, d)
	}
}

func TestErrorsAreCentredBinomial(t *testing.T) {
	values := make([]int8, draws)
	he.NewStream([32]byte{10}, "test", 0).Binomial(values)
	counts, expected := make([]float64, 43), make([]float64, 43)
	sum, squares := 0.0, 0.0
	for _, v := range values {
		counts[v+21]++
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	// P(v) = binom(42, 21+v) / 2^42.
	for i := range expected {
		b, _ := new(big.Float).SetInt(new(big.Int).Binomial(42, int64(i))).Float64()
		expected[i] = b / (1 << 42) * draws
	}
	// The tails are pooled so that no expected count is small.
	const tail = 10
	pool := func(x []float64) []float64 {
		out := append([]float64{}, x[tail:43-tail]...)
		for i := range tail {
			out[0] += x[i]
			out[len(out)-1] += x[42-i]
		}
		return out
	}
	if d := chiSquare(pool(counts), pool(expected)); d > 6 {
		t.Errorf("the distribution is %.1f deviations off", d)
	}
	mean, variance := sum/draws, squares/draws
	if math.Abs(mean) > 6*math.Sqrt(10.5/draws) || math.Abs(variance-10.5) > 6*10.5*math.Sqrt(2.0/draws) {
		t.Errorf("mean %.4f and variance %.4f, want 0 and 10.5", mean, variance)
	}
}

func TestBelowIsUniform(t *testing.T) {
	s := he.NewStream([32]byte{11}, "test", 0)
	for _, bound := range []uint64{1, 2, 3, 5, 64, 65, 1000} {
		counts, expected := make([]float64, bound), make([]float64, bound)
		for range 1 << 16 {
			counts[s.Below(bound)]++
		}
		for i := range expected {
			expected[i] = float64(1<<16) / float64(bound)
		}
		if bound > 1 {
			if d := chiSquare(counts, expected); d > 6 {
				t.Errorf("below %d: %.1f deviations off", bound, d)
			}
		}
	}
	for _, bound := range []uint64{1 << 63, 1<<63 + 1, math.MaxUint64} {
		high := 0
		for range 1 << 10 {
			v := s.Below(bound)
			if v >= bound {
				t.Fatalf("below %d: got %d", bound, v)
			}
			if v >= bound/2 {
				high++
			}
		}
		if high < 416 || high > 608 { // 512 +- 6 * 16
			t.Errorf("below %d: %d of 1024 draws in the upper half", bound, high)
		}
	}
}

// TestFloodIsUniformAndReachesItsEnds looks at bounds on both sides of one and
// two words, where the masks change.
func TestFloodIsUniformAndReachesItsEnds(t *testing.T) {
	power := func(n uint, add int64) *big.Int {
		x := new(big.Int).Lsh(big.NewInt(1), n)
		return x.Add(x, big.NewInt(add))
	}
	s := he.NewStream([32]byte{12}, "test", 0)
	bounds := []*big.Int{power(62, -1), power(62, 1), power(63, -1), power(63, 0), power(63, 1), power(64, -1), power(64, 0), power(64, 1), power(126, -1)}
	for _, p := range vettedSets(t) {
		bounds = append(bounds, p.FloodBound())
	}
	const cells = 64
	for _, f := range bounds {
		width := new(big.Int).Lsh(f, 1)
		width.Add(width, big.NewInt(1)) // 2F + 1 values
		counts, expected := make([]float64, cells), make([]float64, cells)
		for range 1 << 16 {
			v := s.Flood(f)
			if v.Sign() < 0 || v.Cmp(width) >= 0 {
				t.Fatalf("F = %d: drew %d outside [0, 2F]", f, v)
			}
			cell := v.Mul(v, big.NewInt(cells))
			counts[cell.Div(cell, width).Int64()]++
		}
		for i := range expected {
			expected[i] = 1 << 16 / cells
		}
		if d := chiSquare(counts, expected); d > 6 {
			t.Errorf("F = %d: %.1f deviations off uniform", f, d)
		}
	}
	seen := map[string]bool{}
	for range 1 << 8 {
		seen[s.Flood(big.NewInt(1)).String()] = true
	}
	if len(seen) != 3 {
		t.Errorf("F = 1 draws %v, want 0, 1 and 2", seen)
	}
}

func TestStreamsUnderOtherKeysLabelsOrIndicesAreUnrelated(t *testing.T) {
	first := func(key [32]byte, label string, index uint64) uint64 {
		return he.NewStream(key, label, index).Uint64()
	}
	base := first([32]byte{1}, "ab", 0)
	if first([32]byte{1}, "ab", 0) != base {
		t.Error("the same key, label and index gave other words")
	}
	for name, word := range map[string]uint64{
		"key":   first([32]byte{2}, "ab", 0),
		"label": first([32]byte{1}, "ac", 0),
		"index": first([32]byte{1}, "ab", 1),
		// One byte moved from the index to the label.
		"boundary": first([32]byte{1}, "ab\x00", 0),
	} {
		if word == base {
			t.Errorf("another %s gave the same words", name)
		}
	}
}

func TestSmallIntegersAgreeModuloEveryPrime(t *testing.T) {
	small := make([]int8, 256)
	for i := range small {
		small[i] = int8(i - 128)
	}
	for _, p := range vettedSets(t) {
		for i, residues := range p.SmallResidues(small) {
			q := new(big.Int).SetUint64(p.Primes()[i])
			for j, v := range residues {
				if want := new(big.Int).Mod(big.NewInt(int64(small[j])), q).Uint64(); v != want {
					t.Fatalf("%s, prime %d: %d became %d, want %d", p, i, small[j], v, want)
				}
			}
		}
	}
}

// TestErrorsOfSubmissionsAgreeModuloEveryPrime reads the errors of a fresh
// submission back with the key: had the primes drawn apart, the phase would be
// anything but round(Q m / t) plus something small.
func TestErrorsOfSubmissionsAgreeModuloEveryPrime(t *testing.T) {
	for _, p := range vettedSets(t) {
		draw := slotDrawer(p, 3, [32]byte{13})
		columns := [][]uint64{draw(), draw()}
		key, sub, err := he.Encrypt(p, [32]byte{14}, columns, 1)
		if err != nil {
			t.Fatal(err)
		}
		r := newReference(p)
		squares, count := 0.0, 0.0
		for k := -1; k < len(columns); k++ {
			message := zeros(p.N())
			if k >= 0 {
				message = r.encode(columns[k])
			}
			for j, v := range openColumn(p, key, sub, k) {
				e := v.Sub(v, message[j])
				e.Mod(e, p.Q())
				if e.Cmp(new(big.Int).Rsh(p.Q(), 1)) > 0 {
					e.Sub(e, p.Q())
				}
				if e.CmpAbs(big.NewInt(21)) > 0 {
					t.Fatalf("%s, column %d, coefficient %d: error %d, want at most 21", p, k, j, e)
				}
				squares += float64(e.Int64() * e.Int64())
				count++
			}
		}
		if v := squares / count; math.Abs(v-10.5) > 6*10.5*math.Sqrt(2/count) {
			t.Errorf("%s: errors have variance %.3f, want 10.5", p, v)
		}
	}
}

// openColumn returns the phase of a column, as integers of [0, Q).
func openColumn(p *he.Parameters, key *he.Key, s *he.Submission, column int) []*big.Int {
	c0, c1 := s.Column(column), s.Mask(column)
	r0, r1 := make([][]uint64, len(c0)), make([][]uint64, len(c0))
	for i := range c0 {
		r0[i], r1[i] = make([]uint64, p.N()), make([]uint64, p.N())
		p.SubRing(i).INTT(c0[i], r0[i])
		p.SubRing(i).INTT(c1[i], r1[i])
	}
	return lift(p, key.Phase(r0, r1))
}

// lift returns the integers of [0, Q) with these residues.
func lift(p *he.Parameters, residues [][]uint64) []*big.Int {
	out := zeros(p.N())
	for i, q := range p.Primes() {
		rest := new(big.Int).Div(p.Q(), new(big.Int).SetUint64(q))
		rest.Mul(rest, new(big.Int).ModInverse(rest, new(big.Int).SetUint64(q)))
		term := new(big.Int)
		for j, v := range residues[i] {
			out[j].Add(out[j], term.Mul(rest, term.SetUint64(v)))
		}
	}
	for _, v := range out {
		v.Mod(v, p.Q())
	}
	return out
}
