package compare

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/veilschema/veil/he"
)

// scene is a submission and its evaluation, with everything that either side
// keeps to itself.
type scene struct {
	layout     Layout
	mine       *bins
	evaluation *evaluation
	slots      [][]uint64
}

// newScene encrypts tenant facts, evaluates template facts and decrypts, through
// package he. Facts from 0 on are the template's, from first on the tenant's.
func newScene(t interface{ Fatal(...any) }, l Layout, template, first, tenant int, seed byte) *scene {
	elements := sessionElements(l, max(template, first+tenant), 5)
	mine, err := fill(l, elements[first:first+tenant])
	if err != nil {
		t.Fatal(err)
	}
	p, err := place(elements[:template], l.Bins, 1)
	if err != nil {
		t.Fatal(err)
	}
	key, submission, err := he.Encrypt(l.Set, [32]byte{seed}, mine.columns(1), 2)
	if err != nil {
		t.Fatal(err)
	}
	e := newEvaluation(l, elements[:template], p, [32]byte{seed, 1}, [32]byte{seed, 2})
	response, err := e.run(submission, 2)
	if err != nil {
		t.Fatal(err)
	}
	slots, err := key.Decrypt(response, 2)
	if err != nil {
		t.Fatal(err)
	}
	return &scene{l, mine, e, slots}
}

// f evaluates the polynomial of a bin at y, one linear factor after the other.
func (s *scene) f(bin int, y uint64) *big.Int {
	t := new(big.Int).SetUint64(s.layout.Set.T())
	value := big.NewInt(1)
	roots := s.mine.of(int32(bin))
	for i := range s.layout.Degree() {
		root := uint64(1)
		if i < len(roots) {
			root = roots[i]
		}
		factor := new(big.Int).Sub(new(big.Int).SetUint64(y), new(big.Int).SetUint64(root))
		value.Mod(value.Mul(value, factor), t)
	}
	return value
}

// TestRepliesAreTheFormulas holds what the tenant decrypts against
//
//	v = r f(y),  w = r alpha f(y),  u = r' f(y) + s
//
// with everything computed over big integers from the roots, for every place;
// without a fact v has its veil and w alpha times it.
func TestRepliesAreTheFormulas(t *testing.T) {
	for _, c := range []struct {
		id                      he.SetID
		groups, columns         int
		template, first, tenant int
	}{
		{he.Small4096, 1, 5, 700, 300, 600},
		{he.Small4096, 7, 4, 900, 500, 800},
		{he.Small4096, 64, 3, 40, 10, 60},
		{he.Public8192, 3, 3, 2500, 1000, 900},
	} {
		set, err := he.Set(c.id)
		if err != nil {
			t.Fatal(err)
		}
		l := Layout{Set: set, Groups: c.groups, Bins: set.N() / c.groups, Columns: c.columns}
		s := newScene(t, l, c.template, c.first, c.tenant, 6)
		present := s.check(t)
		if want := max(0, min(c.template, c.first+c.tenant)-c.first); present != want {
			t.Errorf("%s, %d groups: %d of %d facts are present, want %d", set, c.groups, present, c.template, want)
		}
	}
}

func (s *scene) check(t *testing.T) (present int) {
	t.Helper()
	prime := new(big.Int).SetUint64(s.layout.Set.T())
	for layer := range s.evaluation.places.layers {
		k := s.evaluation.secretsOf(layer)
		for bin, i := range s.evaluation.places.layer(layer) {
			if i != none && k.y[bin] != s.evaluation.elements[i].x {
				t.Fatalf("layer %d, bin %d tests %d, not fact %d", layer, bin, k.y[bin], i)
			}
			f := s.f(bin, k.y[bin])
			if i != none && f.Sign() == 0 {
				present++
			}
			r, alpha := new(big.Int).SetUint64(k.multiplier[0][bin]), new(big.Int).SetUint64(k.alpha[bin])
			v := new(big.Int).Mul(r, f)
			v.Add(v, new(big.Int).SetUint64(k.veil[bin]))
			if (i == none) != (k.veil[bin] != 0) || k.y[bin] < 2 {
				t.Fatalf("layer %d, bin %d, fact %d: point %d, veil %d", layer, bin, i, k.y[bin], k.veil[bin])
			}
			w := new(big.Int).Mul(v, alpha)
			u := new(big.Int).Mul(new(big.Int).SetUint64(k.multiplier[2][bin]), f)
			u.Add(u, new(big.Int).SetUint64(k.token[bin]))
			for o, want := range []*big.Int{v, w, u} {
				want.Mod(want, prime)
				if got := s.sum(layer, o, bin); got.Cmp(want) != 0 {
					t.Fatalf("layer %d, bin %d, row %d: got %d, want %d", layer, bin, o, got, want)
				}
			}
		}
	}
	return present
}

// sum adds up the groups of a place.
func (s *scene) sum(layer, o, bin int) *big.Int {
	sum := new(big.Int)
	for g := range s.layout.Groups {
		sum.Add(sum, new(big.Int).SetUint64(s.slots[layer*rows+o][g*s.layout.Bins+bin]))
	}
	return sum.Mod(sum, new(big.Int).SetUint64(s.layout.Set.T()))
}

// TestSlotsWithoutABinTellNothing: what is left over of the slots holds zero.
func TestSlotsWithoutABinTellNothing(t *testing.T) {
	set, err := he.Set(he.Small4096)
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t, Layout{Set: set, Groups: 7, Bins: 585, Columns: 4}, 900, 500, 800, 7)
	for o, reply := range s.slots {
		if reply[4095] != 0 {
			t.Errorf("reply %d ends in %d", o, reply[4095])
		}
	}
}

// TestMasksAddUpToZeroAndDifferEverywhere looks at the constants of a layer: what
// the groups of a place add up to is the leading term and the token, and single
// slots are uniform.
func TestMasksAddUpToZeroAndDifferEverywhere(t *testing.T) {
	set, err := he.Set(he.Small4096)
	if err != nil {
		t.Fatal(err)
	}
	l := Layout{Set: set, Groups: 7, Bins: 585, Columns: 4}
	elements := sessionElements(l, 900, 8)
	p, err := place(elements, l.Bins, 1)
	if err != nil {
		t.Fatal(err)
	}
	e := newEvaluation(l, elements, p, [32]byte{1}, [32]byte{2})
	m := newLayerMatrix(e, e.secretsOf(0))
	out := [][]uint64{make([]uint64, set.N()), make([]uint64, set.N()), make([]uint64, set.N())}
	for k := range l.Columns {
		m.Column(k, out)
	}
	m.Constant(out)
	again, f, seen := e.secretsOf(0), set.Field(), map[uint64]bool{}
	for o := range out {
		for bin := range l.Bins {
			want := again.multiplier[o][bin]
			for range l.Degree() {
				want = f.Mul(want, again.y[bin])
			}
			want = f.Add(want, [rows]uint64{again.veil[bin], f.Mul(again.alpha[bin], again.veil[bin]), again.token[bin]}[o])
			sum := uint64(0)
			for g := range l.Groups {
				slot := out[o][g*l.Bins+bin]
				sum = f.Add(sum, slot)
				if seen[slot] {
					t.Fatalf("row %d, bin %d, group %d repeats a value", o, bin, g) // 2^-5 for 12,285 values of 31 bits; the seed is fixed
				}
				seen[slot] = true
			}
			if sum != want {
				t.Fatalf("row %d, bin %d: the constants add up to %d, want %d", o, bin, sum, want)
			}
		}
	}
}

// TestSecretsFollowTheTranscript: another seed, transcript or layer means other
// secrets throughout.
func TestSecretsFollowTheTranscript(t *testing.T) {
	set, err := he.Set(he.Small4096)
	if err != nil {
		t.Fatal(err)
	}
	l := Layout{Set: set, Groups: 7, Bins: 585, Columns: 4}
	elements := sessionElements(l, 900, 9)
	p, err := place(elements, l.Bins, 1)
	if err != nil {
		t.Fatal(err)
	}
	seen, count := map[uint64]bool{}, 0
	for _, from := range [][2][32]byte{{{1}, {1}}, {{1}, {2}}, {{2}, {1}}, {{2}, {2}}} {
		e := newEvaluation(l, elements, p, from[0], from[1])
		if e.secrets == e.replies {
			t.Error("one key serves places and replies")
		}
		for layer := range 2 {
			s := e.secretsOf(layer)
			for _, v := range []uint64{s.alpha[0], s.token[0], s.multiplier[0][0], s.multiplier[2][0]} {
				seen[v] = true
				count++
			}
		}
	}
	if len(seen) != count {
		t.Errorf("%d secrets, %d different ones", count, len(seen))
	}
}

// TestVerdictsAndTokensOfAnyTwoSchemasDifferByTheirVerdictsAlone: what the tenant
// says of a fact is a function of whether f(y) is zero and of the service's own
// secrets, whatever else lies in the bin.
func TestVerdictsAndTokensOfAnyTwoSchemasDifferByTheirVerdictsAlone(t *testing.T) {
	set, err := he.Set(he.Small4096)
	if err != nil {
		t.Fatal(err)
	}
	field := set.Field()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "facts")
		draw := func(name string, from uint64) []uint64 {
			return rapid.SliceOfN(rapid.Uint64Range(from, set.T()-1), n, n).Draw(t, name)
		}
		r, alpha, r2, s := draw("r", 1), draw("alpha", 1), draw("r'", 1), draw("s", 0)
		withheld := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "withheld")
		present := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "present")
		decrypted := func(name string) (values [rows][]uint64) {
			f := draw(name, 1)
			for i := range n {
				if present[i] {
					f[i] = 0
				}
				if withheld[i] { // whatever is true of it
					f[i] = rapid.Uint64Range(0, set.T()-1).Draw(t, "f of a withheld fact")
				}
				v := field.Mul(r[i], f[i])
				values[0] = append(values[0], v)
				values[1] = append(values[1], field.Mul(v, alpha[i]))
				values[2] = append(values[2], field.Add(field.Mul(r2[i], f[i]), s[i]))
			}
			return values
		}
		verdicts, tokens := decide(field, decrypted("one schema"), withheld)
		others, otherTokens := decide(field, decrypted("another schema"), withheld)
		want := expected(verdicts, s, alpha)
		for i := range n {
			if verdicts[i] != others[i] || tokens[i] != otherTokens[i] {
				t.Fatalf("fact %d: %s with %d against %s with %d", i, verdicts[i], tokens[i], others[i], otherTokens[i])
			}
			if tokens[i] != want[i] {
				t.Fatalf("fact %d, %s: token %d, the service expects %d", i, verdicts[i], tokens[i], want[i])
			}
		}
	})
}

// TestMalformedPairsGetAnAnswerLikeAnyOther: one half zero and the other not.
func TestMalformedPairsGetAnAnswerLikeAnyOther(t *testing.T) {
	set, err := he.Set(he.Small4096)
	if err != nil {
		t.Fatal(err)
	}
	values := [rows][]uint64{{0, 5, 0, 5}, {7, 0, 0, 7}, {1, 2, 3, 4}}
	verdicts, tokens := decide(set.Field(), values, make([]bool, 4))
	if len(verdicts) != 4 || len(tokens) != 4 {
		t.Fatalf("%d verdicts and %d tokens, want 4", len(verdicts), len(tokens))
	}
	if tokens[0] != 0 || tokens[1] != 0 {
		t.Errorf("a malformed pair has the tokens %d and %d", tokens[0], tokens[1])
	}
}
