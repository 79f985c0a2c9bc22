package he

import (
	"crypto/sha256"
	"math/big"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// What the tests may do and nobody else can: build parameters of toy size, read
// a key, watch an evaluation from inside, leave its flooding out, and craft
// submissions that Encrypt would never make.

// TestSet describes parameters that need not be secure.
type TestSet struct {
	LogN                   int
	Primes                 []uint64
	T                      uint64
	ReplyBits0, ReplyBits1 int
}

// TestSetID is the number of every TestSet on the wire.
const TestSetID SetID = 255

// NewTestParameters checks and builds s as Set does, with no limit on Q.
func NewTestParameters(s TestSet) (*Parameters, error) {
	return newParameters(literal{
		id: TestSetID, name: "test", logN: s.LogN, primes: s.Primes, t: s.T,
		replyBits0: s.ReplyBits0, replyBits1: s.ReplyBits1,
		security: "none", maxLogQ: 1 << 10,
	})
}

// Primes returns the primes of Q in their order on the wire.
func (p *Parameters) Primes() []uint64 { return p.primes }

// Q returns the ciphertext modulus.
func (p *Parameters) Q() *big.Int { return p.q }

// ReplyBits returns k0 and k1.
func (p *Parameters) ReplyBits() (int, int) { return p.replyBits0, p.replyBits1 }

// MaxLogQ returns the security level's limit on log2 Q.
func (p *Parameters) MaxLogQ() int { return p.maxLogQ }

// DecryptionLoad returns the left side over the right side of the condition for
// decryption.
func (p *Parameters) DecryptionLoad(columns int) float64 { return p.decryptionLoad(columns) }

// ToSlots and ToCoefficients are the plaintext's transform.
func (p *Parameters) ToSlots(coefficients, slots []uint64) { p.field.toSlots(coefficients, slots) }

// ToCoefficients is the inverse of ToSlots.
func (p *Parameters) ToCoefficients(slots, coefficients []uint64) {
	p.field.toCoefficients(slots, coefficients)
}

// Draws are the samplers of a stream.
func (s *Stream) Ternary(dst []int8) { s.ternary(dst) }

// Binomial draws errors.
func (s *Stream) Binomial(dst []int8) { s.binomial(dst) }

// Flood draws one value of [0, 2F].
func (s *Stream) Flood(f *big.Int) *big.Int {
	lo := new(big.Int).And(f, new(big.Int).SetUint64(^uint64(0)))
	hi, l := s.flood(new(big.Int).Rsh(f, 64).Uint64(), lo.Uint64())
	v := new(big.Int).Lsh(new(big.Int).SetUint64(hi), 64)
	return v.Add(v, new(big.Int).SetUint64(l))
}

// SmallResidues returns small integers as residues modulo each prime.
func (p *Parameters) SmallResidues(small []int8) [][]uint64 {
	out := newVectors(len(p.moduli), len(small))
	for i, m := range p.moduli {
		m.fromSmall(small, out[i])
	}
	return out
}

// Secret returns the coefficients of s.
func (k *Key) Secret() []int8 {
	m := k.params.moduli[0]
	r := make([]uint64, k.params.n)
	m.IMForm(k.secret.transformed[0], r)
	m.INTT(r, r)
	out := make([]int8, len(r))
	for j, v := range r {
		switch v {
		case 1:
			out[j] = 1
		case m.q - 1:
			out[j] = -1
		}
	}
	return out
}

// Phase returns c0 + c1 s modulo each prime, for coefficients modulo each prime.
func (k *Key) Phase(c0, c1 [][]uint64) [][]uint64 {
	out := newVectors(len(c0), k.params.n)
	for i, m := range k.params.moduli {
		m.NTT(c1[i], out[i])
		m.MulCoeffsMontgomery(out[i], k.secret.transformed[i], out[i])
		m.INTT(out[i], out[i])
		m.Add(out[i], c0[i], out[i])
	}
	return out
}

// ReplyPhase returns the phase of one reply modulo 2^k1.
func (k *Key) ReplyPhase(r *Response, i int) []uint64 {
	return newDecryptor(k).phase(r.replies[i])
}

// DecryptAgain decrypts without using the key up.
func (k *Key) DecryptAgain(r *Response) [][]uint64 { return k.decrypt(r, 1) }

// Column returns the first component of a column, modulo each prime and under
// the transform; column -1 is the public key.
func (s *Submission) Column(column int) [][]uint64 {
	if column < 0 {
		return s.zero
	}
	return s.columns[column]
}

// Mask returns the second component of a column, likewise.
func (s *Submission) Mask(column int) [][]uint64 {
	if column < 0 {
		return s.params.expandMask(s.seed, labelZeroMask, 0)
	}
	return s.params.expandMask(s.seed, labelMask, uint64(column))
}

// Observer watches the replies of an evaluation before the switch, in order.
// Coefficients are modulo each prime and valid during the call only.
type Observer struct{ Before, After func(c0, c1 [][]uint64) }

// EvaluateObserved evaluates in one goroutine, with flooding or without.
func EvaluateObserved(s *Submission, w Work, flooded bool, o Observer) *Response {
	w.Workers = 1
	return evaluate(s, w, func(k *layerKernel, stream *Stream, c0 [][]uint64) {
		if o.Before != nil {
			o.Before(c0, k.c1)
		}
		if flooded {
			k.flood(stream, c0)
		}
		if o.After != nil {
			o.After(c0, k.c1)
		}
	})
}

// Craft encrypts as Encrypt does but with the errors that it is given: errors(k)
// holds the N coefficients of column k's error, or nil for none; column -1 is
// the public key.
func Craft(p *Parameters, seed [32]byte, columns [][]uint64, errors func(column int) []*big.Int) (*Key, *Submission) {
	key := newKey(p, sha256.Sum256(seed[:]))
	s := &Submission{params: p, seed: seed, columns: make([][][]uint64, len(columns))}
	s.zero = s.craft(key, nil, errors(-1), s.Mask(-1))
	for k, column := range columns {
		s.columns[k] = s.craft(key, column, errors(k), s.Mask(k))
	}
	return key, s
}

func (s *Submission) craft(key *Key, slots []uint64, noise []*big.Int, mask [][]uint64) [][]uint64 {
	p := s.params
	message := make([]uint64, p.n)
	if slots != nil {
		p.field.toCoefficients(slots, message)
		p.scale(message)
	}
	out := newVectors(len(p.moduli), p.n)
	for i, m := range p.moduli {
		q := new(big.Int).SetUint64(m.q)
		for j, e := range noise {
			out[i][j] = new(big.Int).Mod(e, q).Uint64()
		}
		p.addMessage(m, message, out[i])
		m.NTT(out[i], out[i])
		m.MulCoeffsMontgomery(mask[i], key.secret.transformed[i], mask[i])
		m.Sub(out[i], mask[i], out[i])
	}
	return out
}

// SecretForLibrary returns s as the library keeps secret keys: transformed and
// in Montgomery form, modulo each prime.
func (k *Key) SecretForLibrary() [][]uint64 { return k.secret.transformed }

// SubRing returns the library's ring modulo one prime.
func (p *Parameters) SubRing(i int) *ring.SubRing { return p.moduli[i].SubRing }

// Forward and Inverse are this package's transforms under a library's ring.
func Forward(s *ring.SubRing, a []uint64) { newTransform(s).forward(a) }

// Inverse is the inverse of Forward.
func Inverse(s *ring.SubRing, a []uint64) { newTransform(s).inverse(a) }
