package he

import (
	"fmt"
	"math/bits"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// Labels of the streams an evaluator draws from.
const (
	labelEphemeral      = "ephemeral key"
	labelEphemeralError = "ephemeral error"
	labelFlood          = "flood"
)

// Matrix supplies the plaintext rows of one layer. Its methods are called from
// one goroutine, Column with k = 0, 1, ... in order and Constant after the
// last; every value must be in [0, t).
type Matrix interface {
	// Column writes the multipliers of column k, rows[o][slot] for row o.
	Column(k int, rows [][]uint64)
	// Constant writes what is added, rows[o][slot] for row o.
	Constant(rows [][]uint64)
}

// Work describes an evaluation: layers times rows replies, in that order.
type Work struct {
	// Layers and Rows count the layers and the replies of each.
	Layers, Rows int
	// Matrix returns the rows of one layer. It is called from several
	// goroutines, once for each layer.
	Matrix func(layer int) Matrix
	// Seed determines everything random in the replies. The caller binds it to
	// the submission: two submissions evaluated under one seed get the same
	// flooding, and the difference of their replies has none.
	Seed [32]byte
	// Workers bounds the goroutines; it does not change the result.
	Workers int
}

// Evaluate returns, for every layer and row, an encryption of
// sum_k column_k * row_k + constant, slot by slot, hidden under a fresh
// encryption of zero and under flooding noise, switched to short coefficients.
// It is a pure function of its arguments.
func Evaluate(s *Submission, w Work) (*Response, error) {
	// Each alone first: a product of two large numbers can wrap to a small one.
	if w.Layers < 1 || w.Rows < 1 || w.Layers > MaxReplies || w.Rows > MaxReplies || w.Layers*w.Rows > MaxReplies {
		return nil, fmt.Errorf("an evaluation has 1 to %d replies, not %d layers of %d", MaxReplies, w.Layers, w.Rows)
	}
	return evaluate(s, w, (*layerKernel).flood), nil
}

// flooder adds the noise that hides a reply's multipliers. The only one outside
// tests is layerKernel.flood.
type flooder func(k *layerKernel, stream *Stream, residues [][]uint64)

func evaluate(s *Submission, w Work, flood flooder) *Response {
	p := s.params
	masks := make([][][]uint64, len(s.columns)+1)
	parallel(len(masks), w.Workers, func() func(int) {
		return func(i int) {
			if i == len(s.columns) {
				masks[i] = p.expandMask(s.seed, labelZeroMask, 0)
			} else {
				masks[i] = p.expandMask(s.seed, labelMask, uint64(i))
			}
		}
	})
	out := &Response{params: p, replies: make([]reply, w.Layers*w.Rows)}
	parallel(w.Layers, w.Workers, func() func(int) {
		k := newLayerKernel(s, masks, w, flood)
		return func(layer int) {
			k.run(layer, out.replies[layer*w.Rows:(layer+1)*w.Rows])
		}
	})
	return out
}

// layerKernel computes the replies of one layer after another. It owns its
// buffers; every goroutine has one.
type layerKernel struct {
	*Parameters
	s     *Submission
	masks [][][]uint64
	work  Work
	noise flooder

	rows  [][]uint64 // slots of the current column, [row][N]
	coeff []uint64   // the same as coefficients
	plain []uint64   // the same under one prime's transform
	small []int8     // ternary and binomial draws
	sums  []pairSum  // one a row and prime, [row*primes+prime]
	c0    [][]uint64 // residues of the reply being finished, [prime][N]
	c1    [][]uint64
}

func newLayerKernel(s *Submission, masks [][][]uint64, w Work, flood flooder) *layerKernel {
	p := s.params
	k := &layerKernel{Parameters: p, s: s, masks: masks, work: w, noise: flood}
	k.rows = newVectors(w.Rows, p.n)
	k.coeff, k.plain = make([]uint64, p.n), make([]uint64, p.n)
	k.small = make([]int8, p.n)
	k.sums = make([]pairSum, w.Rows*len(p.moduli))
	for i := range k.sums {
		k.sums[i] = make(pairSum, p.n)
	}
	k.c0, k.c1 = newVectors(len(p.moduli), p.n), newVectors(len(p.moduli), p.n)
	return k
}

func newVectors(count, n int) [][]uint64 {
	v := make([][]uint64, count)
	for i := range v {
		v[i] = make([]uint64, n)
	}
	return v
}

func (k *layerKernel) run(layer int, replies []reply) {
	matrix := k.work.Matrix(layer)
	for _, s := range k.sums {
		clear(s)
	}
	for c := range k.s.columns {
		matrix.Column(c, k.rows)
		for o, slots := range k.rows {
			k.field.transform.inverse(slots) // the next column overwrites them
			for i, m := range k.moduli {
				m.lift(slots, k.t, k.plain)
				m.transform.forward(k.plain)
				k.sums[o*len(k.moduli)+i].add(k.plain, k.s.columns[c][i], k.masks[c][i])
			}
		}
	}
	matrix.Constant(k.rows)
	for o := range k.rows {
		replies[o] = k.finish(o, uint64(layer*k.work.Rows+o))
	}
}

// finish turns the sums of row o into the reply with that index: adds the
// fresh encryption of zero, the constant and the flood, and switches.
func (k *layerKernel) finish(o int, index uint64) reply {
	NewStream(k.work.Seed, labelEphemeral, index).ternary(k.small)
	zeroMask := k.masks[len(k.masks)-1]
	for i, m := range k.moduli {
		sum := k.sums[o*len(k.moduli)+i]
		m.fromSmall(k.small, k.plain)
		m.transform.forward(k.plain)
		sum.add(k.plain, k.s.zero[i], zeroMask[i])
		sum.reduce(m, k.c0[i], k.c1[i])
		m.INTT(k.c0[i], k.c0[i])
		m.INTT(k.c1[i], k.c1[i])
	}
	k.field.toCoefficients(k.rows[o], k.coeff)
	k.scale(k.coeff)
	NewStream(k.work.Seed, labelEphemeralError, index).binomial(k.small)
	for i, m := range k.moduli {
		k.addMessage(m, k.coeff, k.c0[i])
		m.fromSmall(k.small, k.plain)
		m.Add(k.c1[i], k.plain, k.c1[i])
	}
	k.noise(k, NewStream(k.work.Seed, labelFlood, index), k.c0)
	return reply{
		c0: k.switchModulus(k.c0, k.replyBits0),
		c1: k.switchModulus(k.c1, k.replyBits1),
	}
}

// flood adds noise uniform in [-F, F] to every coefficient, the same integer
// modulo every prime.
func (k *layerKernel) flood(stream *Stream, residues [][]uint64) {
	for j := range k.n {
		hi, lo := stream.flood(k.floodHi, k.floodLo)
		for i, m := range k.moduli {
			v := ring.CRed(bits.Rem64(hi, lo, m.q)+m.q-m.floodMod, m.q)
			residues[i][j] = ring.CRed(residues[i][j]+v, m.q)
		}
	}
}

// lift writes values of [0, t), t < q, as residues of their representatives in
// (-t/2, t/2], which halves the noise against [0, t).
func (m *modulus) lift(values []uint64, t uint64, dst []uint64) {
	half, wrap := t>>1, m.q-t
	for j, v := range values {
		if v > half {
			v += wrap
		}
		dst[j] = v
	}
}

// pairSum accumulates products for both components of a ciphertext in 128 bits,
// reduced once at the end: MaxColumns products of two residues below
// 2^maxModulusBits and the masking term fit.
type pairSum []struct{ hi0, lo0, hi1, lo1 uint64 }

// add adds plain*c0 and plain*c1, coefficient by coefficient.
func (s pairSum) add(plain, c0, c1 []uint64) {
	plain, c0, c1 = plain[:len(s)], c0[:len(s)], c1[:len(s)]
	for j := range s {
		x := &s[j]
		hi, lo := bits.Mul64(plain[j], c0[j])
		var carry uint64
		x.lo0, carry = bits.Add64(x.lo0, lo, 0)
		x.hi0 += hi + carry
		hi, lo = bits.Mul64(plain[j], c1[j])
		x.lo1, carry = bits.Add64(x.lo1, lo, 0)
		x.hi1 += hi + carry
	}
}

// reduce writes the sums modulo one prime.
func (s pairSum) reduce(m *modulus, c0, c1 []uint64) {
	for j, x := range s {
		c0[j] = m.reduce128(x.hi0, x.lo0)
		c1[j] = m.reduce128(x.hi1, x.lo1)
	}
}

// reduce128 returns hi 2^64 + lo mod q.
func (m *modulus) reduce128(hi, lo uint64) uint64 {
	h := ring.MRed(ring.BRedAdd(hi, m.q, m.BRedConstant), m.two64, m.q, m.MRedConstant)
	return ring.CRed(h+ring.BRedAdd(lo, m.q, m.BRedConstant), m.q)
}
