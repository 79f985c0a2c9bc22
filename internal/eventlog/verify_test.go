package eventlog_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/store/storetest"
)

// TestWhatWasChangedIsNamed changes a log of 7 events, whose hashes are
//
//	                  .
//	      6           .          .
//	  2       5       9          .
//	0   1   3   4   7   8   10
//	e0  e1  e2  e3  e4  e5  e6
//
// and puts it back by hand each time.
func TestWhatWasChangedIsNamed(t *testing.T) {
	t.Parallel()
	d := storetest.New(t)
	db := d.Open(t)
	fill(t, db, 5)
	mustAdd(t, db, "pair", 0, one(1), one(2))
	const same = `SELECT`
	flip := func(column string) string {
		return column + ` = set_byte(` + column + `, 9, get_byte(` + column + `, 9) # 1)`
	}
	for _, c := range []struct {
		name, change, undo string
		want               []string // beginnings of findings, in order
	}{
		{"nothing", same, same, nil},
		{"a byte of an event", `UPDATE veil.events SET leaf = set_byte(leaf, 20, get_byte(leaf, 20) # 1) WHERE sequence = 3`, ``, []string{"event 3 of the log is damaged"}},
		{
			"a digit in an event's body", `UPDATE veil.events SET leaf = replace(encode(leaf, 'escape'), '"n":1', '"n":8')::bytea WHERE sequence = 1`,
			`UPDATE veil.events SET leaf = replace(encode(leaf, 'escape'), '"n":8', '"n":1')::bytea WHERE sequence = 1`,
			[]string{"event 1 of the log is damaged: its bytes are not those that the log has the hash of"},
		},
		{
			"an event's stream", `UPDATE veil.events SET stream = 'elsewhere' WHERE sequence = 5`, `UPDATE veil.events SET stream = 'pair' WHERE sequence = 5`,
			[]string{`event 5 of the log is damaged: its column "stream"`, "the log is damaged: the stream pair"},
		},
		{
			"an event's version", `UPDATE veil.events SET version = 9 WHERE sequence = 4`, `UPDATE veil.events SET version = 5 WHERE sequence = 4`,
			[]string{`event 4 of the log is damaged: its column "version"`, "the log is damaged: the stream fill is at version 9 and has 5 events"},
		},
		{
			"an event's type", `UPDATE veil.events SET type = 'x' WHERE sequence = 0`, `UPDATE veil.events SET type = 'thing.happened' WHERE sequence = 0`,
			[]string{`event 0 of the log is damaged: its column "type"`},
		},
		{
			"an event's tenant", `UPDATE veil.events SET tenant = '` + uuid.NewString() + `' WHERE sequence = 0`, `UPDATE veil.events SET tenant = NULL WHERE sequence = 0`,
			[]string{`event 0 of the log is damaged: its column "tenant"`},
		},
		{
			"an event's tenant to the zero one", `UPDATE veil.events SET tenant = '` + uuid.Nil.String() + `' WHERE sequence = 0`, `UPDATE veil.events SET tenant = NULL WHERE sequence = 0`,
			[]string{`event 0 of the log is damaged: its column "tenant"`},
		},
		{
			"an event's place in its command", `UPDATE veil.events SET part = 7 WHERE sequence = 6`, `UPDATE veil.events SET part = 1 WHERE sequence = 6`,
			[]string{"event 6 of the log is damaged: it is number 7 of its command where 1 comes next"},
		},
		{"a leaf's hash", `UPDATE veil.log_hashes SET ` + flip("hash") + ` WHERE position = 4`, ``, []string{"hash 4 of the log is damaged: it is not that of event 3"}},
		{"a subtree's hash", `UPDATE veil.log_hashes SET ` + flip("hash") + ` WHERE position = 5`, ``, []string{"hash 5 of the log is damaged: it is not that of the subtree"}},
		{"the hash of half the tree", `UPDATE veil.log_hashes SET ` + flip("hash") + ` WHERE position = 6`, ``, []string{"hash 6 of the log is damaged: it is not that of the subtree"}},
		{"the head's root", `UPDATE veil.log_head SET ` + flip("root"), ``, []string{"the log is damaged: the root in its head"}},
		{"the head's edge", `UPDATE veil.log_head SET ` + flip("edge"), ``, []string{"the log is damaged: the edge in its head"}},
		{"the head's size", `UPDATE veil.log_head SET size = 6`, `UPDATE veil.log_head SET size = 7`, []string{"the log is damaged: its head says that there are 6 events"}},
		{"the head's size, to beyond all", `UPDATE veil.log_head SET size = 9223372036854775807`, `UPDATE veil.log_head SET size = 7`, []string{"the log is damaged: its head says"}},
		{
			"events that change places", `UPDATE veil.events e SET leaf = f.leaf, version = f.version, command = f.command FROM veil.events f WHERE e.sequence + f.sequence = 3 AND e.sequence IN (1, 2)`,
			`UPDATE veil.events e SET leaf = f.leaf, version = f.version, command = f.command FROM veil.events f WHERE e.sequence + f.sequence = 3 AND e.sequence IN (1, 2)`,
			[]string{"event 1 of the log is damaged: its bytes", "event 2 of the log is damaged: its bytes"},
		},
		{
			"a hash that no event has", `INSERT INTO veil.log_hashes VALUES (11, sha256(''))`, `DELETE FROM veil.log_hashes WHERE position = 11`,
			[]string{"hash 11 of the log is damaged: no event accounts for it"},
		},
		{
			"a hash that is gone", `CREATE TABLE kept AS SELECT * FROM veil.log_hashes WHERE position = 9; DELETE FROM veil.log_hashes WHERE position = 9`,
			`INSERT INTO veil.log_hashes SELECT * FROM kept; DROP TABLE kept`,
			[]string{"hash 9 of the log is damaged: it is missing"},
		},
		{
			"an event that is gone", `CREATE TABLE kept AS SELECT * FROM veil.events WHERE sequence = 2; DELETE FROM veil.events WHERE sequence = 2`,
			`INSERT INTO veil.events SELECT * FROM kept; DROP TABLE kept`,
			[]string{"event 2 of the log is damaged: it is missing, and the next one is 3", "the log is damaged: the stream fill"},
		},
		{
			"the last event that is gone", `CREATE TABLE kept AS SELECT * FROM veil.events WHERE sequence = 6; DELETE FROM veil.events WHERE sequence = 6`,
			`INSERT INTO veil.events SELECT * FROM kept; DROP TABLE kept`,
			[]string{"hash 10 of the log is damaged: no event accounts for it", "the log is damaged: its head says that there are 7 events, and the last one is 5"},
		},
		{
			"a number that is far away", `UPDATE veil.events SET sequence = 9223372036854775000 WHERE sequence = 6`, `UPDATE veil.events SET sequence = 6 WHERE sequence > 6`,
			[]string{"the log is damaged: 1 events have numbers that no log has", "hash 10 of the log is damaged: no event accounts for it"},
		},
		{
			"a number that is not so far away", `UPDATE veil.events SET sequence = 1::bigint << 60 WHERE sequence = 6`, `UPDATE veil.events SET sequence = 6 WHERE sequence > 6`,
			[]string{"event 6 of the log is damaged: it is missing"},
		},
		{
			"the head that is gone", `CREATE TABLE kept AS SELECT * FROM veil.log_head; DELETE FROM veil.log_head`, `INSERT INTO veil.log_head SELECT * FROM kept; DROP TABLE kept`,
			[]string{"the log is damaged: its head is missing"},
		},
		{"nothing, at the end", same, same, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			tamper(t, d, c.change)
			_, err := verify(t, db)
			if c.undo == "" {
				c.undo = c.change
			}
			tamper(t, d, c.undo)
			if len(c.want) == 0 {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			var damage *eventlog.Damage
			if !errors.As(err, &damage) {
				t.Fatalf("got %v, want a Damage", err)
			}
			lines := strings.Split(err.Error(), "\n")
			t.Log(err)
			for i, want := range c.want {
				if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
					t.Errorf("finding %d of\n%v\nis not %q", i, err, want)
				}
			}
			// One change is one finding, unless the case says otherwise or the numbers do not fit any more.
			if len(lines) > len(c.want) && !strings.Contains(c.name, "gone") && !strings.Contains(c.name, "head") && !strings.Contains(c.name, "far") {
				t.Errorf("there are other findings besides:\n%v", err)
			}
		})
	}
}

// tamper changes rows as somebody does who owns the tables.
func tamper(t *testing.T, d storetest.Database, sql string) {
	t.Helper()
	d.Exec(t, `BEGIN;
		ALTER TABLE veil.events NO FORCE ROW LEVEL SECURITY; ALTER TABLE veil.log_hashes NO FORCE ROW LEVEL SECURITY; ALTER TABLE veil.log_head NO FORCE ROW LEVEL SECURITY;
		ALTER TABLE veil.events DROP CONSTRAINT IF EXISTS events_version, DROP CONSTRAINT IF EXISTS events_command;`+sql+`;
		COMMIT`)
}

func TestADamagedHeadTakesNoEvents(t *testing.T) {
	t.Parallel()
	d := storetest.New(t)
	db := d.Open(t)
	fill(t, db, 3)
	for _, sql := range []string{
		`UPDATE veil.log_head SET edge = set_byte(edge, 40, get_byte(edge, 40) # 1)`,
		`UPDATE veil.log_head SET root = sha256('x')`,
		`UPDATE veil.log_head SET size = 5`,
		`UPDATE veil.log_head SET edge = ''`,
	} {
		tamper(t, d, `CREATE TABLE kept AS SELECT * FROM veil.log_head; `+sql)
		_, err := add(t.Context(), db, store.Service(), "fill", 3, uuid.New(), uuid.Nil, one(4))
		var damage *eventlog.Damage
		if !errors.As(err, &damage) {
			t.Errorf("%s: got %v", sql, err)
		}
		tamper(t, d, `DELETE FROM veil.log_head; INSERT INTO veil.log_head SELECT * FROM kept; DROP TABLE kept`)
	}
	mustAdd(t, db, "fill", 3, one(4))
}

func TestADamagedEventIsNotRead(t *testing.T) {
	t.Parallel()
	d := storetest.New(t)
	db := d.Open(t)
	fill(t, db, 3)
	tamper(t, d, `UPDATE veil.events SET type = 'x' WHERE sequence = 1`)
	err := eventlog.Follow(t.Context(), db, store.Service(), -1, func(e eventlog.Event) error {
		if e.Sequence == 1 {
			t.Error("the damaged event was shown")
		}
		return nil
	})
	var damage *eventlog.Damage
	if !errors.As(err, &damage) || damage.Sequence != 1 {
		t.Errorf("got %v", err)
	}
}

func TestOnlyTheServiceVerifies(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	err := reading(t, db, store.Tenant(uuid.New()), func(ctx context.Context, tx pgx.Tx) error {
		_, err := eventlog.Verify(ctx, tx)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "only the scope of the service") {
		t.Errorf("got %v", err)
	}
}
