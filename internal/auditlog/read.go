package auditlog

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/merkle/checkpoint"
)

// ErrNone says that no checkpoint was signed yet that has what is asked for.
var ErrNone = errors.New("no checkpoint that has this was signed yet")

// Signed is a checkpoint with its cosignatures.
type Signed struct {
	Size int64
	Text []byte
}

const selectSigned = `SELECT c.size, c.signed || coalesce((SELECT string_agg(w.line, ''::bytea ORDER BY w.witness COLLATE "C") FROM veil.cosignature w WHERE w.size = c.size), ''::bytea)
	FROM veil.checkpoint c `

// Latest returns the last checkpoint.
func Latest(ctx context.Context, tx pgx.Tx) (*Signed, error) {
	rows, err := tx.Query(ctx, selectSigned+`ORDER BY c.size DESC LIMIT 1`)
	if err != nil {
		return nil, fmt.Errorf("the checkpoints cannot be read: %w", err)
	}
	out, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[Signed])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("the checkpoints cannot be read: %w", err)
	}
	return out, nil
}

// From returns the checkpoints of at least a size, the smallest first, and at most so many: the first ones, and the last one of all.
func From(ctx context.Context, tx pgx.Tx, size int64, limit int) ([]Signed, error) {
	rows, err := tx.Query(ctx, selectSigned+`WHERE c.size >= $1 AND (c.size = (SELECT max(size) FROM veil.checkpoint)
		OR c.size IN (SELECT size FROM veil.checkpoint WHERE size >= $1 ORDER BY size LIMIT $2)) ORDER BY c.size`, size, limit-1)
	if err != nil {
		return nil, fmt.Errorf("the checkpoints cannot be read: %w", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Signed])
	if err != nil {
		return nil, fmt.Errorf("the checkpoints cannot be read: %w", err)
	}
	return out, nil
}

// Tile returns the hashes of a tile, 32 bytes each. It has only what was signed: what is not whole may be as wide as the last checkpoint says, and no
// wider.
func Tile(ctx context.Context, tx pgx.Tx, t tlog.Tile) ([]byte, error) {
	latest, err := Latest(ctx, tx)
	if err != nil {
		return nil, err
	}
	end := ((t.N << t.H) + int64(t.W)) << (t.L * t.H) // the entries that its last hash is over
	if t.W < 1 || t.W > 1<<t.H || t.N < 0 || t.N > latest.Size || end > latest.Size {
		return nil, ErrNone
	}
	return tlog.ReadTileData(t, eventlog.Hashes(ctx, tx))
}

// Prove proves, in the form of tlog-proof, that the last checkpoint has an event.
func Prove(ctx context.Context, tx pgx.Tx, sequence int64) ([]byte, error) {
	latest, err := Latest(ctx, tx)
	if err != nil {
		return nil, err
	}
	if sequence >= latest.Size {
		return nil, ErrNone
	}
	path, err := eventlog.ProveEvent(ctx, tx, latest.Size, sequence)
	if err != nil {
		return nil, err
	}
	return checkpoint.EncodeProof(sequence, path, latest.Text), nil
}

// Leaves are the hashes of all entries of a log of a size, 32 bytes each.
func Leaves(ctx context.Context, tx pgx.Tx, size int64) ([]byte, error) {
	out := make([]byte, 0, size*tlog.HashSize)
	for from := int64(0); from < size; from += leavesPage {
		n := min(leavesPage, size-from)
		positions := make([]int64, n)
		for i := range positions {
			positions[i] = tlog.StoredHashIndex(0, from+int64(i))
		}
		hashes, err := eventlog.Hashes(ctx, tx).ReadHashes(positions)
		if err != nil {
			return nil, err
		}
		for _, h := range hashes {
			out = append(out, h[:]...)
		}
	}
	return out, nil
}

// leavesPage is how many hashes are read at once.
const leavesPage = 1 << 14
