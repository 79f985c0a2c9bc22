package he

import (
	"fmt"
	"math/big"
	"math/bits"
	"sync"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// SetID names a vetted parameter set. The zero value names none.
type SetID uint8

// The vetted sets. Their numbers stand on the wire and never change meaning.
const (
	SetUnknown SetID = iota
	// Small4096 is for small schemas and browsers, public templates only.
	Small4096
	// Public8192 is the default for public templates.
	Public8192
	// Confidential8192 is for templates that the tenant must not learn.
	Confidential8192
)

// literal is a parameter set as written down, before it is checked.
type literal struct {
	id     SetID
	name   string
	logN   int
	primes []uint64
	t      uint64
	// replyBits0 and replyBits1 are the widths, in bits, of the coefficients
	// of c0 and c1 in a reply.
	replyBits0, replyBits1 int
	security               string
	// maxLogQ is the largest log2 Q that the security level allows at this
	// ring degree.
	maxLogQ int
}

// literals is the allow-list: no other parameters can be had from this package.
//
// Security: uniform ternary secret, centred binomial error of standard
// deviation 3.24. maxLogQ is the smaller of two limits at that level and ring
// degree: classical, Bossuat et al., IACR ePrint 2024/463, table 5.2 (lattice
// estimator, cost model MATZOV): 106 and 214 for 128 bits at N = 4096 and 8192,
// 147 for 192 bits at 8192; and quantum, the tables computed for that paper's
// first version (cost model LaaMosPol14): 101, 203 and 140. Stricter quantum
// models allow less; docs/parameters.md section 6 names them and what each
// figure was confirmed from. TestParameterSetsAreRecomputed finds the primes anew.
var literals = []literal{
	{
		id: Small4096, name: "small-4096", logN: 12,
		primes:     []uint64{0x1fffffffce001, 0xffffffffc001},
		t:          0x7ffe6001,
		replyBits0: 35, replyBits1: 43,
		security: "128-bit classical", maxLogQ: 101,
	},
	{
		id: Public8192, name: "public-8192", logN: 13,
		primes:     []uint64{0xfffffffffffc001, 0xffffffffffe8001},
		t:          0xfffffdc001,
		replyBits0: 45, replyBits1: 52,
		security: "192-bit classical", maxLogQ: 140,
	},
	{
		id: Confidential8192, name: "confidential-8192", logN: 13,
		primes:     []uint64{0x1fffffffffc0001, 0x1fffffffff50001, 0xfffffffffb4001},
		t:          0xffffffffc4001,
		replyBits0: 57, replyBits1: 64,
		security: "128-bit classical", maxLogQ: 203,
	},
}

// Parameters is a checked, immutable parameter set. The only way to get one is
// Set, so an insecure or inconsistent one cannot exist.
type Parameters struct {
	literal
	n      int
	field  *Field
	q      *big.Int
	moduli []*modulus
	// floodHi, floodLo is F, the bound of the flooding noise.
	floodHi, floodLo uint64
}

// modulus is one prime of Q with its transform and the constants of the
// conversions between residues and integers.
type modulus struct {
	*ring.SubRing
	q         uint64
	transform *transform
	// tInv is t^-1 mod q, in Montgomery form.
	tInv uint64
	// qHatInv is (Q/q)^-1 mod q, in Montgomery form.
	qHatInv uint64
	// floodMod is F mod q.
	floodMod uint64
	// two64 is 2^64 mod q, in Montgomery form.
	two64 uint64
}

// sets builds each set when it is first asked for.
var sets = func() map[SetID]func() (*Parameters, error) {
	m := make(map[SetID]func() (*Parameters, error), len(literals))
	for _, l := range literals {
		m[l.id] = sync.OnceValues(func() (*Parameters, error) { return newParameters(l) })
	}
	return m
}()

// Set returns the vetted parameter set with that number.
func Set(id SetID) (*Parameters, error) {
	build, ok := sets[id]
	if !ok {
		return nil, fmt.Errorf("parameter set %d is not one of the vetted sets; update veil or name small-4096 or public-8192", id)
	}
	return build()
}

// ParseSet returns the vetted parameter set with that name.
func ParseSet(name string) (*Parameters, error) {
	for _, l := range literals {
		if l.name == name {
			return sets[l.id]()
		}
	}
	return nil, fmt.Errorf("%q is not a vetted parameter set; use small-4096 or public-8192", name)
}

func newParameters(l literal) (*Parameters, error) {
	n := 1 << l.logN
	if n%64 != 0 {
		return nil, fmt.Errorf("parameter set %s: ring degree %d is not a multiple of 64, which the wire format needs", l.name, n)
	}
	field, err := newField(n, l.t)
	if err != nil {
		return nil, fmt.Errorf("parameter set %s: %w", l.name, err)
	}
	p := &Parameters{literal: l, n: n, field: field, q: big.NewInt(1)}
	for _, q := range l.primes {
		if q <= l.t || bits.Len64(q) > maxModulusBits {
			return nil, fmt.Errorf("parameter set %s: prime %#x is not above t and of at most %d bits", l.name, q, maxModulusBits)
		}
		s, err := newSubRing(n, q)
		if err != nil {
			return nil, fmt.Errorf("parameter set %s: %w", l.name, err)
		}
		p.moduli = append(p.moduli, &modulus{SubRing: s, q: q, transform: newTransform(s)})
		p.q.Mul(p.q, new(big.Int).SetUint64(q))
	}
	if p.q.BitLen() > l.maxLogQ {
		return nil, fmt.Errorf("parameter set %s: modulus of %d bits, the security level allows %d", l.name, p.q.BitLen(), l.maxLogQ)
	}
	flood := p.FloodBound()
	p.floodLo = new(big.Int).And(flood, new(big.Int).SetUint64(^uint64(0))).Uint64()
	p.floodHi = new(big.Int).Rsh(flood, 64).Uint64()
	for _, m := range p.moduli {
		p.precompute(m, flood)
	}
	return p, p.checkDecryption()
}

func (p *Parameters) precompute(m *modulus, flood *big.Int) {
	q := new(big.Int).SetUint64(m.q)
	mont := func(x *big.Int) uint64 {
		r := new(big.Int).Mod(x, q).Uint64()
		return ring.MForm(r, m.q, m.BRedConstant)
	}
	m.tInv = mont(new(big.Int).ModInverse(new(big.Int).SetUint64(p.t), q))
	m.qHatInv = mont(new(big.Int).ModInverse(new(big.Int).Div(p.q, q), q))
	m.two64 = mont(new(big.Int).Lsh(big.NewInt(1), 64))
	m.floodMod = new(big.Int).Mod(flood, q).Uint64()
}

func newSubRing(n int, q uint64) (*ring.SubRing, error) {
	r, err := ring.NewRing(n, []uint64{q})
	if err != nil {
		return nil, fmt.Errorf("modulus %#x at ring degree %d: %w", q, n, err)
	}
	return r.SubRings[0], nil
}

// ID returns the set's number on the wire.
func (p *Parameters) ID() SetID { return p.id }

// String returns the set's name, such as "public-8192".
func (p *Parameters) String() string { return p.name }

// N returns the ring degree, which is the number of slots of a column.
func (p *Parameters) N() int { return p.n }

// T returns the plaintext prime.
func (p *Parameters) T() uint64 { return p.t }

// Field returns the arithmetic of the slots, Z_t.
func (p *Parameters) Field() *Field { return p.field }

// Security returns the level the set is vetted for, as a phrase.
func (p *Parameters) Security() string { return p.security }

// LogQ returns the size of the ciphertext modulus in bits.
func (p *Parameters) LogQ() int { return p.q.BitLen() }

// ColumnBytes returns the bytes of one encrypted column on the wire.
func (p *Parameters) ColumnBytes() int {
	b := 0
	for _, q := range p.primes {
		b += packedBytes(p.n, bits.Len64(q))
	}
	return b
}

// ReplyBytes returns the bytes of one reply on the wire.
func (p *Parameters) ReplyBytes() int {
	return packedBytes(p.n, p.replyBits0) + packedBytes(p.n, p.replyBits1)
}

// SubmissionBytes returns the bytes of a submission of that many columns.
func (p *Parameters) SubmissionBytes(columns int) int {
	return submissionHeaderBytes + (columns+1)*p.ColumnBytes()
}

// ResponseBytes returns the bytes of a response of that many replies.
func (p *Parameters) ResponseBytes(replies int) int {
	return responseHeaderBytes + replies*p.ReplyBytes()
}
