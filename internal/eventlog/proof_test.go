package eventlog_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/store/storetest"
)

// slowRoot is the root by the definition in RFC 6962, section 2.1.
func slowRoot(leaves [][]byte) []byte {
	h := rfc6962.DefaultHasher
	switch len(leaves) {
	case 0:
		return h.EmptyRoot()
	case 1:
		return h.HashLeaf(leaves[0])
	}
	k := 1
	for 2*k < len(leaves) {
		k *= 2
	}
	return h.HashChildren(slowRoot(leaves[:k]), slowRoot(leaves[k:]))
}

func slices32(hashes []tlog.Hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}

// TestProofsHold checks all proofs of all trees of up to 21 events with tlog and with another implementation of RFC 6962.
func TestProofsHold(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	const size = 21
	fill(t, db, 3) // one by one, then many at once
	mustAdd(t, db, "many", 0, slices.Repeat([]eventlog.New{one(7)}, size-3)...)
	var leaves [][]byte
	for _, e := range all(t, db, store.Service()) {
		leaf, err := eventlog.EncodeLeaf(e)
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leaf)
	}
	err := reading(t, db, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		head, err := eventlog.Head(ctx, tx)
		if err != nil {
			return err
		}
		if head.N != size || string(head.Hash[:]) != string(slowRoot(leaves)) {
			t.Errorf("the head is %d %s", head.N, head.Hash)
		}
		roots := make([]tlog.Hash, size+1)
		for n := range roots {
			if roots[n], err = eventlog.Root(ctx, tx, int64(n)); err != nil {
				return err
			}
			if string(roots[n][:]) != string(slowRoot(leaves[:n])) {
				t.Errorf("the root of size %d is %s", n, roots[n])
			}
		}
		for n := int64(1); n <= size; n++ {
			for i := range n {
				p, err := eventlog.ProveEvent(ctx, tx, n, i)
				if err != nil {
					return err
				}
				leaf := tlog.RecordHash(leaves[i])
				if err := tlog.CheckRecord(p, n, roots[n], i, leaf); err != nil {
					t.Errorf("event %d of %d: %v", i, n, err)
				}
				if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(i), uint64(n), leaf[:], slices32(p), roots[n][:]); err != nil {
					t.Errorf("event %d of %d, by the other: %v", i, n, err)
				}
				g, err := eventlog.ProveGrowth(ctx, tx, n, i+1)
				if err != nil {
					return err
				}
				if err := tlog.CheckTree(g, n, roots[n], i+1, roots[i+1]); err != nil {
					t.Errorf("from %d to %d: %v", i+1, n, err)
				}
				if err := proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(i+1), uint64(n), slices32(g), roots[i+1][:], roots[n][:]); err != nil {
					t.Errorf("from %d to %d, by the other: %v", i+1, n, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNothingIsProvedOfWhatTheLogNeverWas(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	fill(t, db, 3)
	err := reading(t, db, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		for _, c := range [][2]int64{{4, 0}, {3, 3}, {3, -1}, {0, 0}, {-1, -2}, {1 << 62, 1}} {
			if p, err := eventlog.ProveEvent(ctx, tx, c[0], c[1]); err == nil {
				t.Errorf("event %d of %d: %v", c[1], c[0], p)
			}
		}
		for _, c := range [][2]int64{{4, 3}, {3, 0}, {2, 3}, {3, -1}, {-1, -1}} {
			if p, err := eventlog.ProveGrowth(ctx, tx, c[0], c[1]); err == nil {
				t.Errorf("from %d to %d: %v", c[1], c[0], p)
			}
		}
		for _, n := range []int64{4, -1} {
			if h, err := eventlog.Root(ctx, tx, n); err == nil || !strings.Contains(err.Error(), "has size 3") {
				t.Errorf("the root of size %d: %v %v", n, h, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
