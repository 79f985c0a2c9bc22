package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Hold says that holder, say a stream of events, needs these blobs of the transaction's own scope. A blob that anybody holds is not deleted.
// To hold one twice is no error. It fails with [ErrNoBlob] where one is not there.
func Hold(ctx context.Context, tx pgx.Tx, holder string, digests ...Digest) error {
	if holder == "" || len(holder) > maxHolderBytes {
		return fmt.Errorf("the holder of a blob has a name of 1 to %d bytes; this one has %d", maxHolderBytes, len(holder))
	}
	for _, digest := range digests {
		// The row is locked first: it may be on the point of being deleted.
		var id int64
		err := tx.QueryRow(ctx, `SELECT id FROM veil.blobs WHERE digest = $1 AND tenant IS NOT DISTINCT FROM veil.current_tenant() FOR KEY SHARE`, digest[:]).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("%w: %s", ErrNoBlob, digest)
		}
		if err != nil {
			return fmt.Errorf("the blob %s cannot be read: %w", digest, err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO veil.blob_holds (holder, blob) VALUES ($1, $2) ON CONFLICT DO NOTHING`, holder, id); err != nil {
			return fmt.Errorf("the blob %s cannot be held for %s: %w", digest, holder, err)
		}
	}
	return nil
}

// Release says that holder needs none of its blobs any more, as far as the transaction's scope sees them. A name that holds nothing is no error.
func Release(ctx context.Context, tx pgx.Tx, holder string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM veil.blob_holds WHERE holder = $1`, holder); err != nil {
		return fmt.Errorf("the blobs of %s were not released: %w", holder, err)
	}
	return nil
}

// Collected is what one call of [CollectBlobs] deleted.
type Collected struct {
	Blobs int
	Bytes int64
}

// CollectBlobs deletes blobs of the transaction's scope that nobody holds and that were last put before a moment, 100 at most. The moment leaves
// those time that put a blob in one transaction and hold it in another. Where Collected.Blobs is 0, nothing was left to delete.
func CollectBlobs(ctx context.Context, tx pgx.Tx, before time.Time) (Collected, error) {
	// In two steps: the first locks the rows against those who would hold or put them again, and the second looks once more at who holds them.
	// A row that somebody else has locked is needed, or is being deleted.
	var ids []int64
	err := tx.QueryRow(ctx, `SELECT coalesce(array_agg(id), '{}') FROM (
		SELECT b.id FROM veil.blobs b
		WHERE b.put_at < $1 AND NOT EXISTS (SELECT FROM veil.blob_holds h WHERE h.blob = b.id)
		ORDER BY b.id LIMIT $2 FOR UPDATE SKIP LOCKED) found`, before, collectAtOnce).Scan(&ids)
	if err != nil {
		return Collected{}, fmt.Errorf("blobs that nobody holds could not be found: %w", err)
	}
	var c Collected
	err = tx.QueryRow(ctx, `WITH gone AS (
		DELETE FROM veil.blobs b WHERE b.id = ANY ($1) AND NOT EXISTS (SELECT FROM veil.blob_holds h WHERE h.blob = b.id) RETURNING b.size)
		SELECT count(*), coalesce(sum(size), 0)::bigint FROM gone`, ids).Scan(&c.Blobs, &c.Bytes)
	if err != nil {
		return Collected{}, fmt.Errorf("blobs that nobody holds were not deleted: %w", err)
	}
	return c, nil
}

// BlobBytes is the size of all blobs that the transaction's scope sees, in bytes.
func BlobBytes(ctx context.Context, tx pgx.Tx) (int64, error) {
	var sum int64
	if err := tx.QueryRow(ctx, `SELECT coalesce(sum(size), 0)::bigint FROM veil.blobs`).Scan(&sum); err != nil {
		return 0, fmt.Errorf("the size of the blobs cannot be read: %w", err)
	}
	return sum, nil
}
