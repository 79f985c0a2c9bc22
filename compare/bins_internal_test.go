package compare

import (
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/veilschema/veil/he"
)

// naive multiplies out (Y-1)^padding prod (Y-x) over Z_t, lowest coefficient
// first, term by term.
func naive(t uint64, roots []uint64, degree int) []*big.Int {
	prime := new(big.Int).SetUint64(t)
	product := []*big.Int{big.NewInt(1)}
	for i := range degree {
		root := big.NewInt(1)
		if i < len(roots) {
			root = new(big.Int).SetUint64(roots[i])
		}
		next := make([]*big.Int, len(product)+1)
		for k := range next {
			next[k] = new(big.Int)
			if k > 0 {
				next[k].Add(next[k], product[k-1])
			}
			if k < len(product) {
				next[k].Sub(next[k], new(big.Int).Mul(root, product[k]))
			}
			next[k].Mod(next[k], prime)
		}
		product = next
	}
	return product
}

// drawLayout draws a layout of either public set, with few bins in use.
func drawLayout(t *rapid.T) Layout {
	set, err := he.Set(rapid.SampledFrom([]he.SetID{he.Small4096, he.Public8192}).Draw(t, "set"))
	if err != nil {
		t.Fatal(err)
	}
	groups := rapid.IntRange(1, 9).Draw(t, "groups")
	return Layout{Set: set, Groups: groups, Bins: set.N() / groups, Columns: rapid.IntRange(1, 4).Draw(t, "columns"), Bucket: 16}
}

func TestColumnsAreTheCoefficientsOfTheProducts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLayout(t)
		b := &bins{layout: l, roots: make([]uint64, l.Bins*l.Degree()), load: make([]int32, l.Bins)}
		filled := rapid.SliceOfNDistinct(rapid.IntRange(0, l.Bins-1), 0, 4, rapid.ID[int]).Draw(t, "bins")
		for _, bin := range filled {
			roots := rapid.SliceOfN(rapid.Uint64Range(0, l.Set.T()-1), 0, l.Degree()).Draw(t, "roots")
			b.load[bin] = int32(copy(b.roots[bin*l.Degree():], roots))
		}
		columns := b.columns(rapid.IntRange(1, 3).Draw(t, "workers"))
		if len(columns) != l.Columns {
			t.Fatalf("%d columns, want %d", len(columns), l.Columns)
		}
		for _, bin := range append(filled, 0, l.Bins-1) { // and two that may be empty
			want := naive(l.Set.T(), b.of(int32(bin)), l.Degree())
			if want[l.Degree()].Cmp(big.NewInt(1)) != 0 {
				t.Fatal("the product is not monic")
			}
			for i := range l.Degree() {
				if got := columns[i/l.Groups][i%l.Groups*l.Bins+bin]; got != want[i].Uint64() {
					t.Fatalf("bin %d, coefficient %d: got %d, want %d", bin, i, got, want[i])
				}
			}
		}
		for k, c := range columns {
			for slot := l.Groups * l.Bins; slot < l.Set.N(); slot++ {
				if c[slot] != 0 {
					t.Fatalf("column %d, slot %d belongs to no bin and is %d", k, slot, c[slot])
				}
			}
		}
	})
}

func TestEveryFactFallsIntoBothOfItsBins(t *testing.T) {
	set, err := he.Set(he.Small4096)
	if err != nil {
		t.Fatal(err)
	}
	l := Layout{Set: set, Groups: 7, Bins: 585, Columns: 4}
	elements := sessionElements(l, 1000, 4)
	b, err := fill(l, elements)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for bin := range l.Bins {
		total += len(b.of(int32(bin)))
	}
	if total != 2*len(elements) {
		t.Errorf("%d roots, want two a fact", total)
	}
	for _, e := range elements {
		for _, bin := range e.bins {
			if !b.holds(bin, e.x) || b.holds(bin, e.x+1) {
				t.Fatalf("bin %d does not hold %d, or holds what it should not", bin, e.x)
			}
		}
	}
}

func TestABinThatOverflowsAsksForAnotherSalt(t *testing.T) {
	set, err := he.Set(he.Small4096)
	if err != nil {
		t.Fatal(err)
	}
	l := Layout{Set: set, Groups: 1, Bins: 4096, Columns: 3}
	elements := make([]element, 4)
	for i := range elements {
		elements[i] = element{x: uint64(2 + i), bins: [2]int32{9, int32(i)}}
	}
	if _, err := fill(l, elements[:3]); err != nil {
		t.Errorf("a full bin: %v", err)
	}
	if _, err := fill(l, elements); !errors.Is(err, ErrNewSalt) {
		t.Errorf("got %v, want ErrNewSalt", err)
	}
}
