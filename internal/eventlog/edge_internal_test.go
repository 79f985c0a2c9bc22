package eventlog

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
	"golang.org/x/mod/sumdb/tlog"
)

// TestAnEdgeMakesTheKnownHashes compares roots, hashes of subtrees and the edge itself with the vectors of another implementation of RFC 6962. They
// stand here and not where the log is, because their leaves are no events.
func TestAnEdgeMakesTheKnownHashes(t *testing.T) {
	var e edge
	known := testonly.NodeHashes()
	for i, leaf := range testonly.LeafInputs() {
		at := tlog.StoredHashIndex(0, int64(i))
		hashes, err := e.add(tlog.RecordHash(leaf))
		if err != nil {
			t.Fatal(err)
		}
		for j, h := range hashes {
			level, n := tlog.SplitStoredHashIndex(at + int64(j))
			if want := known[level][n]; !bytes.Equal(h[:], want) {
				t.Errorf("hash %d of level %d is %x, want %x", n, level, h[:], want)
			}
		}
		root, err := e.root()
		if want := testonly.RootHashes()[i+1]; err != nil || !bytes.Equal(root[:], want) {
			t.Errorf("the root of size %d is %x (%v), want %x", i+1, root[:], err, want)
		}
		if want := slices.Concat(testonly.CompactTrees()[i+1]...); !bytes.Equal(e.bytes(), want) {
			t.Errorf("the edge of size %d is %x, want %x", i+1, e.bytes(), want)
		}
	}
	if root, err := new(edge).root(); err != nil || !bytes.Equal(root[:], testonly.EmptyRootHash()) {
		t.Errorf("the root of no leaves is %x (%v)", root[:], err)
	}
}

// TestAnEdgeGrowsAsOtherTreesDo goes on to where trees have many levels, and keeps nothing but the edge's bytes in between, as the database does.
func TestAnEdgeGrowsAsOtherTreesDo(t *testing.T) {
	const size = 1100
	other, e := testonly.New(rfc6962.DefaultHasher), new(edge)
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(positions []int64) (out []tlog.Hash, _ error) {
		for _, p := range positions {
			out = append(out, stored[p])
		}
		return out, nil
	})
	for i := range int64(size) {
		leaf := binary.BigEndian.AppendUint64(nil, uint64(i))
		other.AppendData(leaf)
		want, err := tlog.StoredHashes(i, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, want...)
		if e, err = parseEdge(i, e.bytes()); err != nil {
			t.Fatal(err)
		}
		got, err := e.add(tlog.RecordHash(leaf))
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("leaf %d adds %v (%v), want %v", i, got, err, want)
		}
		if root, err := e.root(); err != nil || !bytes.Equal(root[:], other.Hash()) {
			t.Fatalf("the root of size %d is %x (%v), want %x", i+1, root[:], err, other.Hash())
		}
	}
}
