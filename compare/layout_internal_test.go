package compare

import (
	"math"
	"math/big"
	"math/bits"
	"testing"

	"pgregory.net/rapid"

	"github.com/veilschema/veil/he"
)

// overflows says whether bins * P(Binomial(facts, 2/bins) > d) > 2^-40, in whole
// numbers of any size: with B bins and n facts
//
//	P(k) B^n = C(n,k) 2^k (B-2)^(n-k).
//
// Terms are summed until the rest is less than the last one; where that leaves
// the answer open, it sums on.
func overflows(facts, bins, d int) bool {
	base := big.NewInt(int64(bins - 2))
	term := new(big.Int).Exp(base, big.NewInt(int64(facts)), nil)
	limit := new(big.Int).Exp(big.NewInt(int64(bins)), big.NewInt(int64(facts)), nil)
	limit.Rsh(limit, overflowBits)
	limit.Div(limit, big.NewInt(int64(bins))) // the sum is whole, so rounding down is exact
	sum := new(big.Int)
	for k := 0; k <= facts; k++ {
		if k > d {
			sum.Add(sum, term)
			if sum.Cmp(limit) > 0 {
				return true
			}
			// From k = 4 facts/(bins-2) on, terms more than halve.
			if k*(bins-2) > 4*facts && new(big.Int).Add(sum, term).Cmp(limit) <= 0 {
				return false
			}
		}
		term.Mul(term, big.NewInt(int64(2*(facts-k))))
		term.Div(term, big.NewInt(int64((bins-2)*(k+1)))) // exact: C(n,k+1) is whole
	}
	return false
}

func checkCapacity(t interface {
	Fatalf(string, ...any)
}, facts, bins int,
) {
	d, ok := binCapacity(facts, bins)
	if !ok {
		if empty := -float64(facts) * math.Log2(1-2/float64(bins)); empty < 829 {
			t.Fatalf("%d facts in %d bins are refused, where a bin stays empty with 2^-%.0f", facts, bins, empty)
		}
		return
	}
	if overflows(facts, bins, d) {
		t.Fatalf("%d facts in %d bins: a capacity of %d overflows", facts, bins, d)
	}
	if d > 1 && !overflows(facts, bins, d-1) {
		t.Fatalf("%d facts in %d bins: a capacity of %d suffices, not only %d", facts, bins, d-1, d)
	}
}

func TestBinCapacityIsTheExactTail(t *testing.T) {
	for facts := 1; facts < 60; facts++ {
		for bins := 3; bins < 40; bins++ {
			checkCapacity(t, facts, bins)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		checkCapacity(t, rapid.IntRange(1, 3000).Draw(t, "facts"), rapid.IntRange(3, 8192).Draw(t, "bins"))
	})
}

func TestBinCapacityOfLargeSchemasIsTheExactTail(t *testing.T) {
	for _, c := range []struct{ facts, bins int }{{10240, 2730}, {10240, 8192}, {47104, 1638}, {47104, 8192}, {6144, 128}, {MaxFacts, 8192}} {
		checkCapacity(t, c.facts, c.bins)
	}
}

// TestBinCapacityIsPinned: both sides, and whoever reads evidence years later,
// must get the same numbers.
func TestBinCapacityIsPinned(t *testing.T) {
	for _, c := range []struct{ facts, bins, want int }{
		{16, 585, 7}, {1024, 585, 26}, {10240, 2730, 39}, {47104, 1638, 128}, {MaxFacts, 8192, 88}, {MaxFacts, 512, 700}, {3, 4096, 3}, {1, 3, 1},
	} {
		if d, ok := binCapacity(c.facts, c.bins); d != c.want || !ok {
			t.Errorf("%d facts in %d bins: got %d, %t, want %d", c.facts, c.bins, d, ok, c.want)
		}
	}
	for _, c := range []struct{ facts, bins int }{{MaxFacts, 64}, {10, 2}, {10, 0}} {
		if d, ok := binCapacity(c.facts, c.bins); ok {
			t.Errorf("%d facts in %d bins: got %d, want none", c.facts, c.bins, d)
		}
	}
}

func TestScaledNumbersEqualFractions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) (scaled, *big.Float) {
			a := rapid.Uint64Range(1, 1<<62).Draw(t, name+" numerator") >> rapid.IntRange(0, 61).Draw(t, name+" shift")
			a, b := max(a, 1), rapid.Uint64Range(1, 1<<62).Draw(t, name+" denominator")
			exact := new(big.Float).SetPrec(400).SetUint64(a)
			return ratio(a, b), exact.Quo(exact, new(big.Float).SetUint64(b))
		}
		x, exactX := draw("x")
		y, exactY := draw("y")
		n := rapid.IntRange(0, 300).Draw(t, "n")
		power := big.NewFloat(1).SetPrec(400)
		for range n {
			power.Mul(power, exactX)
		}
		for name, c := range map[string]struct {
			got  scaled
			want *big.Float
		}{
			"x":   {x, exactX},
			"x y": {x.times(y), new(big.Float).Mul(exactX, exactY)},
			"x^n": {x.power(n), power},
		} {
			if bits.LeadingZeros64(c.got.mantissa) != 0 {
				t.Fatalf("%s has mantissa %#x", name, c.got.mantissa)
			}
			got := new(big.Float).SetPrec(400).SetUint64(c.got.mantissa)
			got.SetMantExp(got, c.got.exponent)
			if got.Cmp(c.want) > 0 {
				t.Fatalf("%s is rounded up", name)
			}
			// Short by less than one part in 2^50 after 300 products.
			if short := new(big.Float).Sub(c.want, got); short.Sign() > 0 && short.MantExp(nil)-c.want.MantExp(nil) > -50 {
				t.Fatalf("%s is %v, want %v", name, got, c.want)
			}
		}
	})
}

func TestBucketsHideSizesAtSmallCost(t *testing.T) {
	distinct := map[int]bool{}
	for n, before := 1, 0; n <= MaxFacts; n++ {
		b := Bucket(n)
		switch {
		case b < n || b < before || Bucket(b) != b:
			t.Fatalf("Bucket(%d) = %d after %d, and Bucket of that is %d", n, b, before, Bucket(b))
		case n >= 16 && 100*b > 112*n:
			t.Fatalf("Bucket(%d) = %d costs more than 12 %%", n, b)
		}
		// Padmé: after the leading one, only the first log2 log2 n + 1 of b's
		// binary digits are not zero.
		exponent := bits.Len(uint(b)) - 1
		if n >= 16 && bits.TrailingZeros(uint(b)) < exponent-bits.Len(uint(exponent)) {
			t.Fatalf("Bucket(%d) = %b has too many digits", n, b)
		}
		distinct[b], before = true, b
	}
	if Bucket(MaxFacts) != MaxFacts || Bucket(0) != 16 {
		t.Errorf("got %d and %d", Bucket(MaxFacts), Bucket(0))
	}
	t.Logf("%d sizes fall into %d buckets", MaxFacts, len(distinct))
}

func TestLayoutsKeepToTheirLimits(t *testing.T) {
	for tenant := 1; tenant <= MaxFacts; tenant += 1 + tenant/2 {
		for facts := 1; facts <= MaxFacts; facts += 1 + facts/2 {
			for _, minimum := range []he.SetID{he.SetUnknown, he.Small4096, he.Public8192} {
				l, err := ChooseLayout(minimum, Bucket(tenant), facts)
				if err != nil {
					t.Fatal(err)
				}
				d, ok := binCapacity(Bucket(tenant), l.Bins)
				switch {
				case l.Set.ID() < minimum:
					t.Fatalf("%d against %d: %s is below the minimum", tenant, facts, l.Set)
				case l.Groups < 1 || l.Groups*l.Bins > l.Set.N() || l.Columns < 1 || l.Columns > he.MaxColumns:
					t.Fatalf("%d against %d: %+v", tenant, facts, l)
				case !ok || l.Degree() < d || l.Degree() >= d+l.Groups:
					t.Fatalf("%d against %d: degree %d for a capacity of %d", tenant, facts, l.Degree(), d)
				case float64(l.unknown()) < 0.42*float64(l.Set.N())/math.Log2(float64(l.Set.T())):
					t.Fatalf("%d against %d: %d places of a layer stay unknown", tenant, facts, l.unknown())
				case l.Bins <= 2*l.unknown() || l.fewestLayers(facts)*(l.Bins-l.unknown()) < facts:
					t.Fatalf("%d against %d: %d layers of %d bins leave fewer than %d places unknown", tenant, facts, l.fewestLayers(facts), l.Bins, l.unknown())
				case l.Set.FalseMatch(facts, l.Degree()) > -falseMatchBits+0.001:
					t.Fatalf("%d against %d: false matches at 2^%.1f", tenant, facts, l.Set.FalseMatch(facts, l.Degree()))
				}
			}
		}
	}
}

func TestLayoutsThatCannotBeAreRefused(t *testing.T) {
	set, err := he.Set(he.Small4096)
	if err != nil {
		t.Fatal(err)
	}
	if l, _, ok := layoutWith(set, maxGroups, 16, 1); ok {
		t.Errorf("%d bins, of which %d stay unknown, are a layout", l.Bins, l.unknown())
	}
	for _, c := range []struct {
		minimum          he.SetID
		bucket, template int
	}{
		{0, 0, 1}, {0, -1, 1}, {0, 16, 0}, {0, 16, -1}, {0, MaxFacts + 1, 1}, {0, 16, MaxFacts + 1}, {he.Confidential8192, 16, 16}, {255, 16, 16},
	} {
		if l, err := ChooseLayout(c.minimum, c.bucket, c.template); err == nil {
			t.Errorf("%+v: got %+v", c, l)
		}
	}
}
