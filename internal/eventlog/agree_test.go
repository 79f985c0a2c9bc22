package eventlog_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/store/storetest"
)

// others are the same log in memory, by tlog and by another implementation of RFC 6962.
type others struct {
	stored []tlog.Hash
	tree   *testonly.Tree
	leaves [][]byte
}

func newOthers(t *testing.T, leaves [][]byte) *others {
	t.Helper()
	o := &others{tree: testonly.New(rfc6962.DefaultHasher), leaves: leaves}
	for i, leaf := range leaves {
		hashes, err := tlog.StoredHashes(int64(i), leaf, o)
		if err != nil {
			t.Fatal(err)
		}
		o.stored = append(o.stored, hashes...)
	}
	o.tree.AppendData(leaves...)
	return o
}

// ReadHashes implements [tlog.HashReader].
func (o *others) ReadHashes(positions []int64) (out []tlog.Hash, _ error) {
	for _, p := range positions {
		out = append(out, o.stored[p])
	}
	return out, nil
}

// logOf makes a log of size events, some one by one and the others at once, and hands over a transaction with it and the same log elsewhere.
func logOf(t *testing.T, size int, f func(ctx context.Context, tx pgx.Tx, o *others) error) {
	t.Helper()
	db := storetest.Open(t)
	fill(t, db, 5)
	mustAdd(t, db, "many", 0, slices.Repeat([]eventlog.New{one(7)}, size-5)...)
	var leaves [][]byte
	for _, e := range all(t, db, store.Service()) {
		leaf, err := eventlog.EncodeLeaf(e)
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leaf)
	}
	if len(leaves) != size {
		t.Fatalf("the log has %d events, want %d", len(leaves), size)
	}
	o := newOthers(t, leaves)
	if err := reading(t, db, store.Service(), func(ctx context.Context, tx pgx.Tx) error { return f(ctx, tx, o) }); err != nil {
		t.Fatal(err)
	}
}

func TestTheLogHasTheRootsAndProofsOfOtherImplementations(t *testing.T) {
	t.Parallel()
	const size = 300
	logOf(t, size, func(ctx context.Context, tx pgx.Tx, o *others) error {
		random := rand.New(rand.NewPCG(1, 2))
		// Sizes around powers of two are where trees change their shape.
		sizes := []int64{1, 2, 3, 127, 128, 129, 255, 256, 257, size}
		for range 40 {
			sizes = append(sizes, 1+random.Int64N(size))
		}
		for _, n := range sizes {
			root, err := eventlog.Root(ctx, tx, n)
			if err != nil {
				return err
			}
			if !bytes.Equal(root[:], o.tree.HashAt(uint64(n))) {
				t.Errorf("the root of size %d is %x, want %x", n, root[:], o.tree.HashAt(uint64(n)))
			}
			for _, i := range []int64{0, n - 1, random.Int64N(n)} {
				if err := o.compareInclusion(ctx, t, tx, n, i); err != nil {
					return err
				}
				if err := o.compareGrowth(ctx, t, tx, n, i+1); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (o *others) compareInclusion(ctx context.Context, t *testing.T, tx pgx.Tx, n, i int64) error {
	t.Helper()
	got, err := eventlog.ProveEvent(ctx, tx, n, i)
	if err != nil {
		return err
	}
	byTlog, err := tlog.ProveRecord(n, i, o)
	if err != nil {
		return err
	}
	byTree, err := o.tree.InclusionProof(uint64(i), uint64(n))
	if err != nil {
		return err
	}
	if !slices.Equal(got, byTlog) || !slices.EqualFunc(slices32(got), byTree, bytes.Equal) {
		t.Errorf("that %d has event %d is proved by %v, want %v and %x", n, i, got, byTlog, byTree)
	}
	leaf, root := tlog.RecordHash(o.leaves[i]), tlog.Hash(o.tree.HashAt(uint64(n)))
	o.alike(t, slices32(got), func(p tlog.RecordProof) [2]error {
		return [2]error{
			tlog.CheckRecord(p, n, root, i, leaf),
			proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(i), uint64(n), leaf[:], slices32(p), root[:]),
		}
	})
	return nil
}

func (o *others) compareGrowth(ctx context.Context, t *testing.T, tx pgx.Tx, newer, older int64) error {
	t.Helper()
	got, err := eventlog.ProveGrowth(ctx, tx, newer, older)
	if err != nil {
		return err
	}
	byTlog, err := tlog.ProveTree(newer, older, o)
	if err != nil {
		return err
	}
	byTree, err := o.tree.ConsistencyProof(uint64(older), uint64(newer))
	if err != nil {
		return err
	}
	if !slices.Equal(got, byTlog) || !slices.EqualFunc(slices32(got), byTree, bytes.Equal) {
		t.Errorf("that %d grew to %d is proved by %v, want %v and %x", older, newer, got, byTlog, byTree)
	}
	before, after := tlog.Hash(o.tree.HashAt(uint64(older))), tlog.Hash(o.tree.HashAt(uint64(newer)))
	o.alike(t, slices32(got), func(p tlog.RecordProof) [2]error {
		return [2]error{
			tlog.CheckTree(tlog.TreeProof(p), newer, after, older, before),
			proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(older), uint64(newer), slices32(p), before[:], after[:]),
		}
	})
	return nil
}

// alike wants both to take a proof as it is, and neither to take it with a hash changed, missing, doubled or added.
func (o *others) alike(t *testing.T, p [][]byte, check func(tlog.RecordProof) [2]error) {
	t.Helper()
	var whole tlog.RecordProof
	for _, h := range p {
		whole = append(whole, tlog.Hash(h))
	}
	if errs := check(whole); errs[0] != nil || errs[1] != nil {
		t.Errorf("a proof is not taken: %v", errs)
	}
	changed := []tlog.RecordProof{append(slices.Clone(whole), tlog.Hash{})}
	for i := range whole {
		other := slices.Clone(whole)
		other[i][i%len(other[i])] ^= 1
		changed = append(changed, other, slices.Delete(slices.Clone(whole), i, i+1), slices.Insert(slices.Clone(whole), i, whole[i]))
	}
	for _, c := range changed {
		if errs := check(c); errs[0] == nil || errs[1] == nil {
			t.Errorf("a proof that was changed from %v to %v is taken: %v", whole, c, errs)
		}
	}
}

// TestNothingFollowsFromALogOfNoEvents: an empty proof from size 0 says nothing of either root, and a verifier that takes it can be given a root of
// which no event is known. The other library does; what this log's proofs are checked with does not, and the log makes no such proof.
func TestNothingFollowsFromALogOfNoEvents(t *testing.T) {
	t.Parallel()
	logOf(t, 6, func(ctx context.Context, tx pgx.Tx, o *others) error {
		root, nothing, invented := tlog.Hash(o.tree.Hash()), tlog.Hash(rfc6962.DefaultHasher.EmptyRoot()), tlog.Hash{1, 2, 3}
		for what, roots := range map[string][2]tlog.Hash{
			"the true roots": {nothing, root}, "an invented old root": {invented, root}, "an invented new root": {nothing, invented}, "two invented roots": {invented, {4}},
		} {
			if err := proof.VerifyConsistency(rfc6962.DefaultHasher, 0, 6, nil, roots[0][:], roots[1][:]); err != nil {
				t.Errorf("%s: the other library has come to refuse it, and this test shows nothing any more: %v", what, err)
			}
			if err := tlog.CheckTree(nil, 6, roots[1], 0, roots[0]); err == nil {
				t.Errorf("%s: an empty proof from size 0 is taken", what)
			}
			if err := tlog.CheckTree(tlog.TreeProof{roots[1]}, 6, roots[1], 0, roots[0]); err == nil {
				t.Errorf("%s: a proof from size 0 is taken", what)
			}
		}
		for newer := int64(0); newer <= 6; newer++ {
			if p, err := eventlog.ProveGrowth(ctx, tx, newer, 0); err == nil || !strings.HasPrefix(err.Error(), "nothing proves that") {
				t.Errorf("growth from 0 to %d is proved by %v (%v)", newer, p, err)
			}
		}
		if got, err := eventlog.Root(ctx, tx, 0); err != nil || got != nothing {
			t.Errorf("the root of no events is %v (%v), want %v", got, err, nothing)
		}
		return nil
	})
}
