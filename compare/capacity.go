package compare

import "math/bits"

// binCapacity returns the smallest d >= 1 with
//
//	bins * P(Binomial(facts, 2/bins) > d) <= 2^-40,
//
// the chance that some bin gets more than d facts when every fact goes into two
// different bins. ok is false where bins are so full, about 575 facts each, that
// filling them would cost more than it saves.
//
// Both sides, and whoever judges between them, must get the same d, so the
// probabilities are integers: see scaled.
func binCapacity(facts, bins int) (d int, ok bool) {
	if bins < 3 {
		return 0, false
	}
	term := ratio(uint64(bins-2), uint64(bins)).power(facts) // P(0)
	if term.exponent < emptyBinExponent {
		return 0, false
	}
	// P(k+1) = P(k) * 2 (facts-k) / ((bins-2) (k+1)), until it is past its
	// peak and below the unit.
	var terms []uint64
	for k := 0; k <= facts; k++ {
		terms = append(terms, term.fixed())
		if k*bins > 2*facts && terms[k] == 0 {
			break
		}
		term = term.times(ratio(2*uint64(facts-k), uint64(bins-2)*uint64(k+1)))
	}
	limit := uint64(1) << (tailUnit - overflowBits) / uint64(bins)
	tail := uint64(0)
	for d = len(terms) - 1; d > 0; d-- {
		if tail += terms[d]; tail > limit {
			return d, true
		}
	}
	return 1, true
}

const (
	// emptyBinExponent is the smallest exponent of the probability of an empty
	// bin: 2^(63-893) is 2^-830.
	emptyBinExponent = -893

	// tailUnit is the unit, 2^-tailUnit, that tails are summed in. Terms from
	// 2^(62-tailUnit) exceed every limit and count as that much.
	tailUnit = 102
)

// scaled is a positive number mantissa * 2^exponent whose mantissa has its top
// bit set, or zero. Every operation cuts off below 64 bits, on every machine
// alike, which is what floating-point units do not promise.
type scaled struct {
	mantissa uint64
	exponent int
}

// ratio returns a/b for b > 0.
func ratio(a, b uint64) scaled {
	if a == 0 {
		return scaled{}
	}
	shiftA, shiftB := bits.LeadingZeros64(a), bits.LeadingZeros64(b)
	a, b = a<<shiftA, b<<shiftB
	q, _ := bits.Div64(a>>1, a<<63, b) // 2^63 a/b, above 2^62
	return scaled{q, shiftB - shiftA - 63}.normalised()
}

// times returns the product.
func (x scaled) times(y scaled) scaled {
	hi, _ := bits.Mul64(x.mantissa, y.mantissa)
	return scaled{hi, x.exponent + y.exponent + 64}.normalised()
}

func (x scaled) normalised() scaled {
	if x.mantissa == 0 {
		return scaled{}
	}
	shift := bits.LeadingZeros64(x.mantissa)
	return scaled{x.mantissa << shift, x.exponent - shift}
}

// power returns x^n by squaring.
func (x scaled) power(n int) scaled {
	r := ratio(1, 1)
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			r = r.times(x)
		}
		x = x.times(x)
	}
	return r
}

// fixed returns x in units of 2^-tailUnit, at most 2^62.
func (x scaled) fixed() uint64 {
	shift := -tailUnit - x.exponent
	switch {
	case x.mantissa == 0:
		return 0
	case shift < 2:
		return 1 << 62
	}
	return x.mantissa >> shift // 0 for shifts over 63
}
