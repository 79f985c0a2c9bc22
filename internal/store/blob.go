package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// Digest is the SHA-256 of a blob's bytes, which is its name.
type Digest [sha256.Size]byte

// String is the digest in 64 hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Errors that a caller may want to tell apart.
var (
	ErrNoBlob      = errors.New("there is no such blob in this scope")
	ErrDamagedBlob = errors.New("the stored bytes of a blob are not those that were put; restore the database from a backup")
)

// PutBlob stores data for the transaction's scope and returns its digest. The same data again is stored once in each scope. Nobody holds the blob
// yet: [Hold] does, or it is deleted some time. The largest blob has 256 MiB.
func PutBlob(ctx context.Context, tx pgx.Tx, data []byte) (Digest, error) {
	digest := Digest(sha256.Sum256(data))
	if len(data) > maxBlobBytes {
		return digest, fmt.Errorf("a blob of %d bytes is larger than the %d that are stored", len(data), maxBlobBytes)
	}
	id, fresh, err := putRow(ctx, tx, digest, int64(len(data)))
	if err != nil {
		return digest, fmt.Errorf("the blob %s was not stored: %w", digest, err)
	}
	if !fresh {
		return digest, nil
	}
	part := 0
	for chunk := range slices.Chunk(data, partBytes) {
		if _, err := tx.Exec(ctx, `INSERT INTO veil.blob_parts (blob, part, data) VALUES ($1, $2, $3)`, id, part, chunk); err != nil {
			return digest, fmt.Errorf("part %d of the blob %s was not stored: %w", part, digest, err)
		}
		part++
	}
	return digest, nil
}

// putRow makes the blob's row, or finds the one that there is and says that it was put again. Either way this transaction has it locked, so that
// nobody deletes it under our hands; a row that is deleted between our two looks is made anew.
func putRow(ctx context.Context, tx pgx.Tx, digest Digest, size int64) (id int64, fresh bool, err error) {
	for {
		err = tx.QueryRow(ctx, `INSERT INTO veil.blobs (digest, size) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id`, digest[:], size).Scan(&id)
		if !errors.Is(err, pgx.ErrNoRows) {
			return id, true, err
		}
		err = tx.QueryRow(ctx, `UPDATE veil.blobs SET put_at = now() WHERE digest = $1 AND tenant IS NOT DISTINCT FROM veil.current_tenant() RETURNING id`, digest[:]).Scan(&id)
		if !errors.Is(err, pgx.ErrNoRows) {
			return id, false, err
		}
	}
}

// OwnBlob returns the bytes of a blob of the service's own in a transaction of any scope, which has the service's for this one read and no
// longer. It is for what the service shows to all, such as a published template.
func OwnBlob(ctx context.Context, tx pgx.Tx, scope Scope, digest Digest) ([]byte, error) {
	if err := Service().set(ctx, tx); err != nil {
		return nil, err
	}
	data, err := Blob(ctx, tx, digest)
	if err != nil {
		return nil, errors.Join(err, scope.set(context.WithoutCancel(ctx), tx))
	}
	return data, scope.set(ctx, tx)
}

// Blob returns the bytes of a blob that the transaction's scope sees, after it checked them against the digest. It fails with [ErrNoBlob] where
// there is none and with [ErrDamagedBlob] where the bytes changed.
func Blob(ctx context.Context, tx pgx.Tx, digest Digest) ([]byte, error) {
	var id, size int64
	err := tx.QueryRow(ctx, `SELECT id, size FROM veil.blobs WHERE digest = $1 ORDER BY id LIMIT 1`, digest[:]).Scan(&id, &size)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("%w: %s", ErrNoBlob, digest)
	}
	if err != nil {
		return nil, fmt.Errorf("the blob %s cannot be read: %w", digest, err)
	}
	if size > maxBlobBytes {
		return nil, fmt.Errorf("%w: %s claims %d bytes", ErrDamagedBlob, digest, size)
	}
	rows, err := tx.Query(ctx, `SELECT data FROM veil.blob_parts WHERE blob = $1 ORDER BY part`, id)
	if err != nil {
		return nil, fmt.Errorf("the blob %s cannot be read: %w", digest, err)
	}
	data := make([]byte, 0, size)
	var part pgtype.DriverBytes // the connection's own memory: a copy less
	_, err = pgx.ForEachRow(rows, []any{&part}, func() error {
		if int64(len(data)+len(part)) > size {
			return fmt.Errorf("%w: %s has more than its %d bytes", ErrDamagedBlob, digest, size)
		}
		data = append(data, part...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("the blob %s cannot be read: %w", digest, err)
	}
	if Digest(sha256.Sum256(data)) != digest {
		return nil, fmt.Errorf("%w: %s", ErrDamagedBlob, digest)
	}
	return data, nil
}
