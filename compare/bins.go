package compare

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/veilschema/veil/he"
)

// ErrNewSalt says that this session's salt does not serve: a bin overflowed, a
// template fact would match falsely, or the template's facts cannot be placed.
// Open another comparison; nothing was sent that depends on the schema.
var ErrNewSalt = errors.New("this session's salt puts too much into one place; open the comparison again")

// bins are a tenant's facts by bin.
type bins struct {
	layout Layout
	// roots are the elements of bin b at [b*degree, b*degree+load[b]).
	roots []uint64
	load  []int32
}

// fill puts every element into both of its bins.
func fill(l Layout, elements []element) (*bins, error) {
	d := l.Degree()
	b := &bins{layout: l, roots: make([]uint64, l.Bins*d), load: make([]int32, l.Bins)}
	for _, e := range elements {
		for _, bin := range e.bins {
			if int(b.load[bin]) == d {
				return nil, fmt.Errorf("bin %d overflows: %w", bin, ErrNewSalt)
			}
			b.roots[int(bin)*d+int(b.load[bin])] = e.x
			b.load[bin]++
		}
	}
	return b, nil
}

// of returns the roots of one bin.
func (b *bins) of(bin int32) []uint64 {
	at := int(bin) * b.layout.Degree()
	return b.roots[at : at+int(b.load[bin])]
}

// holds says whether x is a root of a bin. It looks at all roots, so that the
// time does not tell.
func (b *bins) holds(bin int32, x uint64) bool {
	found := false
	for _, r := range b.of(bin) {
		if r == x {
			found = true
		}
	}
	return found
}

// columns returns the coefficients of all bins as columns of slots. Bins are
// padded with the root 1, which is no fact, to the layout's degree; the leading
// coefficient 1 is public and not among them, which is what bounds the number
// of roots.
func (b *bins) columns(workers int) [][]uint64 {
	l := b.layout
	field := l.Set.Field()
	columns := make([][]uint64, l.Columns)
	for k := range columns {
		columns[k] = make([]uint64, l.Set.N())
	}
	padding := paddingPowers(field, l.Degree())
	spread(l.Bins, workers, func(from, to int) {
		product := make([]uint64, l.Degree()+1)
		for bin := from; bin < to; bin++ {
			roots := b.of(int32(bin))
			expand(field, roots, product)
			for i := range l.Degree() {
				c := convolved(field, product[:len(roots)+1], padding[l.Degree()-len(roots)], i)
				columns[i/l.Groups][i%l.Groups*l.Bins+bin] = c
			}
		}
	})
	return columns
}

// expand sets the first len(roots)+1 coefficients of product to prod (Y - x).
func expand(f *he.Field, roots, product []uint64) {
	product[0] = 1
	for n, x := range roots {
		factor := f.NewFactor(x)
		product[n+1] = product[n]
		for i := n; i > 0; i-- {
			product[i] = f.Sub(product[i-1], f.MulFactor(product[i], factor))
		}
		product[0] = f.Sub(0, f.MulFactor(product[0], factor))
	}
}

// paddingPowers returns the coefficients of (Y-1)^k for k = 0 ... degree.
func paddingPowers(f *he.Field, degree int) [][]uint64 {
	powers := make([][]uint64, degree+1)
	powers[0] = []uint64{1}
	for k := 1; k <= degree; k++ {
		powers[k] = make([]uint64, k+1)
		for i, c := range powers[k-1] {
			powers[k][i] = f.Sub(powers[k][i], c)
			powers[k][i+1] = f.Add(powers[k][i+1], c)
		}
	}
	return powers
}

// convolved returns coefficient i of a*b: products of values below 2^52 are
// summed in 128 bits and reduced once.
func convolved(f *he.Field, a, b []uint64, i int) uint64 {
	var hi, lo uint64
	from, to := max(0, i-len(b)+1), min(i, len(a)-1)
	for j := from; j <= to; j++ {
		h, l := bits.Mul64(a[j], b[i-j])
		var carry uint64
		lo, carry = bits.Add64(lo, l, 0)
		hi += h + carry
	}
	return bits.Rem64(hi, lo, f.T())
}
