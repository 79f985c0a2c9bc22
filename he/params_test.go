package he_test

import (
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/veilschema/veil/he"
)

// TestParameterSetsAreRecomputed finds the primes of the vetted sets anew and
// holds their sizes against the security tables.
func TestParameterSetsAreRecomputed(t *testing.T) {
	// The largest log2 Q at that ring degree, uniform ternary secret, error of
	// standard deviation 3.19. Classical: Bossuat et al., IACR ePrint 2024/463,
	// table 5.2 (cost model MATZOV). Quantum: the tables of that paper's first
	// version (cost model LaaMosPol14). docs/parameters.md says what stricter
	// models give.
	type limits struct{ classical128, classical192, quantum128, quantum192 int }
	table := map[int]limits{
		4096: {106, 73, 101, 69},
		8192: {214, 147, 203, 140},
	}
	for _, set := range []struct {
		id           he.SetID
		name         string
		n            int
		qBits        []int
		tBits        int
		limit        int
		columnBytes  int
		replyBytes   int
		securityWord string
	}{
		{he.Small4096, "small-4096", 4096, []int{49, 48}, 31, table[4096].quantum128, 4096 * 97 / 8, 4096 * 78 / 8, "128"},
		{he.Public8192, "public-8192", 8192, []int{60, 60}, 40, table[8192].quantum192, 8192 * 120 / 8, 8192 * 97 / 8, "192"},
		{he.Confidential8192, "confidential-8192", 8192, []int{57, 57, 56}, 52, table[8192].quantum128, 8192 * 170 / 8, 8192 * 121 / 8, "128"},
	} {
		t.Run(set.name, func(t *testing.T) {
			p, err := he.Set(set.id)
			if err != nil {
				t.Fatal(err)
			}
			if byName, err := he.ParseSet(set.name); err != nil || byName != p {
				t.Errorf("ParseSet(%q) = %v, %v", set.name, byName, err)
			}
			if p.N() != set.n || p.String() != set.name || p.ID() != set.id {
				t.Errorf("set %d is %s at degree %d", p.ID(), p, p.N())
			}
			if want := primesFor(set.n, set.qBits...); !slices.Equal(p.Primes(), want) {
				t.Errorf("primes of Q: pinned %#x, found %#x", p.Primes(), want)
			}
			if want := primesFor(set.n, set.tBits)[0]; p.T() != want {
				t.Errorf("t: pinned %#x, found %#x", p.T(), want)
			}
			product := big.NewInt(1)
			for _, q := range p.Primes() {
				product.Mul(product, new(big.Int).SetUint64(q))
			}
			if product.Cmp(p.Q()) != 0 || p.LogQ() != product.BitLen() {
				t.Errorf("Q is %d of %d bits, want %d", p.Q(), p.LogQ(), product)
			}
			if p.LogQ() > set.limit || p.MaxLogQ() != set.limit {
				t.Errorf("log2 Q is %d, checked against %d; the table allows %d", p.LogQ(), p.MaxLogQ(), set.limit)
			}
			if !strings.HasPrefix(p.Security(), set.securityWord) {
				t.Errorf("security is given as %q, want %s bits", p.Security(), set.securityWord)
			}
			if p.ColumnBytes() != set.columnBytes || p.ReplyBytes() != set.replyBytes {
				t.Errorf("a column takes %d bytes and a reply %d, want %d and %d", p.ColumnBytes(), p.ReplyBytes(), set.columnBytes, set.replyBytes)
			}
		})
	}
}

func TestUnknownParameterSetsAreRefused(t *testing.T) {
	for _, id := range []he.SetID{he.SetUnknown, 4, he.TestSetID} {
		if p, err := he.Set(id); err == nil {
			t.Errorf("Set(%d) = %s", id, p)
		}
	}
	for _, name := range []string{"", "small", "Small-4096", "test"} {
		if p, err := he.ParseSet(name); err == nil {
			t.Errorf("ParseSet(%q) = %s", name, p)
		}
	}
}
