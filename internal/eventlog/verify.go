package eventlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"
)

// Verify hashes every event and the whole tree again, compares them with all that is stored, and returns the head. It needs the service's scope and a
// transaction that sees the database at one moment, as those of [store.DB.Read] do. What is wrong it names in the error, each finding a [*Damage], 20 at most.
//
// Events and hashes witness against each other, and the head's root decides between them: where the events make the root, a hash that
// differs was changed, and where the stored hashes make it, the event was. Somebody who changes all three alike is found by those who kept an older head,
// and never here.
func Verify(ctx context.Context, tx pgx.Tx) (tlog.Tree, error) {
	var v verifier
	for _, step := range []func(context.Context, pgx.Tx) error{v.head, v.walk, v.beyond, v.streams} {
		if err := step(ctx, tx); err != nil {
			return tlog.Tree{}, fmt.Errorf("the log cannot be verified: %w", err)
		}
	}
	v.decide()
	if v.more > 0 {
		v.found = append(v.found, damagedLog("there are %d findings more", v.more))
	}
	return tlog.Tree{N: v.size, Hash: v.root}, errors.Join(v.found...)
}

// verifier makes the tree twice, from the events and from the hashes that are stored for them.
type verifier struct {
	size int64 // the head's size, root and edge, as they are stored
	root tlog.Hash
	edge []byte

	fromEvents, fromHashes edge

	next  int64    // the sequence that comes next
	last  eventRow // the event before it
	gap   bool     // an event is missing, and no tree can be made beyond it
	found []error
	more  int // findings beyond those

	// Differences, of which the root says at the end which side is wrong.
	leaves   []int64 // events whose bytes and stored hash differ
	byEvents []int64 // stored hashes of subtrees that the tree from the events has otherwise
	byHashes []int64 // stored hashes of subtrees that the tree from the stored leaves has otherwise
}

func (v *verifier) add(d *Damage) {
	if len(v.found) < maxFindings {
		v.found = append(v.found, d)
		return
	}
	v.more++
}

// note keeps a difference; of those that will not be named, one is enough.
func note(list *[]int64, n int64) {
	if len(*list) <= maxFindings {
		*list = append(*list, n)
	}
}

func (v *verifier) head(ctx context.Context, tx pgx.Tx) error {
	var service bool
	if err := tx.QueryRow(ctx, `SELECT veil.in_service()`).Scan(&service); err != nil {
		return err
	}
	if !service {
		return errors.New("only the scope of the service sees all of it")
	}
	var root []byte
	err := tx.QueryRow(ctx, `SELECT size, root, edge FROM veil.log_head`).Scan(&v.size, &root, &v.edge)
	if errors.Is(err, pgx.ErrNoRows) {
		v.add(damagedLog("its head is missing"))
		return nil
	}
	copy(v.root[:], root)
	return err
}

// walk goes over all events and their hashes, page by page.
func (v *verifier) walk(ctx context.Context, tx pgx.Tx) error {
	for {
		rows, err := tx.Query(ctx, selectEvents+` WHERE sequence BETWEEN $1 AND $2 ORDER BY sequence LIMIT $3`, v.next, int64(maxSequence), pageEvents)
		if err != nil {
			return err
		}
		page, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r eventRow, err error) {
			return r, row.Scan(r.targets()...)
		})
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return nil
		}
		stored, err := hashesBetween(ctx, tx, tlog.StoredHashIndex(0, page[0].sequence), tlog.StoredHashCount(page[len(page)-1].sequence+1))
		if err != nil {
			return err
		}
		for i := range page {
			v.alone(&page[i])
			v.compare(&page[i], stored)
		}
	}
}

// hashesBetween reads the stored hashes of positions from first up to, but without, end.
func hashesBetween(ctx context.Context, tx pgx.Tx, first, end int64) (map[int64]tlog.Hash, error) {
	rows, err := tx.Query(ctx, `SELECT position, hash FROM veil.log_hashes WHERE position >= $1 AND position < $2`, first, end)
	if err != nil {
		return nil, err
	}
	stored := make(map[int64]tlog.Hash)
	var position int64
	var hash []byte
	_, err = pgx.ForEachRow(rows, []any{&position, &hash}, func() error {
		var h tlog.Hash
		copy(h[:], hash) // one of another length is another hash
		stored[position] = h
		return nil
	})
	return stored, err
}

// alone checks an event by itself and beside the one before it.
func (v *verifier) alone(r *eventRow) {
	if _, err := r.event(); err != nil {
		var d *Damage
		if errors.As(err, &d) {
			v.add(d)
		}
	}
	if r.sequence != v.next {
		v.add(damagedEvent(v.next, "it is missing, and the next one is %d", r.sequence))
		v.gap = true
	}
	part := int32(0)
	if r.command == v.last.command && v.last.command != uuid.Nil {
		part = v.last.part + 1
	}
	if r.part != part && !v.gap {
		v.add(damagedEvent(r.sequence, "it is number %d of its command where %d comes next", r.part, part))
	}
	v.next, v.last = r.sequence+1, *r
}

// compare grows both trees by an event and compares them with what is stored.
func (v *verifier) compare(r *eventRow, stored map[int64]tlog.Hash) {
	position := tlog.StoredHashIndex(0, r.sequence)
	ours := tlog.RecordHash(r.leaf)
	theirs, ok := stored[position]
	if !ok {
		v.add(damagedHash(position, "it is missing"))
		theirs = ours
	}
	if theirs != ours {
		note(&v.leaves, r.sequence)
	}
	if v.gap {
		return
	}
	a, err1 := v.fromEvents.add(ours)
	b, err2 := v.fromHashes.add(theirs)
	if err1 != nil || err2 != nil {
		v.gap = true // beyond 2^62 events
		return
	}
	for i := 1; i < len(a); i++ {
		above := position + int64(i)
		h, ok := stored[above]
		if !ok {
			v.add(damagedHash(above, "it is missing"))
			continue
		}
		if h != a[i] {
			note(&v.byEvents, above)
		}
		if h != b[i] {
			note(&v.byHashes, above)
		}
	}
}

// beyond looks for numbers that no log has, and for hashes that no event accounts for.
func (v *verifier) beyond(ctx context.Context, tx pgx.Tx) error {
	var wild int64
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM veil.events WHERE sequence NOT BETWEEN 0 AND $1`, int64(maxSequence)).Scan(&wild); err != nil {
		return err
	}
	if wild > 0 {
		v.add(damagedLog("%d events have numbers that no log has", wild))
	}
	rows, err := tx.Query(ctx, `SELECT position FROM veil.log_hashes WHERE position >= $1 ORDER BY position LIMIT $2`, tlog.StoredHashCount(v.next), maxFindings)
	if err != nil {
		return err
	}
	var position int64
	_, err = pgx.ForEachRow(rows, []any{&position}, func() error {
		v.add(damagedHash(position, "no event accounts for it"))
		return nil
	})
	return err
}

// streams checks that versions are dense. That no two are alike, a constraint says.
func (v *verifier) streams(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `SELECT stream, count(*), max(version) FROM veil.events
		GROUP BY stream HAVING min(version) <> 1 OR max(version) <> count(*) ORDER BY stream LIMIT $1`, maxFindings)
	if err != nil {
		return err
	}
	var stream string
	var count, version int64
	_, err = pgx.ForEachRow(rows, []any{&stream, &count, &version}, func() error {
		v.add(damagedLog("the stream %s is at version %d and has %d events", cut(stream), version, count))
		return nil
	})
	return err
}

// decide names the wrong side of each difference.
func (v *verifier) decide() {
	if v.size != v.next {
		v.add(damagedLog("its head says that there are %d events, and the last one is %d", v.size, v.next-1))
	}
	comparable := !v.gap && v.size == v.next
	switch {
	case comparable && v.agrees(&v.fromEvents):
		for _, n := range v.leaves {
			v.add(damagedHash(tlog.StoredHashIndex(0, n), "it is not that of event %d", n))
		}
		v.subtrees(v.byEvents)
		v.checkEdge(&v.fromEvents)
	case comparable && v.agrees(&v.fromHashes):
		for _, n := range v.leaves {
			v.add(damagedEvent(n, "its bytes are not those that the log has the hash of"))
		}
		v.subtrees(v.byHashes)
		v.checkEdge(&v.fromHashes)
	default:
		for _, n := range v.leaves {
			v.add(damagedEvent(n, "its bytes and its hash in the log do not fit together"))
		}
		v.subtrees(v.byHashes)
		if comparable {
			v.add(damagedLog("the root in its head is not that of its events"))
		}
	}
}

// agrees says whether a tree has the head's root.
func (v *verifier) agrees(tree *edge) bool {
	root, err := tree.root()
	return err == nil && root == v.root
}

func (v *verifier) subtrees(positions []int64) {
	for _, p := range positions {
		v.add(damagedHash(p, "it is not that of the subtree below it"))
	}
}

func (v *verifier) checkEdge(tree *edge) {
	if !bytes.Equal(v.edge, tree.bytes()) {
		v.add(damagedLog("the edge in its head is not that of its tree"))
	}
}
