package eventlog

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// edge is the right edge of a tree: the hashes of the full subtrees that its leaves fall into, one for each bit of its size. It is all that must be
// known to append a leaf and to say the root.
//
//	size 6 = 4 + 2:      .
//	                 ┌───┴───┐
//	                at[2]   at[1]
//	               ┌─┴─┐   ┌─┴─┐
//	             . .   . . .     .
type edge struct {
	size int64
	at   [levels]tlog.Hash // at[l] is of a subtree of 1<<l leaves, where that bit of size is set
}

// parseEdge is the strict inverse of bytes.
func parseEdge(size int64, b []byte) (*edge, error) {
	e := &edge{size: size}
	if size < 0 || size > maxSequence+1 {
		return nil, fmt.Errorf("a log has no size of %d", size)
	}
	for l := levels - 1; l >= 0; l-- {
		if size>>l&1 == 0 {
			continue
		}
		if len(b) < tlog.HashSize {
			return nil, fmt.Errorf("the edge of a log of size %d has too few hashes", size)
		}
		e.at[l], b = tlog.Hash(b[:tlog.HashSize]), b[tlog.HashSize:]
	}
	if len(b) != 0 {
		return nil, fmt.Errorf("the edge of a log of size %d has too many hashes", size)
	}
	return e, nil
}

// bytes is the hashes of the edge, the largest subtree's first.
func (e *edge) bytes() []byte {
	b := make([]byte, 0, levels*tlog.HashSize)
	for l := levels - 1; l >= 0; l-- {
		if e.size>>l&1 == 1 {
			b = append(b, e.at[l][:]...)
		}
	}
	return b
}

// add appends a leaf and returns the hashes that the log stores for it: its own, and those of the subtrees that it completes, from
// [tlog.StoredHashIndex](0, size) on.
func (e *edge) add(leaf tlog.Hash) ([]tlog.Hash, error) {
	hashes, err := tlog.StoredHashesForRecordHash(e.size, leaf, e)
	if err != nil {
		return nil, err
	}
	top := len(hashes) - 1
	if top >= levels {
		return nil, fmt.Errorf("a log of size %d takes no more leaves", e.size)
	}
	e.at[top] = hashes[top] // the levels below it are no part of the edge any more, for their bits of the size are not set
	e.size++
	return hashes, nil
}

// root is the hash of the whole tree.
func (e *edge) root() (tlog.Hash, error) { return tlog.TreeHash(e.size, e) }

// ReadHashes implements [tlog.HashReader] for the hashes of the edge, which are all that tlog asks for to append or to make the root.
func (e *edge) ReadHashes(positions []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(positions))
	for i, p := range positions {
		l, n := tlog.SplitStoredHashIndex(p)
		if l >= levels || e.size>>l&1 == 0 || n != e.size>>l-1 {
			return nil, fmt.Errorf("hash %d of level %d is not on the edge of a log of size %d", n, l, e.size)
		}
		out[i] = e.at[l]
	}
	return out, nil
}

var _ tlog.HashReader = (*edge)(nil)
