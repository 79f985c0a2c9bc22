package he

import (
	"math/bits"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// transform is the negacyclic number-theoretic transform modulo one prime, with
// the library's roots and order: the library's own is its reference
// (TestTransformsAreTheLibrarys). Transforms are more than half of a comparison's
// time, and this one is about a sixth faster, because it reduces late.
//
// A butterfly multiplies by a root w with its Shoup constant, which takes any
// 64-bit value to below 2q without reducing it first (Harvey, "Faster arithmetic for
// number-theoretic transforms", 2014). So values may grow by 2q a stage, and
// are cut back only where the next stages would pass 2^64. Two stages are done
// at a time, and three at the end that has pairs of neighbours.
type transform struct {
	q    uint64
	n    int
	unit Factor // 1, to reduce any 64-bit value
	// roots and inverses are the powers of a primitive 2N-th root in
	// bit-reversed order (Longa and Naehrig 2016).
	roots, inverses []Factor
	// scale is 1/N and last is inverses[1]/N, for the last inverse stage.
	scale, last Factor
	// stock is the library's inverse, for primes too wide for this one.
	stock *ring.SubRing
}

func newTransform(s *ring.SubRing) *transform {
	q := s.Modulus
	x := &transform{q: q, n: s.N, unit: newFactor(1, q), stock: s}
	plain := func(montgomery uint64) uint64 { return ring.IMForm(montgomery, q, s.MRedConstant) }
	for i := range s.RootsForward {
		x.roots = append(x.roots, newFactor(plain(s.RootsForward[i]), q))
		x.inverses = append(x.inverses, newFactor(plain(s.RootsBackward[i]), q))
	}
	scale := plain(s.NInv)
	x.scale = newFactor(scale, q)
	x.last = newFactor(ring.BRed(scale, x.inverses[1].w, q, s.BRedConstant), q)
	return x
}

// lazy returns a*w mod q plus 0 or q, for any a.
func (w Factor) lazy(a, q uint64) uint64 {
	hi, _ := bits.Mul64(a, w.shoup)
	return a*w.w - hi*q
}

// strict returns a*w mod q, for any a.
func (w Factor) strict(a, q uint64) uint64 {
	r := w.lazy(a, q)
	return min(r, r-q) // r-q wraps where r is below q
}

// forward turns coefficients in [0, q) into values in [0, q), in place.
func (x *transform) forward(a []uint64) {
	a = a[:x.n]
	// Values are below bound*q. cut takes them from below 16q to below 8q where the
	// next stages would not fit; only primes of 60 bits come to that, the
	// bound of all stages together being 31 at N = 2^15.
	bound, limit := uint64(1), ^uint64(0)/x.q
	cut := func(stages uint64) (amount uint64) {
		if bound+2*stages > limit {
			amount, bound = 8*x.q, 8
		}
		bound += 2 * stages
		return amount
	}
	blocks, half := 1, x.n/2
	for ; half >= 16; blocks, half = 4*blocks, half/4 {
		x.forward4(a, blocks, half/2, cut(2))
	}
	if half == 8 {
		x.forward2(a, blocks, cut(1))
		blocks *= 2
	}
	x.forward8(a, blocks, cut(3))
}

// forward4 does two stages on blocks of four quarters. Where amount is not 0,
// values not below it are reduced by it first.
func (x *transform) forward4(a []uint64, blocks, quarter int, amount uint64) {
	q, q2 := x.q, 2*x.q
	for i := range blocks {
		w, even, odd := x.roots[blocks+i], x.roots[2*(blocks+i)], x.roots[2*(blocks+i)+1]
		b := a[4*i*quarter : 4*(i+1)*quarter]
		b0, b1, b2, b3 := b[:quarter], b[quarter:2*quarter], b[2*quarter:3*quarter], b[3*quarter:]
		b1, b2, b3 = b1[:len(b0)], b2[:len(b0)], b3[:len(b0)]
		for j := range b0 {
			v0, v1 := min(b0[j], b0[j]-amount), min(b1[j], b1[j]-amount)
			v2, v3 := w.lazy(b2[j], q), w.lazy(b3[j], q)
			u1, u3 := even.lazy(v1+v3, q), odd.lazy(v1+q2-v3, q)
			u0, u2 := v0+v2, v0+q2-v2
			b0[j], b1[j] = u0+u1, u0+q2-u1
			b2[j], b3[j] = u2+u3, u2+q2-u3
		}
	}
}

// forward2 does one stage on blocks of sixteen.
func (x *transform) forward2(a []uint64, blocks int, amount uint64) {
	q, q2 := x.q, 2*x.q
	for i := range blocks {
		w, b := x.roots[blocks+i], (*[16]uint64)(a[16*i:])
		for j := range 8 {
			v0, v1 := min(b[j], b[j]-amount), w.lazy(b[j+8], q)
			b[j], b[j+8] = v0+v1, v0+q2-v1
		}
	}
}

// forward8 does the last three stages on blocks of eight and reduces.
func (x *transform) forward8(a []uint64, blocks int, amount uint64) {
	q, q2 := x.q, 2*x.q
	for i := range blocks {
		b := (*[8]uint64)(a[8*i:])
		w1 := x.roots[blocks+i]
		w2 := (*[2]Factor)(x.roots[2*(blocks+i):])
		w4 := (*[4]Factor)(x.roots[4*(blocks+i):])
		for j := range 4 {
			v0, v1 := min(b[j], b[j]-amount), w1.lazy(b[j+4], q)
			b[j], b[j+4] = v0+v1, v0+q2-v1
		}
		for h := range 2 {
			c := (*[4]uint64)(b[4*h:])
			u1, u3 := w2[h].lazy(c[2], q), w2[h].lazy(c[3], q)
			v0, v2 := c[0]+u1, c[0]+q2-u1
			v1, v3 := w4[2*h].lazy(c[1]+u3, q), w4[2*h+1].lazy(c[1]+q2-u3, q)
			c[0], c[1] = x.unit.strict(v0+v1, q), x.unit.strict(v0+q2-v1, q)
			c[2], c[3] = x.unit.strict(v2+v3, q), x.unit.strict(v2+q2-v3, q)
		}
	}
}

// inverse turns values in [0, q) into coefficients in [0, q), in place. Sums
// double with every stage and are never cut back, which a prime of the plaintext
// leaves room for; a wider one goes to the library.
func (x *transform) inverse(a []uint64) {
	a = a[:x.n]
	if bits.Len64(x.q)+bits.Len(uint(x.n)) > 64 {
		x.stock.INTT(a, a)
		return
	}
	x.inverse8(a)
	bound := 8 * x.q
	blocks, half := x.n/16, 8
	if bits.Len(uint(blocks))%2 == 1 {
		x.inverse2(a, blocks, half, bound)
		bound, blocks, half = 2*bound, blocks/2, 2*half
	}
	for ; blocks > 2; blocks, half = blocks/4, 4*half {
		x.inverse4(a, blocks/2, half, bound)
		bound *= 4
	}
	x.inverseLast(a, bound)
}

// inverse8 does the first three stages on blocks of eight.
func (x *transform) inverse8(a []uint64) {
	q := x.q
	for i := range x.n / 8 {
		b := (*[8]uint64)(a[8*i:])
		w1 := x.inverses[x.n/8+i]
		w2 := (*[2]Factor)(x.inverses[x.n/4+2*i:])
		w4 := (*[4]Factor)(x.inverses[x.n/2+4*i:])
		for h := range 2 {
			c := (*[4]uint64)(b[4*h:])
			v0, v1 := c[0]+c[1], w4[2*h].lazy(c[0]+q-c[1], q)
			v2, v3 := c[2]+c[3], w4[2*h+1].lazy(c[2]+q-c[3], q)
			c[0], c[2] = v0+v2, w2[h].lazy(v0+2*q-v2, q)
			c[1], c[3] = v1+v3, w2[h].lazy(v1+2*q-v3, q)
		}
		for j := range 4 {
			v0, v1 := b[j], b[j+4]
			b[j], b[j+4] = v0+v1, w1.lazy(v0+4*q-v1, q)
		}
	}
}

// inverse2 does one stage; values are at most bound.
func (x *transform) inverse2(a []uint64, blocks, half int, bound uint64) {
	for i := range blocks {
		w := x.inverses[blocks+i]
		b0, b1 := a[2*i*half:(2*i+1)*half], a[(2*i+1)*half:(2*i+2)*half]
		b1 = b1[:len(b0)]
		for j := range b0 {
			v0, v1 := b0[j], b1[j]
			b0[j], b1[j] = v0+v1, w.lazy(v0+bound-v1, x.q)
		}
	}
}

// inverse4 does two stages on blocks of four quarters.
func (x *transform) inverse4(a []uint64, blocks, quarter int, bound uint64) {
	q := x.q
	for i := range blocks {
		w, even, odd := x.inverses[blocks+i], x.inverses[2*(blocks+i)], x.inverses[2*(blocks+i)+1]
		b := a[4*i*quarter : 4*(i+1)*quarter]
		b0, b1, b2, b3 := b[:quarter], b[quarter:2*quarter], b[2*quarter:3*quarter], b[3*quarter:]
		b1, b2, b3 = b1[:len(b0)], b2[:len(b0)], b3[:len(b0)]
		for j := range b0 {
			u0, u1 := b0[j]+b1[j], even.lazy(b0[j]+bound-b1[j], q)
			u2, u3 := b2[j]+b3[j], odd.lazy(b2[j]+bound-b3[j], q)
			b0[j], b2[j] = u0+u2, w.lazy(u0+2*bound-u2, q)
			b1[j], b3[j] = u1+u3, w.lazy(u1+2*q-u3, q)
		}
	}
}

// inverseLast does the last two stages, divides by N and reduces.
func (x *transform) inverseLast(a []uint64, bound uint64) {
	q, quarter := x.q, x.n/4
	even, odd := x.inverses[2], x.inverses[3]
	b0, b1, b2, b3 := a[:quarter], a[quarter:2*quarter], a[2*quarter:3*quarter], a[3*quarter:]
	b1, b2, b3 = b1[:len(b0)], b2[:len(b0)], b3[:len(b0)]
	for j := range b0 {
		u0, u1 := b0[j]+b1[j], even.lazy(b0[j]+bound-b1[j], q)
		u2, u3 := b2[j]+b3[j], odd.lazy(b2[j]+bound-b3[j], q)
		b0[j], b2[j] = x.scale.strict(u0+u2, q), x.last.strict(u0+2*bound-u2, q)
		b1[j], b3[j] = x.scale.strict(u1+u3, q), x.last.strict(u1+2*q-u3, q)
	}
}
