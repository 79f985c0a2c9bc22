package he_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"math/bits"

	"github.com/veilschema/veil/he"
)

// reference is the kernel written down once more, as slowly and plainly as
// possible: integers of math/big, schoolbook products, no residues, no
// Montgomery forms, no lazy sums. It shares nothing with the kernel but the
// words of its streams, and must agree with it to the byte.
type reference struct {
	id           byte
	n            int
	t            uint64
	primes       []uint64
	q            *big.Int // their product
	flood        *big.Int // F
	k0, k1       int
	multiply     func(a, b []*big.Int) []*big.Int
	rootT        uint64
	rootOfPrimes []uint64
}

func newReference(p *he.Parameters) *reference {
	r := &reference{id: byte(p.ID()), n: p.N(), t: p.T(), primes: p.Primes(), q: big.NewInt(1)}
	r.k0, r.k1 = p.ReplyBits()
	for _, q := range r.primes {
		r.q.Mul(r.q, new(big.Int).SetUint64(q))
		r.rootOfPrimes = append(r.rootOfPrimes, rootOfUnity(q, uint64(2*r.n)))
	}
	r.rootT = rootOfUnity(r.t, uint64(2*r.n))
	// F = floor(3 Q / 8 t)
	r.flood = new(big.Int).Mul(r.q, big.NewInt(3))
	r.flood.Div(r.flood, new(big.Int).Mul(big.NewInt(8), new(big.Int).SetUint64(r.t)))
	r.multiply = schoolbook
	if r.n > 256 {
		r.multiply = kronecker
	}
	return r
}

// referenceCiphertext is a pair of ring elements with coefficients in [0, Q).
type referenceCiphertext struct{ c0, c1 []*big.Int }

// referenceTenant is what a tenant makes of its seed and columns.
type referenceTenant struct {
	secret  []*big.Int
	seed    [32]byte // public
	zero    referenceCiphertext
	columns []referenceCiphertext
}

// encrypt follows Encrypt.
func (r *reference) encrypt(seed [32]byte, columns [][]uint64) *referenceTenant {
	var all []byte
	for _, c := range columns {
		for _, v := range c {
			all = binary.LittleEndian.AppendUint64(all, v)
		}
	}
	digest := sha256.Sum256(all)
	root := derive(derive(seed, "plaintext", uint64(r.id)), string(digest[:]), uint64(len(columns)))
	tenant := &referenceTenant{
		secret: ternary(he.NewStream(root, "secret key", 0), r.n),
		seed:   derive(root, "public seed", 0),
	}
	encrypt := func(message []*big.Int, mask, noise string, k int) referenceCiphertext {
		a := r.mask(tenant.seed, mask, k)
		c0 := add(message, binomial(he.NewStream(root, noise, uint64(k)), r.n))
		return referenceCiphertext{r.reduce(sub(c0, r.multiply(a, tenant.secret))), a}
	}
	tenant.zero = encrypt(zeros(r.n), "public key mask", "public key error", 0)
	for k, c := range columns {
		tenant.columns = append(tenant.columns, encrypt(r.encode(c), "ciphertext mask", "error", k))
	}
	return tenant
}

// submission returns the wire form.
func (r *reference) submission(t *referenceTenant) []byte {
	b := append([]byte("VHES\x01"), r.id)
	b = binary.BigEndian.AppendUint16(b, uint16(len(t.columns)))
	b = append(b, t.seed[:]...)
	b = append(b, r.packResidues(t.zero.c0)...)
	for _, c := range t.columns {
		b = append(b, r.packResidues(c.c0)...)
	}
	return b
}

// evaluate follows Evaluate for one reply: the multipliers of each column and
// the constant, all in slots.
func (r *reference) evaluate(t *referenceTenant, seed [32]byte, reply int, rows [][]uint64, constant []uint64) (c0, c1 []*big.Int) {
	c0, c1 = r.encode(constant), binomial(he.NewStream(seed, "ephemeral error", uint64(reply)), r.n)
	for k, row := range rows {
		m := r.centred(r.interpolate(row))
		c0 = add(c0, r.multiply(t.columns[k].c0, m))
		c1 = add(c1, r.multiply(t.columns[k].c1, m))
	}
	u := ternary(he.NewStream(seed, "ephemeral key", uint64(reply)), r.n)
	c0 = add(c0, r.multiply(t.zero.c0, u))
	c1 = add(c1, r.multiply(t.zero.c1, u))
	c0 = add(c0, r.flooding(he.NewStream(seed, "flood", uint64(reply))))
	return r.shorten(r.reduce(c0), r.k0), r.shorten(r.reduce(c1), r.k1)
}

// shorten returns round(2^k c / Q) mod 2^k.
func (r *reference) shorten(c []*big.Int, k int) []*big.Int {
	out := make([]*big.Int, r.n)
	for j := range out {
		out[j] = roundedQuotient(new(big.Int).Lsh(c[j], uint(k)), r.q)
		out[j].Mod(out[j], new(big.Int).Lsh(big.NewInt(1), uint(k)))
	}
	return out
}

// decrypt follows Key.Decrypt for one reply.
func (r *reference) decrypt(t *referenceTenant, c0, c1 []*big.Int) []uint64 {
	modulus := new(big.Int).Lsh(big.NewInt(1), uint(r.k1))
	phase := r.multiply(c1, t.secret)
	coefficients := make([]uint64, r.n)
	for j := range phase {
		phase[j].Add(phase[j], new(big.Int).Lsh(c0[j], uint(r.k1-r.k0)))
		phase[j].Mod(phase[j], modulus)
		m := roundedQuotient(new(big.Int).Mul(phase[j], new(big.Int).SetUint64(r.t)), modulus)
		coefficients[j] = m.Mod(m, new(big.Int).SetUint64(r.t)).Uint64()
	}
	return evaluateAtRoots(coefficients, r.rootT, r.t)
}

// encode returns round(Q m / t) for the polynomial m with the given slots.
func (r *reference) encode(slots []uint64) []*big.Int {
	out := make([]*big.Int, r.n)
	for j, m := range r.interpolate(slots) {
		out[j] = roundedQuotient(new(big.Int).Mul(r.q, new(big.Int).SetUint64(m)), new(big.Int).SetUint64(r.t))
	}
	return out
}

func (r *reference) interpolate(slots []uint64) []uint64 {
	return interpolateAtRoots(slots, r.rootT, r.t)
}

// centred returns the representatives in (-t/2, t/2].
func (r *reference) centred(values []uint64) []*big.Int {
	out := make([]*big.Int, r.n)
	for j, v := range values {
		out[j] = new(big.Int).SetUint64(v)
		if v > r.t/2 {
			out[j].Sub(out[j], new(big.Int).SetUint64(r.t))
		}
	}
	return out
}

// mask returns the second component with that label: uniform values at the
// roots of each prime, interpolated and lifted to [0, Q).
func (r *reference) mask(seed [32]byte, label string, index int) []*big.Int {
	stream := he.NewStream(seed, label, uint64(index))
	out := zeros(r.n)
	for i, q := range r.primes {
		values := make([]uint64, r.n)
		for j := range values {
			values[j] = below(stream, q)
		}
		// Lift by the Chinese remainder theorem, prime by prime.
		rest := new(big.Int).Div(r.q, new(big.Int).SetUint64(q))
		unit := new(big.Int).Mul(rest, new(big.Int).ModInverse(rest, new(big.Int).SetUint64(q)))
		for j, v := range interpolateAtRoots(values, r.rootOfPrimes[i], q) {
			out[j].Add(out[j], new(big.Int).Mul(unit, new(big.Int).SetUint64(v)))
		}
	}
	return r.reduce(out)
}

func (r *reference) flooding(stream *he.Stream) []*big.Int {
	out := make([]*big.Int, r.n)
	top := new(big.Int).Lsh(r.flood, 1)
	for j := range out {
		v := new(big.Int).Lsh(top, 1) // too large: draw
		for v.Cmp(top) > 0 {
			v.SetUint64(stream.Uint64())
			if top.BitLen() > 64 {
				v.Add(v, new(big.Int).Lsh(new(big.Int).SetUint64(stream.Uint64()), 64))
			}
			mask := new(big.Int).Lsh(big.NewInt(1), uint(top.BitLen()))
			v.And(v, mask.Sub(mask, big.NewInt(1)))
		}
		out[j] = v.Sub(v, r.flood)
	}
	return out
}

func (r *reference) reduce(a []*big.Int) []*big.Int {
	for _, v := range a {
		v.Mod(v, r.q)
	}
	return a
}

// packResidues packs the values at the roots of each prime.
func (r *reference) packResidues(c []*big.Int) []byte {
	var out []byte
	for i, q := range r.primes {
		residues := make([]uint64, r.n)
		for j, v := range c {
			residues[j] = new(big.Int).Mod(v, new(big.Int).SetUint64(q)).Uint64()
		}
		values := evaluateAtRoots(residues, r.rootOfPrimes[i], q)
		out = append(out, packBits(toBig(values), bits.Len64(q))...)
	}
	return out
}

// packBits writes each value's bits from the lowest up, one at a time.
func packBits(values []*big.Int, width int) []byte {
	out := make([]byte, len(values)*width/8)
	for i, v := range values {
		for b := range width {
			at := i*width + b
			out[at/8] |= byte(v.Bit(b)) << (at % 8)
		}
	}
	return out
}

// Streams.

func derive(key [32]byte, label string, index uint64) (out [32]byte) {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte("veil/he/stream"))
	mac.Write([]byte{byte(len(label))})
	mac.Write([]byte(label))
	mac.Write(binary.BigEndian.AppendUint64(nil, index))
	mac.Sum(out[:0])
	return out
}

func below(s *he.Stream, bound uint64) uint64 {
	for {
		if v := s.Uint64() % (1 << bits.Len64(bound-1)); v < bound {
			return v
		}
	}
}

// ternary takes two bits at a time from the lowest up; 3 is no value.
func ternary(s *he.Stream, n int) []*big.Int {
	var out []*big.Int
	for {
		word := s.Uint64()
		for range 32 {
			if len(out) == n {
				return out
			}
			if v := int64(word % 4); v < 3 {
				out = append(out, big.NewInt(v-1))
			}
			word /= 4
		}
	}
}

// binomial is the sum of bits 0 to 20 less the sum of bits 21 to 41.
func binomial(s *he.Stream, n int) []*big.Int {
	out := make([]*big.Int, n)
	for j := range out {
		word, sum := s.Uint64(), int64(0)
		for b := range 21 {
			sum += int64(word>>b&1) - int64(word>>(b+21)&1)
		}
		out[j] = big.NewInt(sum)
	}
	return out
}

// Polynomials.

func zeros(n int) []*big.Int {
	out := make([]*big.Int, n)
	for j := range out {
		out[j] = new(big.Int)
	}
	return out
}

func toBig(values []uint64) []*big.Int {
	out := make([]*big.Int, len(values))
	for j, v := range values {
		out[j] = new(big.Int).SetUint64(v)
	}
	return out
}

func add(a, b []*big.Int) []*big.Int {
	out := zeros(len(a))
	for j := range out {
		out[j].Add(a[j], b[j])
	}
	return out
}

func sub(a, b []*big.Int) []*big.Int {
	out := zeros(len(a))
	for j := range out {
		out[j].Sub(a[j], b[j])
	}
	return out
}

// schoolbook is the product modulo X^n + 1, term by term.
func schoolbook(a, b []*big.Int) []*big.Int {
	n := len(a)
	out, product := zeros(n), new(big.Int)
	for i := range a {
		for j := range b {
			product.Mul(a[i], b[j])
			if i+j < n {
				out[i+j].Add(out[i+j], product)
			} else {
				out[i+j-n].Sub(out[i+j-n], product)
			}
		}
	}
	return out
}

// kronecker is schoolbook by one product of large integers: the polynomials at
// X = 2^320, coefficients far enough apart not to touch.
func kronecker(a, b []*big.Int) []*big.Int {
	const width = 320
	n := len(a)
	product := new(big.Int).Mul(kroneckerPack(a, width), kroneckerPack(b, width))
	// Twos' complement digits of the product: a digit above half is negative.
	negative := product.Sign() < 0
	product.Abs(product)
	digit, half := new(big.Int), new(big.Int).Lsh(big.NewInt(1), width-1)
	mask := new(big.Int).Lsh(big.NewInt(1), width)
	mask.Sub(mask, big.NewInt(1))
	words := product.Bits()
	out, carry := zeros(n), int64(0)
	for i := range 2 * n {
		const perDigit = width / bits.UintSize
		lo, hi := min(i*perDigit, len(words)), min((i+1)*perDigit, len(words))
		digit.SetBits(append([]big.Word{}, words[lo:hi]...))
		digit.Add(digit, big.NewInt(carry))
		carry = 0
		if digit.Cmp(half) >= 0 {
			digit.Sub(digit, mask).Sub(digit, big.NewInt(1))
			carry = 1
		}
		if negative != (i >= n) {
			out[i%n].Sub(out[i%n], digit)
		} else {
			out[i%n].Add(out[i%n], digit)
		}
	}
	return out
}

func kroneckerPack(a []*big.Int, width uint) *big.Int {
	if len(a) == 1 {
		return a[0]
	}
	half := len(a) / 2
	high := new(big.Int).Lsh(kroneckerPack(a[half:], width), width*uint(half))
	return high.Add(high, kroneckerPack(a[:half], width))
}

// roundedQuotient returns floor(a/b + 1/2) for a >= 0.
func roundedQuotient(a, b *big.Int) *big.Int {
	double := new(big.Int).Lsh(a, 1)
	return double.Add(double, b).Div(double, new(big.Int).Lsh(b, 1))
}

// Values at roots. Slot j, and position j on the wire, is the value at
// root^(2 rev(j) + 1), rev the reversal of log2 n bits, for the root of order
// 2n that is g^((q-1)/2n) with the smallest primitive root g > 2.

func rootOfUnity(q, order uint64) uint64 {
	for g := uint64(3); ; g++ {
		if isPrimitive(g, q) {
			return power(g, (q-1)/order, q)
		}
	}
}

func isPrimitive(g, q uint64) bool {
	for _, f := range primeFactors(q - 1) {
		if power(g, (q-1)/f, q) == 1 {
			return false
		}
	}
	return true
}

func evaluateAtRoots(coefficients []uint64, root, q uint64) []uint64 {
	values := oddPowers(coefficients, root, q)
	out := make([]uint64, len(values))
	for j := range out {
		out[j] = values[reversed(j, len(out))]
	}
	return out
}

func interpolateAtRoots(values []uint64, root, q uint64) []uint64 {
	ordered := make([]uint64, len(values))
	for j, v := range values {
		ordered[reversed(j, len(values))] = v
	}
	return fromOddPowers(ordered, root, q)
}

func reversed(j, n int) int {
	return int(bits.Reverse64(uint64(j)) >> (65 - bits.Len64(uint64(n))))
}

// oddPowers returns f(root^(2j+1)) for all j, root of order 2n, from the halves
// of even and odd coefficients: f(x) = even(x^2) + x odd(x^2).
func oddPowers(f []uint64, root, q uint64) []uint64 {
	n := len(f)
	if n == 1 {
		return []uint64{f[0]}
	}
	even, odd := make([]uint64, n/2), make([]uint64, n/2)
	for j := range even {
		even[j], odd[j] = f[2*j], f[2*j+1]
	}
	square := times(root, root, q)
	even, odd = oddPowers(even, square, q), oddPowers(odd, square, q)
	out, x := make([]uint64, n), root
	for j := range even {
		y := times(x, odd[j], q)
		out[j], out[j+n/2] = (even[j]+y)%q, (even[j]+q-y)%q
		x = times(x, square, q)
	}
	return out
}

// fromOddPowers undoes oddPowers.
func fromOddPowers(values []uint64, root, q uint64) []uint64 {
	n := len(values)
	if n == 1 {
		return []uint64{values[0]}
	}
	square, half := times(root, root, q), q/2+1
	even, odd := make([]uint64, n/2), make([]uint64, n/2)
	inverse := power(root, q-2, q)
	inverseSquare, x := times(inverse, inverse, q), inverse
	for j := range even {
		a, b := values[j], values[j+n/2]
		even[j] = times(half, (a+b)%q, q)
		odd[j] = times(x, times(half, (a+q-b)%q, q), q)
		x = times(x, inverseSquare, q)
	}
	even, odd = fromOddPowers(even, square, q), fromOddPowers(odd, square, q)
	out := make([]uint64, n)
	for j := range even {
		out[2*j], out[2*j+1] = even[j], odd[j]
	}
	return out
}

// Residues.

func times(a, b, q uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	_, r := bits.Div64(hi, lo, q)
	return r
}

func power(g, e, q uint64) uint64 {
	r := uint64(1)
	for ; e > 0; e >>= 1 {
		if e&1 == 1 {
			r = times(r, g, q)
		}
		g = times(g, g, q)
	}
	return r
}

// primeFactors returns the distinct prime factors of m, by trial division and
// then Pollard's rho.
func primeFactors(m uint64) []uint64 {
	var out []uint64
	for f := uint64(2); f < 1<<12 && m > 1; f++ {
		if m%f == 0 {
			out = append(out, f)
		}
		for m%f == 0 {
			m /= f
		}
	}
	return append(out, largeFactors(m)...)
}

func largeFactors(m uint64) []uint64 {
	switch {
	case m == 1:
		return nil
	case new(big.Int).SetUint64(m).ProbablyPrime(20):
		return []uint64{m}
	}
	f := m
	for c := uint64(1); f == m; c++ {
		step := func(x uint64) uint64 { return (times(x, x, m) + c) % m }
		x, y := step(2), step(step(2))
		for f = gcd(x, y, m); f == 1; f = gcd(x, y, m) {
			x, y = step(x), step(step(y))
		}
	}
	return append(largeFactors(f), largeFactors(m/f)...)
}

func gcd(x, y, m uint64) uint64 {
	difference := new(big.Int).SetUint64(max(x, y) - min(x, y))
	return new(big.Int).GCD(nil, nil, difference, new(big.Int).SetUint64(m)).Uint64()
}

func bitLen(x uint64) int { return bits.Len64(x) }
