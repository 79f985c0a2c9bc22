package merkle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// appendField appends a text after its size in four bytes, highest first.
func appendField(b []byte, text string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
	return append(b, text...)
}

// Column is a column of a table: its name, and all that is said of it in canonical JSON (RFC 8785).
type Column struct {
	Name      string `json:"name"`
	Canonical []byte `json:"canonical"`
}

// columnLeaf is the leaf of a column, RFC 6962's hash of the salt, the name and the content.
func columnLeaf(salt Hash, c Column) Hash {
	return Hash(tlog.RecordHash(appendField(appendField(salt[:], c.Name), string(c.Canonical))))
}

// columnTree is the tree over the leaves of a table's columns, which are sorted by their hashes.
type columnTree struct {
	leaves []Hash
	levels [][]Hash // levels[0] are the leaves, the last level is the root
}

// newColumnTree fills up with the hashes that decoy gives, to a power of two, sorts and hashes. Sorting puts the columns in an order that says nothing.
func newColumnTree(columns []Hash, decoy func(i int) Hash) *columnTree {
	size := 1
	if len(columns) > 1 {
		size = 1 << bits.Len(uint(len(columns)-1))
	}
	leaves := slices.Clone(columns)
	for i := range size - len(columns) {
		leaves = append(leaves, decoy(i))
	}
	slices.SortFunc(leaves, func(a, b Hash) int { return bytes.Compare(a[:], b[:]) })
	t := &columnTree{leaves: leaves, levels: [][]Hash{leaves}}
	for level := leaves; len(level) > 1; {
		above := make([]Hash, len(level)/2)
		for i := range above {
			above[i] = Hash(tlog.NodeHash(tlog.Hash(level[2*i]), tlog.Hash(level[2*i+1])))
		}
		t.levels = append(t.levels, above)
		level = above
	}
	return t
}

func (t *columnTree) root() Hash { return t.levels[len(t.levels)-1][0] }

// prove returns where a leaf is and the hashes beside its path, from the leaf on.
func (t *columnTree) prove(leaf Hash) (index int, path []Hash, err error) {
	index, ok := slices.BinarySearchFunc(t.leaves, leaf, func(a, b Hash) int { return bytes.Compare(a[:], b[:]) })
	if !ok {
		return 0, nil, errors.New("the table has no such column")
	}
	at := index
	for _, level := range t.levels[:len(t.levels)-1] {
		path = append(path, level[at^1])
		at /= 2
	}
	return index, path, nil
}

// checkPlace refuses places of columns that no table has.
func checkPlace(index, depth int) error {
	if depth > maxColumnDepth || index < 0 || index >= 1<<depth {
		return fmt.Errorf("the column is said to be leaf %d of %d levels, which no table has", index, depth)
	}
	return nil
}

// columnRoot computes the root from a leaf. Its sizes are powers of two, so that no node is alone and none is taken twice.
func columnRoot(leaf Hash, index int, path []Hash) (Hash, error) {
	if err := checkPlace(index, len(path)); err != nil {
		return Hash{}, err
	}
	for _, beside := range path {
		if index%2 == 0 {
			leaf = Hash(tlog.NodeHash(tlog.Hash(leaf), tlog.Hash(beside)))
		} else {
			leaf = Hash(tlog.NodeHash(tlog.Hash(beside), tlog.Hash(leaf)))
		}
		index /= 2
	}
	return leaf, nil
}
