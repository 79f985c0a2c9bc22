package eventlog

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"
)

// Head returns the log's size (N) and root (Hash), as the transaction sees them.
func Head(ctx context.Context, tx pgx.Tx) (tlog.Tree, error) {
	e, err := scanHead(tx.QueryRow(ctx, `SELECT size, root, edge FROM veil.log_head`))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("the head of the log cannot be read: %w", err)
	}
	root, err := e.root()
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("the head of the log cannot be read: %w", err)
	}
	return tlog.Tree{N: e.size, Hash: root}, nil
}

// Hashes reads the log's hashes from a transaction, each call in one round trip, for [tlog] and for tiles. It works as long as the transaction, in the
// scope of the service or of any tenant.
func Hashes(ctx context.Context, tx pgx.Tx) tlog.HashReader {
	return tlog.HashReaderFunc(func(positions []int64) ([]tlog.Hash, error) {
		found := make(map[int64]tlog.Hash, len(positions))
		rows, err := tx.Query(ctx, `SELECT position, hash FROM veil.log_hashes WHERE position = ANY ($1)`, positions)
		if err != nil {
			return nil, fmt.Errorf("the hashes of the log cannot be read: %w", err)
		}
		var position int64
		var hash []byte
		_, err = pgx.ForEachRow(rows, []any{&position, &hash}, func() error {
			if len(hash) != tlog.HashSize {
				return damagedHash(position, "it has %d bytes", len(hash))
			}
			found[position] = tlog.Hash(hash)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("the hashes of the log cannot be read: %w", err)
		}
		out := make([]tlog.Hash, len(positions))
		for i, p := range positions {
			h, ok := found[p]
			if !ok {
				return nil, fmt.Errorf("the log has no hash %d", p)
			}
			out[i] = h
		}
		return out, nil
	})
}

// Root returns the root that the log had when its size was size.
func Root(ctx context.Context, tx pgx.Tx, size int64) (tlog.Hash, error) {
	if err := within(ctx, tx, size, 0); err != nil {
		return tlog.Hash{}, err
	}
	return tlog.TreeHash(size, Hashes(ctx, tx))
}

// ProveEvent proves that the tree of a size has the event of a sequence as its leaf: [tlog.CheckRecord] checks it against the root of that size and the
// [tlog.RecordHash] of the leaf.
func ProveEvent(ctx context.Context, tx pgx.Tx, size, sequence int64) (tlog.RecordProof, error) {
	if sequence < 0 || sequence >= size {
		return nil, fmt.Errorf("a log of size %d has no event %d", size, sequence)
	}
	if err := within(ctx, tx, size, 1); err != nil {
		return nil, err
	}
	return tlog.ProveRecord(size, sequence, Hashes(ctx, tx))
}

// ProveGrowth proves that the tree of size newer begins with all leaves of the tree of size older, which is at least 1: [tlog.CheckTree] checks it.
func ProveGrowth(ctx context.Context, tx pgx.Tx, newer, older int64) (tlog.TreeProof, error) {
	if older < 1 || older > newer {
		return nil, fmt.Errorf("nothing proves that a log of size %d grew from one of size %d", newer, older)
	}
	if err := within(ctx, tx, newer, 1); err != nil {
		return nil, err
	}
	return tlog.ProveTree(newer, older, Hashes(ctx, tx))
}

// within refuses sizes that the log never had.
func within(ctx context.Context, tx pgx.Tx, size, least int64) error {
	head, err := Head(ctx, tx)
	if err != nil {
		return err
	}
	if size < least || size > head.N {
		return fmt.Errorf("the log has size %d, and no proof is about size %d", head.N, size)
	}
	return nil
}
