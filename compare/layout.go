package compare

import (
	"fmt"
	"math/bits"

	"github.com/veilschema/veil/he"
)

// Layout says how facts lie in slots. Both sides compute it from public numbers
// and get the same.
//
// A tenant's facts fall into Bins bins, each fact into two; a bin is a monic
// polynomial whose roots are its facts. A ciphertext has room for Groups
// coefficients of every bin: slot g*Bins+b of column k holds coefficient
// k*Groups+g of bin b. A column of a one-group layout would be mostly padding,
// because the fullest of many bins is much fuller than their mean; with fewer,
// fuller bins the padding shrinks, and a place of the template takes Groups
// slots, whose decrypted values add up.
//
//	         bin 0   bin 1   ...  bin B-1
//	group 0  a_0     a_0          a_0        column 0: coefficients 0 ... G-1
//	group 1  a_1     a_1          a_1
//	   :
type Layout struct {
	// Set is the parameter set.
	Set *he.Parameters
	// Bucket is the padded number of the tenant's facts.
	Bucket int
	// Groups, Bins and Columns are counted as above; Groups*Bins <= N.
	Groups, Bins, Columns int
}

// Degree returns the degree of every bin's polynomial, which is the number of
// facts a bin has room for and the most a cheat could claim in it.
func (l Layout) Degree() int { return l.Groups * l.Columns }

// Bucket pads a number of facts so that it tells little: of the padded number's
// binary digits after the leading one, only the first log2 log2 n + 1 may be
// non-zero, which costs at most 12 % (Padmé: Nikitin et al., "Reducing Metadata
// Leakage from Encrypted Files and Communication with PURBs", PoPETs 2019).
func Bucket(facts int) int {
	if facts < 16 {
		return 16
	}
	exponent := bits.Len(uint(facts)) - 1
	mask := 1<<(exponent-bits.Len(uint(exponent))) - 1
	return (facts + mask) &^ mask
}

// ChooseLayout returns the layout that takes a tenant's bucket and a template's
// facts the least: bytes up and down, and a little for every product of a column
// with a reply. It chooses among the parameter sets for public templates from
// minimum upwards; a set counts only where the probability of a false match stays
// below 2^-16.
func ChooseLayout(minimum he.SetID, bucket, templateFacts int) (Layout, error) {
	if bucket < 1 || bucket > Bucket(MaxFacts) || templateFacts < 1 || templateFacts > MaxFacts {
		return Layout{}, fmt.Errorf("%d facts against a template of %d are more than the %d one comparison takes; split the schemas with --schema", bucket, templateFacts, MaxFacts)
	}
	best, bestCost := Layout{}, 0
	for _, id := range [...]he.SetID{he.Small4096, he.Public8192} {
		if id < minimum {
			continue
		}
		set, err := he.Set(id)
		if err != nil {
			return Layout{}, err
		}
		for groups := 1; groups <= maxGroups; groups++ {
			l, layers, ok := layoutWith(set, groups, bucket, templateFacts)
			if !ok {
				continue
			}
			if c := l.cost(layers); bestCost == 0 || c < bestCost {
				best, bestCost = l, c
			}
		}
	}
	if bestCost == 0 {
		return Layout{}, fmt.Errorf("no parameter set takes %d facts against a template of %d; split the schemas with --schema", bucket, templateFacts)
	}
	return best, nil
}

// layoutWith fills in a layout with that many groups and the layers it is
// expected to need.
func layoutWith(set *he.Parameters, groups, bucket, templateFacts int) (l Layout, layers int, ok bool) {
	bins := set.N() / groups
	degree, ok := binCapacity(bucket, bins)
	if !ok {
		return l, 0, false
	}
	l = Layout{Set: set, Bucket: bucket, Groups: groups, Bins: bins, Columns: (degree + groups - 1) / groups}
	if bins <= 2*l.unknown() {
		return l, 0, false
	}
	layers = max(expectedLayers(templateFacts, bins), l.fewestLayers(templateFacts))
	falseMatch := uint64(templateFacts) * uint64(l.Degree()) << falseMatchBits
	ok = l.Columns <= he.MaxColumns && layers*rows <= he.MaxReplies && falseMatch <= set.T()
	return l, layers, ok
}

// unknown returns how many places of every layer stay without a fact, and so
// unknown to the tenant: with more than 0.42 N / log2 t of them, errors that still
// decrypt say less of a layer's multipliers than there is to know
// (docs/parameters.md, section 5).
func (l Layout) unknown() int {
	return l.Set.N()*42/100/(bits.Len64(l.Set.T())-1) + 1
}

// fewestLayers returns the layers below which facts would leave too few places
// unknown.
func (l Layout) fewestLayers(facts int) int {
	room := l.Bins - l.unknown()
	return (facts + room - 1) / room
}

// productBytes is what the product of a column with a reply is held to cost, in
// bytes: both sides spend about half a millisecond on it at N = 8192, in which a
// line of 100 Mbit/s carries 6 kB. Without it a layout 1 % shorter may take half as
// long again.
const productBytes = 6144

// cost returns the bytes of submission and response, and what the evaluation
// costs in bytes.
func (l Layout) cost(layers int) int {
	products := l.Columns * layers * rows * l.Set.N() / 8192
	return l.Set.SubmissionBytes(l.Columns) + l.Set.ResponseBytes(layers*rows) + products*productBytes
}

// orientation[k] is a thousand times the load per bin up to which balls with
// two choices each almost surely fit into bins of capacity k (Fernholz and
// Ramachandran; Cain, Sanders and Wormald, SODA 2007), less a margin for finite
// numbers.
var orientation = [...]int{0, 450, 1740, 2790, 3800, 4800, 5780, 6760, 7740, 8710, 9690}

// expectedLayers is the capacity that facts with two choices most likely need.
// It only chooses a layout; the layers that a comparison has come from place.
func expectedLayers(facts, bins int) int {
	for k := 1; k < len(orientation); k++ {
		if facts*1000 <= orientation[k]*bins {
			return k
		}
	}
	return facts*1000/(bins*970) + 1
}
