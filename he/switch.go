package he

import (
	"math/bits"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// switchModulus returns round(2^k c / Q) mod 2^k for every coefficient c of
// [0, Q) given by its residues, 1 <= k <= 64.
//
// A reply needs no arithmetic any more, so its modulus is a power of two and no
// prime: coefficients are exactly as wide as decryption needs, c0 narrower than
// c1, and c1's error alone meets the key. By the Chinese remainder theorem
//
//	c / Q = sum_i x_i / q_i (mod 1),  x_i = c_i (Q/q_i)^-1 mod q_i.
//
// The fractions are taken to 128 bits, rounded down, so the sum is short by less
// than (number of primes) 2^-128; this is the definition, on every machine.
func (p *Parameters) switchModulus(residues [][]uint64, k int) []uint64 {
	out := make([]uint64, p.n)
	// Half a unit, 2^(127-k) of 2^128, to round to nearest.
	halfHi, halfLo := uint64(1)<<63>>k, uint64(0)
	if k == 64 {
		halfLo = 1 << 63
	}
	for j := range out {
		hi, lo := halfHi, halfLo
		for i, m := range p.moduli {
			x := ring.MRed(residues[i][j], m.qHatInv, m.q, m.MRedConstant)
			h, r := bits.Div64(x, 0, m.q)
			l, _ := bits.Div64(r, 0, m.q)
			var carry uint64
			lo, carry = bits.Add64(lo, l, 0)
			hi += h + carry
		}
		out[j] = hi >> (64 - k)
	}
	return out
}
