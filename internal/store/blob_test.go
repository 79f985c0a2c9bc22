package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/store/storetest"
)

// put stores data in a scope, held by holder if it is not "".
func put(t *testing.T, db *store.DB, s store.Scope, holder string, data []byte) store.Digest {
	t.Helper()
	var digest store.Digest
	err := db.Within(t.Context(), s, func(ctx context.Context, tx pgx.Tx) (err error) {
		if digest, err = store.PutBlob(ctx, tx, data); err != nil || holder == "" {
			return err
		}
		return store.Hold(ctx, tx, holder, digest)
	})
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func get(t *testing.T, db *store.DB, s store.Scope, digest store.Digest) (data []byte, err error) {
	t.Helper()
	err = db.Read(t.Context(), s, func(ctx context.Context, tx pgx.Tx) error {
		data, err = store.Blob(ctx, tx, digest)
		return err
	})
	return data, err
}

// collect deletes what nobody holds, put before now.
func collect(t *testing.T, db *store.DB, s store.Scope) (c store.Collected) {
	t.Helper()
	err := db.Within(t.Context(), s, func(ctx context.Context, tx pgx.Tx) (err error) {
		c, err = store.CollectBlobs(ctx, tx, time.Now().Add(time.Hour))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestBlobsOfAllSizesComeBack(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	const part = 1 << 20
	for _, size := range []int{0, 1, part - 1, part, part + 1, 2*part + 7} {
		data := bytes.Repeat([]byte("veil "), size/5+1)[:size]
		digest := put(t, db, store.Service(), "", data)
		if digest != sha256.Sum256(data) {
			t.Errorf("%d bytes have the digest %s", size, digest)
		}
		got, err := get(t, db, store.Service(), digest)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes came back as %d (%v)", size, len(got), err)
		}
		want := (size + part - 1) / part
		if n := ask[int](t, db, store.Service(), `SELECT count(*) FROM veil.blob_parts p JOIN veil.blobs b ON b.id = p.blob WHERE digest = $1`, digest[:]); n != want {
			t.Errorf("%d bytes are in %d rows, want %d", size, n, want)
		}
	}
}

func TestTheSameBlobIsStoredOnceInEachScope(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	data := []byte("the same")
	a, b := store.Tenant(uuid.New()), store.Tenant(uuid.New())
	var wg sync.WaitGroup
	for range 4 {
		for _, s := range []store.Scope{store.Service(), a, b} {
			wg.Go(func() { put(t, db, s, "", data) })
		}
	}
	wg.Wait()
	if n := ask[int](t, db, store.Service(), `SELECT count(*) FROM veil.blobs`); n != 3 {
		t.Errorf("there are %d copies, want one in each scope", n)
	}
	if n := ask[int](t, db, a, `SELECT count(*) FROM veil.blobs`); n != 1 {
		t.Errorf("a tenant sees %d copies, want its own", n)
	}
	for _, s := range []store.Scope{store.Service(), a, b} {
		if got, err := get(t, db, s, sha256.Sum256(data)); err != nil || !bytes.Equal(got, data) {
			t.Errorf("within %s it is %q (%v)", s, got, err)
		}
	}
}

func TestATenantCannotTellWhatOthersHave(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	digest := put(t, db, store.Tenant(uuid.New()), "theirs", []byte("secret"))
	me := store.Tenant(uuid.New())
	if _, err := get(t, db, me, digest); !errors.Is(err, store.ErrNoBlob) {
		t.Errorf("reading: got %v", err)
	}
	err := db.Within(t.Context(), me, func(ctx context.Context, tx pgx.Tx) error { return store.Hold(ctx, tx, "mine", digest) })
	if !errors.Is(err, store.ErrNoBlob) {
		t.Errorf("holding: got %v", err)
	}
	if err := db.Within(t.Context(), me, func(ctx context.Context, tx pgx.Tx) error { return store.Release(ctx, tx, "theirs") }); err != nil {
		t.Error(err)
	}
	if c := collect(t, db, store.Service()); c.Blobs != 0 {
		t.Error("a tenant released what another one holds")
	}
}

func TestDamagedBlobsAreNotReturned(t *testing.T) {
	t.Parallel()
	d := storetest.New(t)
	db := d.Open(t)
	for name, sql := range map[string]string{
		"a byte changed":       `UPDATE veil.blob_parts SET data = set_byte(data, 0, 1) WHERE part = 1`,
		"a part is missing":    `DELETE FROM veil.blob_parts WHERE part = 0`,
		"the end is missing":   `DELETE FROM veil.blob_parts WHERE part = 1`,
		"there is more":        `INSERT INTO veil.blob_parts (blob, part, tenant, data) SELECT id, 9, tenant, 'x' FROM veil.blobs`,
		"the size is a lie":    `UPDATE veil.blobs SET size = 5`,
		"the size is too huge": `UPDATE veil.blobs SET size = 1::bigint << 60`,
	} {
		t.Run(name, func(t *testing.T) {
			digest := put(t, db, store.Service(), "", make([]byte, 1<<20+1))
			d.Exec(t, sql)
			if _, err := get(t, db, store.Service(), digest); !errors.Is(err, store.ErrDamagedBlob) {
				t.Errorf("got %v", err)
			}
			d.Exec(t, `DELETE FROM veil.blobs`)
		})
	}
}

func TestBlobsThatNobodyHoldsAreDeleted(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	tenant := store.Tenant(uuid.New())
	kept := put(t, db, tenant, "comparison/1", []byte("kept"))
	put(t, db, tenant, "comparison/2", []byte("kept"))
	put(t, db, tenant, "comparison/2", []byte("released"))
	put(t, db, store.Service(), "", []byte("forgotten"))
	err := db.Within(t.Context(), tenant, func(ctx context.Context, tx pgx.Tx) error {
		if err := store.Hold(ctx, tx, "comparison/1", kept); err != nil { // twice is no error
			return err
		}
		return store.Release(ctx, tx, "comparison/2")
	})
	if err != nil {
		t.Fatal(err)
	}
	if c := collect(t, db, tenant); c != (store.Collected{Blobs: 1, Bytes: 8}) {
		t.Errorf("the tenant's own: %+v", c)
	}
	if c := collect(t, db, store.Service()); c != (store.Collected{Blobs: 1, Bytes: 9}) {
		t.Errorf("the service: %+v", c)
	}
	if n := ask[int](t, db, store.Service(), `SELECT count(*) FROM veil.blob_parts`); n != 1 {
		t.Errorf("%d parts are left of one blob", n)
	}
	if _, err := get(t, db, tenant, kept); err != nil {
		t.Error(err)
	}
	var size int64
	err = db.Read(t.Context(), tenant, func(ctx context.Context, tx pgx.Tx) (err error) {
		size, err = store.BlobBytes(ctx, tx)
		return err
	})
	if err != nil || size != 4 {
		t.Errorf("the tenant's blobs have %d bytes (%v), want 4", size, err)
	}
}

func TestAFreshBlobIsLeftTime(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	put(t, db, store.Service(), "", []byte("just put"))
	err := db.Within(t.Context(), store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		c, err := store.CollectBlobs(ctx, tx, time.Now().Add(-time.Hour))
		if c.Blobs != 0 {
			t.Errorf("%d blobs were deleted", c.Blobs)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWhatIsHeldIsNeverDeleted lets holders and collectors race: whatever comes of it, a blob that somebody holds is there.
func TestWhatIsHeldIsNeverDeleted(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	var wg sync.WaitGroup
	for i := range 3 {
		holder := strings.Repeat("h", i+1)
		wg.Go(func() {
			for range 30 {
				digest := put(t, db, store.Service(), holder, []byte("contended"))
				if _, err := get(t, db, store.Service(), digest); err != nil {
					t.Errorf("a blob that %s holds: %v", holder, err)
				}
				err := db.Within(t.Context(), store.Service(), func(ctx context.Context, tx pgx.Tx) error { return store.Release(ctx, tx, holder) })
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	deleted := 0
	for range 60 {
		deleted += collect(t, db, store.Service()).Blobs
	}
	wg.Wait()
	t.Logf("%d copies were deleted meanwhile", deleted)
}

func TestHoldersHaveNames(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	for _, name := range []string{"", strings.Repeat("x", 301)} {
		err := db.Within(t.Context(), store.Service(), func(ctx context.Context, tx pgx.Tx) error {
			return store.Hold(ctx, tx, name, store.Digest{})
		})
		if err == nil || !strings.Contains(err.Error(), "1 to 300 bytes") {
			t.Errorf("%d bytes: %v", len(name), err)
		}
	}
}
