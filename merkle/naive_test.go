package merkle_test

import (
	"crypto/sha256"

	"github.com/veilschema/veil/merkle"
)

// naive is the tree by its definition: a set of leaves, hashed anew each time.
type naive map[merkle.Label]merkle.Hash

func (n naive) root() merkle.Hash { return n.under(nil) }

// under hashes the leaves whose labels begin with bits.
func (n naive) under(bits []byte) merkle.Hash {
	var one merkle.Label
	count := 0
	for label := range n {
		if begins(label, bits) {
			one = label
			count++
		}
	}
	switch count {
	case 0:
		return merkle.Hash{}
	case 1:
		commitment := n[one]
		return sha256.Sum256(append(append([]byte{2}, one[:]...), commitment[:]...))
	}
	left, right := n.under(append(clip(bits), 0)), n.under(append(clip(bits), 1))
	return sha256.Sum256(append(append([]byte{3}, left[:]...), right[:]...))
}

func clip(b []byte) []byte { return b[:len(b):len(b)] }

func begins(label merkle.Label, bits []byte) bool {
	for i, bit := range bits {
		if label[i/8]>>(7-i%8)&1 != bit {
			return false
		}
	}
	return true
}

// bits are the first bits of a label.
func bits(label merkle.Label, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = label[i/8] >> (7 - i%8) & 1
	}
	return out
}

// siblings are those of a proof, by the definition.
func (n naive) siblings(label merkle.Label) (out []merkle.Hash) {
	for depth := 0; ; depth++ {
		count := 0
		for other := range n {
			if begins(other, bits(label, depth)) {
				count++
			}
		}
		if count < 2 {
			return out
		}
		beside := bits(label, depth+1)
		beside[depth] ^= 1
		out = append(out, n.under(beside))
	}
}
