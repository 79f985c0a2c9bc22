package he_test

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/veilschema/veil/he"
)

// primesFor returns the largest primes of these widths that are 1 modulo 2n,
// none twice: the rule by which the vetted sets were chosen.
func primesFor(n int, widths ...int) []uint64 {
	var out []uint64
	for _, w := range widths {
		q := uint64(1)<<w - uint64(2*n) + 1
		for slices.Contains(out, q) || !new(big.Int).SetUint64(q).ProbablyPrime(40) {
			q -= uint64(2 * n)
		}
		out = append(out, q)
	}
	return out
}

func testParameters(t testing.TB, logN int, qBits []int, tBits, k0, k1 int) *he.Parameters {
	t.Helper()
	n := 1 << logN
	p, err := he.NewTestParameters(he.TestSet{
		LogN: logN, Primes: primesFor(n, qBits...), T: primesFor(n, tBits)[0],
		ReplyBits0: k0, ReplyBits1: k1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// toySets have the shapes of the vetted sets at small degree: one or two words
// of flooding, two or three primes, replies of 64 bits and of fewer.
func toySets(t testing.TB) []*he.Parameters {
	return []*he.Parameters{
		testParameters(t, 6, []int{49, 48}, 31, 35, 43),
		testParameters(t, 6, []int{60, 60}, 40, 45, 52),
		testParameters(t, 7, []int{57, 57, 56}, 52, 57, 64),
		testParameters(t, 8, []int{40, 39}, 16, 20, 28),
		testParameters(t, 6, []int{60, 60, 60}, 55, 61, 64),
	}
}

// comparison is everything that goes into one run of the kernel.
type comparison struct {
	params       *he.Parameters
	seed         [32]byte
	columns      [][]uint64
	layers, rows int
	evaluation   [32]byte
	matrices     []*randomMatrix
	workers      int
}

func (c *comparison) work() he.Work {
	return he.Work{
		Layers: c.layers, Rows: c.rows, Seed: c.evaluation, Workers: c.workers,
		Matrix: func(l int) he.Matrix { return c.matrices[l] },
	}
}

func drawComparison(t *rapid.T, sets []*he.Parameters) *comparison {
	c := &comparison{params: rapid.SampledFrom(sets).Draw(t, "set")}
	columns := rapid.IntRange(1, 3).Draw(t, "columns")
	c.layers = rapid.IntRange(1, 2).Draw(t, "layers")
	c.rows = rapid.IntRange(1, 3).Draw(t, "rows")
	c.workers = rapid.IntRange(0, 4).Draw(t, "workers")
	binary.LittleEndian.PutUint64(c.seed[:], rapid.Uint64().Draw(t, "seed"))
	binary.LittleEndian.PutUint64(c.evaluation[:], rapid.Uint64().Draw(t, "evaluation seed"))
	draw := slotDrawer(c.params, rapid.IntRange(0, 4).Draw(t, "values"), c.seed)
	for range columns {
		c.columns = append(c.columns, draw())
	}
	for range c.layers {
		m := &randomMatrix{}
		for range columns {
			m.columns = append(m.columns, drawRows(c.rows, draw))
		}
		m.constant = drawRows(c.rows, draw)
		c.matrices = append(c.matrices, m)
	}
	return c
}

func drawRows(rows int, draw func() []uint64) [][]uint64 {
	out := make([][]uint64, rows)
	for o := range out {
		out[o] = draw()
	}
	return out
}

// slotDrawer draws slots: all zero, all t-1, a mixture of extremes, uniform, or
// slots whose coefficients are where lifting and rounding change their minds.
func slotDrawer(p *he.Parameters, shape int, seed [32]byte) func() []uint64 {
	s := he.NewStream(seed, "test values", uint64(shape))
	if shape == 4 {
		return func() []uint64 { return turningPoints(p, s) }
	}
	value := map[int]func() uint64{
		0: func() uint64 { return 0 },
		1: func() uint64 { return p.T() - 1 },
		2: func() uint64 { return []uint64{0, 1, p.T() / 2, p.T()/2 + 1, p.T() - 1}[s.Below(5)] },
		3: func() uint64 { return s.Below(p.T()) },
	}[shape]
	return func() []uint64 {
		out := make([]uint64, p.N())
		for j := range out {
			out[j] = value()
		}
		return out
	}
}

// turningPoints returns slots whose coefficients m, or whose Q m, are the values
// modulo t at which a centred representative changes its sign.
func turningPoints(p *he.Parameters, s *he.Stream) []uint64 {
	t := p.T()
	factor := uint64(1)
	if s.Below(2) == 0 {
		factor = power(new(big.Int).Mod(p.Q(), new(big.Int).SetUint64(t)).Uint64(), t-2, t)
	}
	out := make([]uint64, p.N())
	for j := range out {
		out[j] = times([]uint64{0, 1, t / 2, t/2 + 1, t - 1}[s.Below(5)], factor, t)
	}
	p.ToSlots(out, out)
	return out
}

// fatal is what testing.T and rapid.T have in common here.
type fatal interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkAgainstReference runs the kernel and the reference and compares every
// byte of the submission, of the response, and every decrypted slot.
func checkAgainstReference(t fatal, c *comparison) {
	t.Helper()
	key, sub, err := he.Encrypt(c.params, c.seed, c.columns, c.workers)
	if err != nil {
		t.Fatalf("encrypt: %v", err)
	}
	r := newReference(c.params)
	tenant := r.encrypt(c.seed, c.columns)
	wire, _ := sub.AppendBinary(nil)
	if !bytes.Equal(wire, r.submission(tenant)) {
		t.Fatalf("the submission differs from the reference's")
	}
	resp, err := he.Evaluate(sub, c.work())
	if err != nil {
		t.Fatalf("evaluate: %v", err)
	}
	want := append([]byte("VHER\x01"), r.id)
	want = binary.BigEndian.AppendUint16(want, uint16(c.layers*c.rows))
	var slots [][]uint64
	for i := range c.layers * c.rows {
		c0, c1 := r.evaluate(tenant, c.evaluation, i, c.multipliers(i), c.matrices[i/c.rows].constant[i%c.rows])
		want = append(want, packBits(c0, r.k0)...)
		want = append(want, packBits(c1, r.k1)...)
		slots = append(slots, r.decrypt(tenant, c0, c1))
	}
	if wire, _ = resp.AppendBinary(nil); !bytes.Equal(wire, want) {
		t.Fatalf("the response differs from the reference's")
	}
	got, err := key.Decrypt(resp, c.workers)
	if err != nil {
		t.Fatalf("decrypt: %v", err)
	}
	for i := range got {
		if !slices.Equal(got[i], slots[i]) {
			t.Fatalf("reply %d decrypts to other slots than the reference's", i)
		}
		if !slices.Equal(got[i], c.expected(i)) {
			t.Fatalf("reply %d is not the inner product", i)
		}
	}
}

// multipliers returns each column's multipliers in reply i.
func (c *comparison) multipliers(i int) [][]uint64 {
	m := c.matrices[i/c.rows]
	out := make([][]uint64, len(m.columns))
	for k := range out {
		out[k] = m.columns[k][i%c.rows]
	}
	return out
}

// expected returns the slots that reply i must have, in plain arithmetic.
func (c *comparison) expected(i int) []uint64 {
	t := c.params.T()
	out := slices.Clone(c.matrices[i/c.rows].constant[i%c.rows])
	for k, row := range c.multipliers(i) {
		for j, v := range row {
			out[j] = (out[j] + times(v, c.columns[k][j], t)) % t
		}
	}
	return out
}

func TestKernelAgreesWithTheReferenceToTheByte(t *testing.T) {
	sets := toySets(t)
	rapid.Check(t, func(t *rapid.T) { checkAgainstReference(t, drawComparison(t, sets)) })
}

func TestKernelAgreesWithTheReferenceAtFullDegree(t *testing.T) {
	for _, p := range vettedSets(t) {
		t.Run(p.String(), func(t *testing.T) {
			draw := slotDrawer(p, 3, [32]byte{4})
			c := &comparison{
				params: p, seed: [32]byte{5}, evaluation: [32]byte{6}, layers: 1, rows: 1, workers: 2,
				columns: [][]uint64{draw(), draw()},
				matrices: []*randomMatrix{{
					columns:  [][][]uint64{{draw()}, {draw()}},
					constant: [][]uint64{draw()},
				}},
			}
			checkAgainstReference(t, c)
		})
	}
}

func TestReferenceAgreesWithItself(t *testing.T) {
	s := he.NewStream([32]byte{7}, "test", 0)
	draw := func(n int, bits uint) []*big.Int {
		out := zeros(n)
		for j := range out {
			out[j].SetUint64(s.Uint64())
			out[j].Lsh(out[j], bits-63).Sub(out[j], new(big.Int).Lsh(big.NewInt(1), bits))
		}
		return out
	}
	for range 20 {
		a, b := draw(64, 170), draw(64, 64)
		fast := kronecker(a, b)
		for j, v := range schoolbook(a, b) {
			if v.Cmp(fast[j]) != 0 {
				t.Fatalf("coefficient %d of a product: %d by one large product, %d by hand", j, fast[j], v)
			}
		}
	}
	const n, q = 64, uint64(7681)
	root := rootOfUnity(q, 2*n)
	f := make([]uint64, n)
	for j := range f {
		f[j] = s.Below(q)
	}
	for j, v := range evaluateAtRoots(f, root, q) {
		x, want := power(root, uint64(2*reversed(j, n)+1), q), uint64(0)
		for i := n - 1; i >= 0; i-- { // Horner
			want = (times(want, x, q) + f[i]) % q
		}
		if v != want {
			t.Fatalf("value at root %d: got %d, want %d", j, v, want)
		}
	}
	if got := interpolateAtRoots(evaluateAtRoots(f, root, q), root, q); !slices.Equal(got, f) {
		t.Fatal("interpolation does not undo evaluation")
	}
}

func vettedSets(t testing.TB) []*he.Parameters {
	t.Helper()
	var out []*he.Parameters
	for _, id := range []he.SetID{he.Small4096, he.Public8192, he.Confidential8192} {
		p, err := he.Set(id)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}
