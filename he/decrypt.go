package he

import (
	"fmt"
	"math/bits"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// Decrypt returns the slots of every reply, [reply][N]. The result is right
// whenever the submission and the replies were made by this package, and
// anything at all otherwise: it must not be shown to anybody before the
// evaluation was verified. A second call fails.
func (k *Key) Decrypt(r *Response, workers int) ([][]uint64, error) {
	if r.params != k.params {
		return nil, fmt.Errorf("the response is under parameter set %s and the key under %s; it answers another comparison", r.params, k.params)
	}
	if k.used.Swap(true) {
		return nil, errUsed
	}
	return k.decrypt(r, workers), nil
}

func (k *Key) decrypt(r *Response, workers int) [][]uint64 {
	out := make([][]uint64, len(r.replies))
	parallel(len(out), workers, func() func(int) {
		d := newDecryptor(k)
		return func(i int) { out[i] = d.slots(r.replies[i]) }
	})
	return out
}

// Wipe overwrites the key. It decrypts nothing afterwards.
func (k *Key) Wipe() {
	k.used.Store(true)
	for _, r := range k.secret.transformed {
		clear(r)
	}
}

// decryptor owns the buffers of one goroutine.
type decryptor struct {
	*Key
	product [2][]uint64
	// inverse is q_0^-1 mod q_1, in Montgomery form.
	inverse uint64
}

func newDecryptor(k *Key) *decryptor {
	p := k.params
	q0, m1 := p.moduli[0].q, p.moduli[1]
	inverse := ring.ModExp(q0%m1.q, m1.q-2, m1.q)
	return &decryptor{
		Key:     k,
		product: [2][]uint64{make([]uint64, p.n), make([]uint64, p.n)},
		inverse: ring.MForm(inverse, m1.q, m1.BRedConstant),
	}
}

// slots decrypts one reply: m = round(t phase / 2^k1) mod t, then the transform
// to slots.
func (d *decryptor) slots(r reply) []uint64 {
	out := d.phase(r)
	for j, v := range out {
		out[j] = d.params.round(v)
	}
	d.params.field.toSlots(out, out)
	return out
}

// phase returns c0 + c1 s modulo 2^k1, c0 scaled up to that modulus.
func (d *decryptor) phase(r reply) []uint64 {
	p := d.params
	d.multiply(r.c1)
	m0, m1 := p.moduli[0], p.moduli[1]
	k1 := p.replyBits1
	mask := ^uint64(0) >> (64 - k1)
	out := make([]uint64, p.n)
	for j := range out {
		z0, z1 := d.product[0][j], d.product[1][j]
		difference := z1 + m1.q - ring.BRedAdd(z0, m1.q, m1.BRedConstant)
		h := ring.MRed(difference, d.inverse, m1.q, m1.MRedConstant)
		z := z0 + m0.q*h // the product modulo 2^64
		if h > m1.q>>1 { // it is negative
			z -= m0.q * m1.q
		}
		out[j] = (r.c0[j]<<(k1-p.replyBits0) + z) & mask
	}
	return out
}

// multiply sets product to c1 s, exact over the integers: coefficients are at
// most N 2^k1, far below the product of two primes, so two residues suffice.
func (d *decryptor) multiply(c1 []uint64) {
	for i := range d.product {
		m := d.params.moduli[i]
		for j, v := range c1 {
			d.product[i][j] = ring.BRedAdd(v, m.q, m.BRedConstant)
		}
		m.transform.forward(d.product[i])
		m.MulCoeffsMontgomery(d.product[i], d.secret.transformed[i], d.product[i])
		m.INTT(d.product[i], d.product[i])
	}
}

// round returns round(t phase / 2^k1) mod t.
func (p *Parameters) round(phase uint64) uint64 {
	hi, lo := bits.Mul64(p.t, phase)
	k1 := p.replyBits1
	lo, carry := bits.Add64(lo, 1<<(k1-1), 0)
	hi += carry
	v := hi
	if k1 < 64 {
		v = hi<<(64-k1) | lo>>k1
	}
	if v >= p.t {
		v -= p.t
	}
	return v
}
