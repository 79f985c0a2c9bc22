package merkle_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"

	"github.com/veilschema/veil/merkle"
)

var benchmarkSizes = []int{1000, 10_000, 100_000}

// benchmarkLeaves are leaves with random labels, the same ones at each call.
func benchmarkLeaves(size int) []merkle.Leaf {
	random := rand.New(rand.NewPCG(1, 2))
	leaves := make([]merkle.Leaf, size)
	for i := range leaves {
		leaves[i] = merkle.Leaf{Label: merkle.Label(hashed(random.Uint64())), Commitment: hashed(uint64(i))}
	}
	return leaves
}

func treeOf(leaves []merkle.Leaf) (t merkle.Tree) {
	for _, l := range leaves {
		t = t.Set(l.Label, l.Commitment)
	}
	return t
}

// BenchmarkTree builds, updates, proves and verifies without labels, whose proof costs the same at every size.
func BenchmarkTree(b *testing.B) {
	for _, size := range benchmarkSizes {
		leaves := benchmarkLeaves(size)
		tree := treeOf(leaves)
		b.Run(fmt.Sprintf("build/%d", size), func(b *testing.B) {
			for b.Loop() {
				treeOf(leaves)
			}
		})
		b.Run(fmt.Sprintf("update/%d", size), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				tree.Set(leaves[i%size].Label, merkle.Hash{byte(i), byte(i >> 8), 1})
			}
		})
		b.Run(fmt.Sprintf("prove/%d", size), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				tree.Prove(leaves[i%size].Label)
			}
			b.ReportMetric(proofBytes(tree, leaves, merkle.Inclusion), "bytes/proof")
			b.ReportMetric(proofBytes(tree, benchmarkLeaves(size + 1000)[size:], merkle.AbsenceByLeaf, merkle.AbsenceByEmpty), "bytes/absence")
		})
		b.Run(fmt.Sprintf("verify/%d", size), func(b *testing.B) {
			root, known := tree.Root(), leaves[7]
			path := tree.Prove(known.Label)
			for b.Loop() {
				if err := merkle.VerifyInclusion(root, known.Label, known.Commitment, path); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// proofBytes is the mean size of the first thousand proofs, which have to be of some kinds.
func proofBytes(tree merkle.Tree, leaves []merkle.Leaf, kinds ...merkle.Kind) float64 {
	bytes := 0
	leaves = leaves[:1000]
	for _, l := range leaves {
		p := tree.Prove(l.Label)
		if p.Kind != kinds[0] && p.Kind != kinds[len(kinds)-1] {
			panic("a proof of another kind")
		}
		bytes += len(must(p.AppendBinary(nil)))
	}
	return float64(bytes) / float64(len(leaves))
}

// BenchmarkAppendOnlyTree does the same with the same leaves in another library's tree of RFC 6962. It is not the same service: leaves stand in the order
// of their arrival there, none is replaced, and nothing proves that one is missing.
func BenchmarkAppendOnlyTree(b *testing.B) {
	hasher := rfc6962.DefaultHasher
	for _, size := range benchmarkSizes {
		var leaves [][]byte
		for _, l := range benchmarkLeaves(size) {
			leaves = append(leaves, append(l.Label[:], l.Commitment[:]...))
		}
		build := func() *testonly.Tree {
			t := testonly.New(hasher)
			t.AppendData(leaves...)
			return t
		}
		tree := build()
		b.Run(fmt.Sprintf("build/%d", size), func(b *testing.B) {
			for b.Loop() {
				build().Hash()
			}
		})
		b.Run(fmt.Sprintf("prove/%d", size), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				must(tree.InclusionProof(uint64(i%size), uint64(size)))
			}
			bytes := 0
			for i := range uint64(1000) {
				bytes += hasher.Size() * len(must(tree.InclusionProof(i, uint64(size))))
			}
			b.ReportMetric(float64(bytes)/1000, "bytes/proof")
		})
		b.Run(fmt.Sprintf("verify/%d", size), func(b *testing.B) {
			root, path := tree.Hash(), must(tree.InclusionProof(7, uint64(size)))
			for b.Loop() {
				if err := proof.VerifyInclusion(hasher, 7, uint64(size), hasher.HashLeaf(leaves[7]), path, root); err != nil {
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

// BenchmarkCommit commits to 1,000 tables of three columns, labels and all.
func BenchmarkCommit(b *testing.B) {
	c, tables := must(merkle.NewCommitter(make([]byte, 32))), schema(1000)
	for b.Loop() {
		must(c.Commit(tables))
	}
}

// BenchmarkStatement writes and reads a statement of a table with three columns in both forms.
func BenchmarkStatement(b *testing.B) {
	c := must(merkle.NewCommitter(make([]byte, 32)))
	s := must(c.ShowTable(must(c.Commit(schema(1000))), schema(1)[0].Name))
	raw, text := must(s.AppendBinary(nil)), must(json.Marshal(s))
	b.Run("binary", func(b *testing.B) {
		for b.Loop() {
			must(must(merkle.ParseStatementBinary(raw)).AppendBinary(nil))
		}
		b.ReportMetric(float64(len(raw)), "bytes")
	})
	b.Run("json", func(b *testing.B) {
		for b.Loop() {
			must(json.Marshal(must(merkle.ParseStatement(text))))
		}
		b.ReportMetric(float64(len(text)), "bytes")
	})
}
