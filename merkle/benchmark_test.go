package merkle_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/veilschema/veil/merkle"
)

// BenchmarkTree updates, proves and verifies in trees of 10^3 to 10^5 leaves, without labels, whose proof costs the same at every size.
func BenchmarkTree(b *testing.B) {
	for _, size := range []int{1000, 10_000, 100_000} {
		random := rand.New(rand.NewPCG(1, 2))
		labels := make([]merkle.Label, size)
		tree := merkle.Tree{}
		for i := range labels {
			labels[i] = merkle.Label(hashed(random.Uint64()))
			tree = tree.Set(labels[i], hashed(uint64(i)))
		}
		b.Run(fmt.Sprintf("update/%d", size), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				tree.Set(labels[i%size], merkle.Hash{byte(i), byte(i >> 8), 1})
			}
		})
		b.Run(fmt.Sprintf("prove/%d", size), func(b *testing.B) {
			bytes := 0
			i := 0
			for ; b.Loop(); i++ {
				bytes += len(must(tree.Prove(labels[i%size]).AppendBinary(nil)))
			}
			b.ReportMetric(float64(bytes)/float64(i), "bytes/proof")
		})
		b.Run(fmt.Sprintf("verify/%d", size), func(b *testing.B) {
			root, proof := tree.Root(), tree.Prove(labels[7])
			for b.Loop() {
				if err := merkle.VerifyInclusion(root, labels[7], hashed(7), proof); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLabel makes and checks the label of a table.
func BenchmarkLabel(b *testing.B) {
	key := must(merkle.NewLabelKey(make([]byte, 32)))
	public, name := must(key.Public()), merkle.TableName{Schema: "public", Table: "person"}
	_, proof, err := key.Label(name)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("prove", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := key.Label(name); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if _, err := public.Verify(name, proof); err != nil {
				b.Fatal(err)
			}
		}
	})
}
