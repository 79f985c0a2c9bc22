package merkle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/veilschema/veil/merkle"
)

// labelled makes labels that share many first bits, so that paths are long.
func labelled(random *rand.Rand) (l merkle.Label) {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, random.Uint64()))
	l = sum
	clear(l[:random.IntN(31)])
	return l
}

func hashed(n uint64) merkle.Hash {
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, n))
}

// known is a label that a tree may have.
func known(random *rand.Rand, n naive) merkle.Label {
	labels := make([]merkle.Label, 0, len(n))
	for l := range n {
		labels = append(labels, l)
	}
	if len(labels) == 0 || random.IntN(2) == 0 {
		return labelled(random)
	}
	slices.SortFunc(labels, func(a, b merkle.Label) int { return bytes.Compare(a[:], b[:]) })
	l := labels[random.IntN(len(labels))]
	if random.IntN(3) == 0 {
		l[random.IntN(32)] ^= 1 << random.IntN(8) // one that shares a beginning
	}
	return l
}

func TestATreeIsItsDefinitionWhateverIsDoneToIt(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 15 {
		n, tree := naive{}, merkle.Tree{}
		for range 40 {
			label := known(random, n)
			before, had := tree, tree.Root()
			if random.IntN(3) == 0 {
				_, there := n[label]
				delete(n, label)
				var ok bool
				if tree, ok = tree.Delete(label); ok != there {
					t.Fatalf("deleted: %t, and it was there: %t", ok, there)
				}
			} else {
				n[label] = hashed(random.Uint64())
				tree = tree.Set(label, n[label])
			}
			if tree.Root() != n.root() || tree.Len() != len(n) {
				t.Fatalf("the tree of %d leaves has the root %x, by its definition %x of %d", tree.Len(), tree.Root(), n.root(), len(n))
			}
			if before.Root() != had {
				t.Fatal("the tree before changed")
			}
			prove(t, random, tree, n)
		}
	}
}

// prove proves what is said of some labels, and verifies.
func prove(t *testing.T, random *rand.Rand, tree merkle.Tree, n naive) {
	t.Helper()
	for range 3 {
		label := known(random, n)
		p := tree.Prove(label)
		if !slices.Equal(p.Siblings, n.siblings(label)) {
			t.Fatalf("a proof has %d siblings, by the definition %d, or others", len(p.Siblings), len(n.siblings(label)))
		}
		raw, err := p.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := merkle.ParseProof(raw)
		if err != nil {
			t.Fatal(err)
		}
		commitment, there := n[label]
		other := hashed(random.Uint64())
		included, absent := merkle.VerifyInclusion(tree.Root(), label, commitment, again) == nil, merkle.VerifyAbsence(tree.Root(), label, again) == nil
		if included != there || absent == there {
			t.Fatalf("it is there: %t; proven to be: %t, proven not to be: %t", there, included, absent)
		}
		if merkle.VerifyInclusion(tree.Root(), label, other, again) == nil || merkle.VerifyInclusion(other, label, commitment, again) == nil {
			t.Fatal("a proof holds for another commitment or another root")
		}
	}
}

// TestNoChangeOfAProofIsAccepted changes proofs in every way that one bit, a cut and an addition can.
func TestNoChangeOfAProofIsAccepted(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	n, tree := naive{}, merkle.Tree{}
	for range 30 {
		label := labelled(random)
		n[label] = hashed(random.Uint64())
		tree = tree.Set(label, n[label])
	}
	for range 20 {
		label := known(random, n)
		commitment, there := n[label]
		raw, err := tree.Prove(label).AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		accepted := func(b []byte) bool {
			p, err := merkle.ParseProof(b)
			if err != nil {
				return false
			}
			return merkle.VerifyAbsence(tree.Root(), label, p) == nil || there && merkle.VerifyInclusion(tree.Root(), label, commitment, p) == nil
		}
		if !accepted(raw) {
			t.Fatal("the proof itself is not accepted")
		}
		for i := range 8 * len(raw) {
			changed := slices.Clone(raw)
			changed[i/8] ^= 1 << (i % 8)
			if accepted(changed) {
				t.Fatalf("a proof with bit %d changed is accepted", i)
			}
		}
		for i := range raw {
			if accepted(raw[:i]) {
				t.Fatalf("a proof of %d bytes is accepted when cut to %d", len(raw), i)
			}
		}
		if accepted(append(slices.Clone(raw), 0)) {
			t.Fatal("a proof with a byte more is accepted")
		}
	}
}

func FuzzProof(f *testing.F) {
	tree := merkle.Tree{}.Set(merkle.Label{1}, hashed(1)).Set(merkle.Label{2}, hashed(2)).Set(merkle.Label{0x80}, hashed(3))
	for _, label := range []merkle.Label{{1}, {3}, {0x40}} {
		raw, err := tree.Prove(label).AppendBinary(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := merkle.ParseProof(raw)
		if err != nil {
			return
		}
		again, err := p.AppendBinary(nil)
		if err != nil || !bytes.Equal(again, raw) {
			t.Errorf("what was read is written as %x (%v), and was %x", again, err, raw)
		}
		if merkle.VerifyAbsence(tree.Root(), merkle.Label{1}, p) == nil {
			t.Errorf("%x proves that a leaf is not there", raw)
		}
	})
}

func TestATreeIsMadeAgainOfItsLeaves(t *testing.T) {
	var tree, again merkle.Tree
	for i := range 100 {
		tree = tree.Set(sha256.Sum256([]byte{byte(i)}), merkle.Hash{byte(i)})
	}
	leaves := tree.Leaves()
	for i, l := range leaves {
		again = again.Set(l.Label, l.Commitment)
		if i > 0 && bytes.Compare(leaves[i-1].Label[:], l.Label[:]) >= 0 {
			t.Errorf("leaf %d is out of order", i)
		}
	}
	if again.Root() != tree.Root() || len(leaves) != 100 || len(merkle.Tree{}.Leaves()) != 0 {
		t.Error("another tree")
	}
}
