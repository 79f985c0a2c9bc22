package auditlog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/internal/auditlog"
	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/store/storetest"
	"github.com/veilschema/veil/internal/witness"
	"github.com/veilschema/veil/merkle/checkpoint"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func key() *checkpoint.Key { return must(checkpoint.NewKey(bytes.Repeat([]byte{1}, 32))) }

// add appends events to the log.
func add(t *testing.T, db *store.DB, n int) {
	t.Helper()
	err := db.Within(t.Context(), store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		events := make([]eventlog.New, n)
		for i := range events {
			events[i] = eventlog.New{Type: "t", Body: []byte(`{}`)}
		}
		_, err := eventlog.Append(ctx, tx, uuid.NewString(), 0, uuid.New(), uuid.Nil, time.Now(), events...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// seer is a real witness over HTTP, which may be away.
type seer struct {
	auditlog.Witness
	away atomic.Bool
}

func newSeer(t *testing.T) *seer {
	t.Helper()
	w := must(witness.Open(witness.Config{Dir: filepath.Join(t.TempDir(), "witness"), Logs: []string{key().Public()}}))
	server := httptest.NewServer(w.Handler())
	t.Cleanup(func() { server.Close(); _ = w.Close() })
	s := &seer{}
	s.Witness = auditlog.Witness{Key: w.VKey(), Client: &absent{s, must(witness.NewClient(witness.ClientConfig{URL: server.URL, VKey: w.VKey()}))}}
	return s
}

type absent struct {
	s *seer
	*witness.Client
}

func (a *absent) Add(ctx context.Context, older int64, growth tlog.TreeProof, signed []byte) ([]byte, error) {
	if a.s.away.Load() {
		return nil, errors.New("no route to host")
	}
	return a.Client.Add(ctx, older, growth, signed)
}

// latest is the last checkpoint as a reader verifies it.
func latest(t *testing.T, db *store.DB, quorum int, seers ...*seer) (*checkpoint.Checkpoint, error) {
	t.Helper()
	var signed *auditlog.Signed
	err := db.Read(t.Context(), store.Tenant(uuid.New()), func(ctx context.Context, tx pgx.Tx) (err error) {
		signed, err = auditlog.Latest(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, s := range seers {
		keys = append(keys, s.Key)
	}
	return must(checkpoint.NewPolicy(key().Public(), keys, quorum)).Open(signed.Text)
}

func newLog(db *store.DB, memory string, seers ...*seer) *auditlog.Log {
	c := auditlog.Config{DB: db, Key: key(), Memory: memory}
	for _, s := range seers {
		c.Witnesses = append(c.Witnesses, s.Witness)
	}
	return must(auditlog.New(c))
}

func TestWhatIsSignedIsCosigned(t *testing.T) {
	t.Parallel()
	db, one, two := storetest.Open(t), newSeer(t), newSeer(t)
	l := newLog(db, filepath.Join(t.TempDir(), "checkpoint"), one, two)
	if _, err := latest(t, db, 0); !errors.Is(err, auditlog.ErrNone) {
		t.Errorf("before anything was signed: %v", err)
	}
	for _, n := range []int{3, 1, 300, 0} {
		if n > 0 {
			add(t, db, n)
		}
		if err := l.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		c, err := latest(t, db, 2, one, two)
		if err != nil {
			t.Fatal(err)
		}
		head := must(eventlogHead(t, db))
		if c.Tree != head {
			t.Errorf("signed is %v, the log has %v", c.Tree, head)
		}
	}
	if away := l.Away(); len(away) != 0 {
		t.Errorf("away: %v", away)
	}
}

func eventlogHead(t *testing.T, db *store.DB) (head tlog.Tree, err error) {
	err = db.Read(t.Context(), store.Service(), func(ctx context.Context, tx pgx.Tx) (err error) {
		head, err = eventlog.Head(ctx, tx)
		return err
	})
	return head, err
}

func TestAWitnessThatIsAwayStopsNothingAndCatchesUp(t *testing.T) {
	t.Parallel()
	db, one, two := storetest.Open(t), newSeer(t), newSeer(t)
	two.away.Store(true)
	l := newLog(db, "", one, two)
	for range 3 {
		add(t, db, 5)
		if err := l.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := latest(t, db, 2, one, two); !errors.Is(err, checkpoint.ErrQuorum) {
		t.Errorf("with one of two away: %v", err)
	}
	if c, err := latest(t, db, 1, one, two); err != nil || c.Tree.N != 15 {
		t.Errorf("the other one: %v", err)
	}
	if away := l.Away(); len(away) != 1 || away[two.Key] == nil {
		t.Errorf("away: %v", away)
	}
	two.away.Store(false)
	if err := l.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c, err := latest(t, db, 2, one, two); err != nil || c.Tree.N != 15 {
		t.Errorf("back again: %v", err)
	}
}

// putBack makes another database, as a backup would that had the first events only.
func putBack(t *testing.T, events int) *store.DB {
	db := storetest.Open(t)
	add(t, db, events)
	return db
}

func TestALogBehindAWitnessIsNotSigned(t *testing.T) {
	t.Parallel()
	one := newSeer(t)
	db := putBack(t, 20)
	if err := newLog(db, "", one).Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, events := range []int{5, 20, 30} { // behind, another one of the same size, grown beyond
		restored := putBack(t, events)
		l := newLog(restored, "", one)
		var refusal *auditlog.Refusal
		for range 2 {
			if err := l.Step(t.Context()); !errors.As(err, &refusal) || refusal.Seen != 20 || refusal.Head != int64(events) {
				t.Errorf("%d events: %v", events, err)
			}
		}
		if l.Refusal() == nil {
			t.Errorf("%d events: it does not say so", events)
		}
		if c, err := latest(t, restored, 0); !errors.Is(err, auditlog.ErrNone) {
			t.Errorf("%d events: signed was %+v, %v", events, c, err)
		}
	}
	if err := newLog(db, "", one).Step(t.Context()); err != nil {
		t.Errorf("the log itself, after a restart: %v", err)
	}
}

func TestALogThatForkedWhileTheWitnessWasAwayIsFoundWhenItIsBack(t *testing.T) {
	t.Parallel()
	one := newSeer(t)
	if err := newLog(putBack(t, 20), "", one).Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	one.away.Store(true)
	l := newLog(putBack(t, 30), "", one)
	if err := l.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	one.away.Store(false)
	var refusal *auditlog.Refusal
	if err := l.Step(t.Context()); !errors.As(err, &refusal) || refusal.Seen != 20 {
		t.Errorf("got %v", err)
	}
}

func TestALogBehindWhatThisMachineRemembersIsNotSigned(t *testing.T) {
	t.Parallel()
	memory := filepath.Join(t.TempDir(), "checkpoint")
	db := putBack(t, 20)
	if err := newLog(db, memory).Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, events := range []int{5, 20, 30} {
		var refusal *auditlog.Refusal
		if err := newLog(putBack(t, events), memory).Step(t.Context()); !errors.As(err, &refusal) || refusal.Seen != 20 {
			t.Errorf("%d events: %v", events, err)
		}
	}
	if err := os.WriteFile(memory, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	add(t, db, 1)
	if err := newLog(db, memory).Step(t.Context()); err == nil || !strings.Contains(err.Error(), memory) {
		t.Errorf("with a damaged file: %v", err)
	}
}

func TestAChangedDatabaseIsNotSigned(t *testing.T) {
	t.Parallel()
	d := storetest.New(t)
	db := d.Open(t)
	add(t, db, 20)
	if err := newLog(db, "").Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	add(t, db, 1)
	d.Exec(t, `ALTER TABLE veil.log_hashes DISABLE ROW LEVEL SECURITY; ALTER TABLE veil.log_hashes NO FORCE ROW LEVEL SECURITY`)
	d.Exec(t, fmt.Sprintf(`UPDATE veil.log_hashes SET hash = sha256('x') WHERE position = %d`, tlog.StoredHashIndex(2, 4)))
	var refusal *auditlog.Refusal
	if err := newLog(db, "").Step(t.Context()); !errors.As(err, &refusal) {
		t.Errorf("got %v", err)
	}
}

func TestAClockSetBackIsSaid(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	now := time.Now()
	l := must(auditlog.New(auditlog.Config{DB: db, Key: key(), Now: func() time.Time { return now }}))
	add(t, db, 1)
	if err := l.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	add(t, db, 1)
	now = now.Add(-time.Hour)
	if err := l.Step(t.Context()); err == nil || !strings.Contains(err.Error(), "set the clock") {
		t.Errorf("an hour back: %v", err)
	}
	now = now.Add(time.Hour - time.Second)
	if err := l.Step(t.Context()); err != nil {
		t.Errorf("a second back: %v", err)
	}
}

func TestSeveralProcessesSignOneLog(t *testing.T) {
	t.Parallel()
	db, one := storetest.Open(t), newSeer(t)
	errs := make(chan error)
	for range 4 {
		l := newLog(db, "", one)
		go func() {
			for range 10 {
				if err := l.Step(t.Context()); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range 20 {
		add(t, db, 3)
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if err := newLog(db, "", one).Step(t.Context()); err != nil {
		t.Error(err)
	}
	if c, err := latest(t, db, 1, one); err != nil || c.Tree.N != 60 {
		t.Errorf("in the end: %+v, %v", c, err)
	}
}

// client reads tiles through the database as another tool would over HTTP.
type client struct {
	tx  pgx.Tx
	ctx context.Context
}

func (client) Height() int { return checkpoint.TileHeight }
func (c client) ReadTiles(tiles []tlog.Tile) (out [][]byte, err error) {
	for _, t := range tiles {
		data, err := auditlog.Tile(c.ctx, c.tx, t)
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}
func (client) SaveTiles([]tlog.Tile, [][]byte) {}

func TestTilesAndProofsLeadToTheCheckpoint(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	add(t, db, 600)
	if err := newLog(db, "").Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	add(t, db, 7) // not signed yet
	policy := must(checkpoint.NewPolicy(key().Public(), nil, 0))
	err := db.Read(t.Context(), store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		signed := must(auditlog.Latest(ctx, tx))
		tree := must(policy.Open(signed.Text)).Tree
		reader := tlog.TileHashReader(tree, client{tx, ctx})
		events := must(eventlog.Read(ctx, tx, -1, 1000))
		leaves := must(auditlog.Leaves(ctx, tx, 600))
		for _, i := range []int64{0, 255, 256, 599} {
			leaf := must(eventlog.EncodeLeaf(events[i]))
			if err := tlog.CheckRecord(must(tlog.ProveRecord(tree.N, i, reader)), tree.N, tree.Hash, i, tlog.RecordHash(leaf)); err != nil {
				t.Errorf("%d by tiles: %v", i, err)
			}
			if at, _, err := policy.VerifyProof(must(auditlog.Prove(ctx, tx, i)), leaf); err != nil || at != i {
				t.Errorf("%d by its proof: %v", i, err)
			}
			if tlog.Hash(leaves[32*i:32*i+32]) != tlog.RecordHash(leaf) {
				t.Errorf("%d: another leaf", i)
			}
		}
		if _, err := auditlog.Prove(ctx, tx, 600); !errors.Is(err, auditlog.ErrNone) {
			t.Errorf("an event that is not signed yet: %v", err)
		}
		for _, tile := range []tlog.Tile{{H: 8, L: 0, N: 2, W: 89}, {H: 8, L: 0, N: 3, W: 1}, {H: 8, L: 1, N: 0, W: 3}, {H: 8, L: 0, N: 1 << 40, W: 256}, {H: 8, L: 6, N: 0, W: 1}} {
			if _, err := auditlog.Tile(ctx, tx, tile); !errors.Is(err, auditlog.ErrNone) {
				t.Errorf("%+v, which is not signed: %v", tile, err)
			}
		}
		all := must(auditlog.From(ctx, tx, 0, 10))
		if len(all) != 1 || all[0].Size != 600 {
			t.Errorf("checkpoints: %d", len(all))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
