package he

import (
	"fmt"
	"math/bits"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// Field is the arithmetic of the slots: the prime field Z_t with its transform
// between slots and coefficients. Safe for concurrent use.
type Field struct {
	t         uint64
	ring      *ring.SubRing
	transform *transform
}

func newField(n int, t uint64) (*Field, error) {
	s, err := newSubRing(n, t)
	if err != nil {
		return nil, fmt.Errorf("plaintext prime: %w", err)
	}
	return &Field{t: t, ring: s, transform: newTransform(s)}, nil
}

// T returns the prime.
func (f *Field) T() uint64 { return f.t }

// Add returns a + b mod t for a, b < t.
func (f *Field) Add(a, b uint64) uint64 {
	s := a + b
	if s >= f.t {
		s -= f.t
	}
	return s
}

// Sub returns a - b mod t for a, b < t.
func (f *Field) Sub(a, b uint64) uint64 {
	if a < b {
		a += f.t
	}
	return a - b
}

// Mul returns a * b mod t for a, b < t (Barrett).
func (f *Field) Mul(a, b uint64) uint64 {
	return ring.BRed(a, b, f.t, f.ring.BRedConstant)
}

// Factor is a fixed multiplier with its Shoup constant floor(w 2^64 / t), which
// makes a product cost two multiplications.
type Factor struct{ w, shoup uint64 }

// NewFactor prepares w < t.
func (f *Field) NewFactor(w uint64) Factor { return newFactor(w, f.t) }

// newFactor prepares w < q.
func newFactor(w, q uint64) Factor {
	shoup, _ := bits.Div64(w, 0, q)
	return Factor{w, shoup}
}

// MulFactor returns a * w mod t for any a (Shoup; Harvey 2014, algorithm 2).
func (f *Field) MulFactor(a uint64, w Factor) uint64 { return w.strict(a, f.t) }

// Invert replaces every non-zero value by its inverse mod t and leaves zeros,
// with one exponentiation for all of them (Montgomery's trick).
func (f *Field) Invert(values []uint64) {
	prefix := make([]uint64, len(values))
	acc := uint64(1)
	for i, v := range values {
		prefix[i] = acc
		if v != 0 {
			acc = f.Mul(acc, v)
		}
	}
	inv := ring.ModExp(acc, f.t-2, f.t)
	for i := len(values) - 1; i >= 0; i-- {
		if v := values[i]; v != 0 {
			values[i] = f.Mul(inv, prefix[i])
			inv = f.Mul(inv, v)
		}
	}
}

// toCoefficients turns N slots into N coefficients.
func (f *Field) toCoefficients(slots, coefficients []uint64) {
	copy(coefficients, slots)
	f.transform.inverse(coefficients)
}

// toSlots turns N coefficients into N slots.
func (f *Field) toSlots(coefficients, slots []uint64) {
	copy(slots, coefficients)
	f.transform.forward(slots)
}
