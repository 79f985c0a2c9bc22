package he_test

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"os"
	"strings"
	"testing"

	"github.com/veilschema/veil/he"
)

// The inequalities of bounds.go, measured. A run is one encryption, one
// evaluation and one decryption under fresh seeds; the noise is read off the
// phase before flooding, after flooding and after the switch, as a fraction of
// the modulus with 128 bits behind the point.

const (
	runsAtSmallDegree = 10_000 // for each toy set
	runsAtFullDegree  = 1_000  // for each vetted set
)

func TestNoiseStaysWithinItsBoundsAtSmallDegree(t *testing.T) {
	for i, p := range toySets(t) {
		t.Run(fmt.Sprintf("%d-bit modulus at degree %d", p.LogQ(), p.N()), func(t *testing.T) {
			newNoiseCampaign(t, p, uint64(i)).run(runsAtSmallDegree)
		})
	}
}

func TestNoiseStaysWithinItsBoundsAtFullDegree(t *testing.T) {
	runs := runsAtFullDegree
	if testing.Short() {
		runs = 30
	}
	for i, p := range vettedSets(t) {
		t.Run(p.String(), func(t *testing.T) { newNoiseCampaign(t, p, uint64(i)).run(runs) })
	}
}

// noiseCampaign measures run after run and keeps the extremes.
type noiseCampaign struct {
	t      *testing.T
	p      *he.Parameters
	stream *he.Stream
	// constants of fraction, one a prime: q, (Q/q)^-1 mod q.
	primes, hats []uint64
	column       []uint64   // plaintext coefficients, then slots
	matrix       *oneColumn // multipliers and constant
	coefficients []uint64   // of the expected plaintext
	q            float64

	// The largest magnitudes seen, as multiples of their bounds.
	honest, flood, shortened, total float64
}

// oneColumn is a matrix of one row over one column.
type oneColumn struct{ multipliers, constant []uint64 }

func (m *oneColumn) Column(_ int, rows [][]uint64) { copy(rows[0], m.multipliers) }
func (m *oneColumn) Constant(rows [][]uint64)      { copy(rows[0], m.constant) }

func newNoiseCampaign(t *testing.T, p *he.Parameters, index uint64) *noiseCampaign {
	c := &noiseCampaign{t: t, p: p, stream: he.NewStream([32]byte{8}, "noise campaign", index), primes: p.Primes()}
	for _, q := range c.primes {
		hat := new(big.Int).Div(p.Q(), new(big.Int).SetUint64(q))
		c.hats = append(c.hats, hat.ModInverse(hat, new(big.Int).SetUint64(q)).Uint64())
	}
	c.column, c.coefficients = make([]uint64, p.N()), make([]uint64, p.N())
	c.matrix = &oneColumn{make([]uint64, p.N()), make([]uint64, p.N())}
	c.q, _ = new(big.Float).SetInt(p.Q()).Float64()
	return c
}

func (c *noiseCampaign) run(runs int) {
	for i := range runs {
		c.once(i)
	}
	c.t.Logf("%d runs, largest as a share of the bound: honest noise %.3f, flooding %.6f, switch %.3f, all against the room %.3f",
		runs, c.honest, c.flood, c.shortened, c.total)
	// The measurement itself must not be blind: the bounds are neared as far as
	// this many draws near them.
	if c.honest < 0.1 || c.flood < 0.999 || c.shortened < 0.15 || c.total < 0.7 {
		c.t.Error("the noise is far below its bounds; the campaign does not measure what it says")
	}
}

// The values of a run: uniform as in a comparison, or the worst for the noise.
const (
	uniformValues = iota
	extremeMatrix // every coefficient of the multipliers is (t-1)/2 in magnitude
	worstRounding // and every Q m / t is rounded by nearly 1/2, all signs alike
	shapes
)

func (c *noiseCampaign) once(run int) {
	p, shape := c.p, run%shapes
	c.draw(shape)
	key, sub, err := he.Encrypt(p, c.seed(), [][]uint64{c.column}, 1)
	if err != nil {
		c.t.Fatal(err)
	}
	before := make([]float64, p.N())
	after := make([]float64, p.N())
	resp := he.EvaluateObserved(sub, he.Work{
		Layers: 1, Rows: 1, Seed: c.seed(), Matrix: func(int) he.Matrix { return c.matrix },
	}, true, he.Observer{
		Before: func(c0, c1 [][]uint64) { c.noise(key.Phase(c0, c1), before) },
		After:  func(c0, c1 [][]uint64) { c.noise(key.Phase(c0, c1), after) },
	})
	c.check(before, after, key.ReplyPhase(resp, 0))
	got, err := key.Decrypt(resp, 1)
	if err != nil {
		c.t.Fatal(err)
	}
	for j, v := range got[0] {
		if want := c.slot(j); v != want {
			c.t.Fatalf("run %d, slot %d: decrypted %d, want %d", run, j, v, want)
		}
	}
}

func (c *noiseCampaign) seed() (seed [32]byte) {
	for i := range seed {
		seed[i] = byte(c.stream.Uint64())
	}
	return seed
}

// draw sets plaintext, multipliers and constant, and the coefficients that the
// reply must have.
func (c *noiseCampaign) draw(shape int) {
	p, t := c.p, c.p.T()
	for j := range c.column {
		c.column[j], c.matrix.multipliers[j] = c.stream.Below(t), c.stream.Below(t)
		c.matrix.constant[j] = c.stream.Below(t)
	}
	if shape != uniformValues {
		// Coefficients +-(t-1)/2. For the worst rounding all signs are such that
		// they add up in the last coefficient of the product.
		for j := range c.coefficients {
			c.coefficients[j] = t / 2
			if shape == extremeMatrix && c.stream.Below(2) == 0 {
				c.coefficients[j] = t/2 + 1
			}
		}
		p.ToSlots(c.coefficients, c.matrix.multipliers)
	}
	if shape == worstRounding {
		// [Q m]_t = (t-1)/2 makes round(Q m / t) fall short by nearly 1/2.
		qInverse := power(new(big.Int).Mod(p.Q(), new(big.Int).SetUint64(t)).Uint64(), t-2, t)
		m := times(t/2, qInverse, t)
		for j := range c.coefficients {
			c.coefficients[j] = m
		}
		p.ToSlots(c.coefficients, c.column)
	}
	slots := make([]uint64, p.N())
	for j := range slots {
		slots[j] = c.slot(j)
	}
	p.ToCoefficients(slots, c.coefficients)
}

func (c *noiseCampaign) slot(j int) uint64 {
	f := c.p.Field()
	return f.Add(f.Mul(c.column[j], c.matrix.multipliers[j]), c.matrix.constant[j])
}

func (c *noiseCampaign) check(before, after []float64, phase []uint64) {
	p := c.p
	k0, k1 := p.ReplyBits()
	flood, _ := new(big.Float).SetInt(p.FloodBound()).Float64()
	honest, flooded := p.NoiseBound(1)/c.q, flood/c.q
	shortened := p.SwitchBound()/math.Exp2(float64(k1)) + math.Exp2(-float64(k0+1))
	room := 1 / (2 * float64(p.T()))
	const tiny = 1 + 1e-9 // of the measurement
	for j := range before {
		hi, lo := phase[j]<<(64-k1), uint64(0)
		last := c.below(hi, lo, j)
		c.most(&c.honest, before[j]/honest, tiny, "honest noise")
		c.most(&c.flood, (after[j]-before[j])/flooded, tiny, "flooding")
		c.most(&c.shortened, (last-after[j])/shortened, tiny, "rounding of the switch")
		c.most(&c.total, last/room, 1, "noise of a reply against the room for decryption")
	}
}

func (c *noiseCampaign) most(largest *float64, ratio, limit float64, what string) {
	ratio = math.Abs(ratio)
	if ratio > limit {
		c.t.Fatalf("%s is %.4f times its bound", what, ratio)
	}
	*largest = max(*largest, ratio)
}

// noise sets out to phase/Q - m/t for every coefficient, in (-1/2, 1/2].
func (c *noiseCampaign) noise(phase [][]uint64, out []float64) {
	for j := range out {
		hi, lo := uint64(0), uint64(0)
		for i, q := range c.primes {
			h, l := fraction(times(phase[i][j], c.hats[i], q), q)
			var carry uint64
			lo, carry = bits.Add64(lo, l, 0)
			hi += h + carry
		}
		out[j] = c.below(hi, lo, j)
	}
}

// below returns the 128-bit fraction less m/t, centred.
func (c *noiseCampaign) below(hi, lo uint64, j int) float64 {
	h, l := fraction(c.coefficients[j], c.p.T())
	lo, borrow := bits.Sub64(lo, l, 0)
	hi -= h + borrow
	sign := 1.0
	if hi>>63 == 1 {
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, sign = -hi-borrow, -1
	}
	return sign * (math.Ldexp(float64(hi), -64) + math.Ldexp(float64(lo), -128))
}

// fraction returns floor(2^128 x / q) for x < q.
func fraction(x, q uint64) (hi, lo uint64) {
	hi, r := bits.Div64(x, 0, q)
	lo, _ = bits.Div64(r, 0, q)
	return hi, lo
}

// TestBoundsAreTheDocumentedNumbers computes the table of bounds.go again and
// looks for each of its lines there.
func TestBoundsAreTheDocumentedNumbers(t *testing.T) {
	source, err := os.ReadFile("bounds.go")
	if err != nil {
		t.Fatal(err)
	}
	log := func(x *big.Int) float64 {
		f, _ := new(big.Float).SetInt(x).Float64()
		return math.Log2(f)
	}
	const columns, coefficients = 32, 1 << 17
	for _, row := range []struct {
		name, format, note string
		value              func(p *he.Parameters) float64
	}{
		{"log2 Q", "%.1f", "", func(p *he.Parameters) float64 { return log(p.Q()) }},
		{"log2 t", "%.1f", "", func(p *he.Parameters) float64 { return math.Log2(float64(p.T())) }},
		{"log2 F            flooding", "%.1f", "", func(p *he.Parameters) float64 { return log(p.FloodBound()) }},
		{"log2 B            honest noise", "%.1f", "(m = 32)", func(p *he.Parameters) float64 { return math.Log2(p.NoiseBound(columns)) }},
		{"log2 Q/8t         room", "%.1f", "", func(p *he.Parameters) float64 { return log(p.Q()) - 3 - math.Log2(float64(p.T())) }},
		{"R                 switch", "%.0f", "", func(p *he.Parameters) float64 { return p.SwitchBound() }},
		{"n_c B / F         n_c = 2^17", "2^%.1f", "", func(p *he.Parameters) float64 { return p.FloodAdvantage(coefficients/p.N(), columns) }},
		{"load              m = 255", "%.3f", "", func(p *he.Parameters) float64 { return p.DecryptionLoad(he.MaxColumns) }},
		{"distance          n_c = 2^17", "2^%.1f", "(m = 32)", func(p *he.Parameters) float64 { return p.FloodDistance(coefficients/p.N(), columns) }},
	} {
		want := []string{"//"}
		want = append(want, strings.Fields(row.name)...)
		for _, p := range vettedSets(t) {
			want = append(want, fmt.Sprintf(row.format, row.value(p)))
		}
		want = append(want, strings.Fields(row.note)...)
		found := false
		for line := range strings.Lines(string(source)) {
			found = found || strings.Join(strings.Fields(line), " ") == strings.Join(want, " ")
		}
		if !found {
			t.Errorf("bounds.go should have the line %q", strings.Join(want, " "))
		}
	}
}

func TestDecryptionConditionHoldsAtEveryNumberOfColumns(t *testing.T) {
	for _, p := range vettedSets(t) {
		for m := 1; m <= he.MaxColumns; m++ {
			if load := p.DecryptionLoad(m); load > 1 {
				t.Errorf("%s, %d columns: %.3f of the room", p, m, load)
			}
		}
	}
}

func TestParametersThatCannotDecryptAreRefused(t *testing.T) {
	for name, set := range map[string]he.TestSet{
		"a reply too short": {LogN: 6, Primes: primesFor(64, 49, 48), T: primesFor(64, 31)[0], ReplyBits0: 35, ReplyBits1: 36},
		"a modulus too small for the flood to hide anything and decrypt": {LogN: 6, Primes: primesFor(64, 32, 31), T: primesFor(64, 30)[0], ReplyBits0: 62, ReplyBits1: 64},
		"a prime below t":                   {LogN: 6, Primes: primesFor(64, 49, 30), T: primesFor(64, 31)[0], ReplyBits0: 35, ReplyBits1: 43},
		"a prime of 61 bits":                {LogN: 6, Primes: primesFor(64, 61, 60), T: primesFor(64, 31)[0], ReplyBits0: 35, ReplyBits1: 43},
		"a degree below 64":                 {LogN: 5, Primes: primesFor(64, 49, 48), T: primesFor(64, 31)[0], ReplyBits0: 35, ReplyBits1: 43},
		"a composite modulus":               {LogN: 6, Primes: []uint64{1<<49 - 127, 1<<48 - 127}, T: primesFor(64, 31)[0], ReplyBits0: 35, ReplyBits1: 43},
		"a plaintext prime not 1 modulo 2N": {LogN: 6, Primes: primesFor(64, 49, 48), T: 1<<31 - 1, ReplyBits0: 35, ReplyBits1: 43},
	} {
		if _, err := he.NewTestParameters(set); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestStatedProbabilitiesAreTheDocumentedNumbers(t *testing.T) {
	sets := vettedSets(t)
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"false match, small-4096, 1,024 places, degree 4", sets[0].FalseMatch(1024, 4), -19},
		{"false match, public-8192, 1,024 places, degree 4", sets[1].FalseMatch(1024, 4), -28},
		{"forgery, small-4096", sets[0].Forgery(32, 32), -30.4},
		{"forgery, public-8192", sets[1].Forgery(16, 32), -40},
		{"forgery, confidential-8192", sets[2].Forgery(16, 32), -52},
		{"decryption failure", sets[0].DecryptionFailure(), -128},
	} {
		if math.Abs(c.got-c.want) > 0.05 {
			t.Errorf("%s: 2^%.2f, want 2^%.2f", c.name, c.got, c.want)
		}
	}
}
