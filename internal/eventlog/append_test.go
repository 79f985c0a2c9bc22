package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/store/storetest"
)

func TestWhatIsAppendedIsRead(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	command, tenant := uuid.New(), uuid.New()
	done, err := add(t.Context(), db, store.Service(), "comparison/1", 0, command, tenant,
		eventlog.New{Type: "comparison.opened", Body: []byte(` { "b" : [1, 2.50], "a":"é" } `)},
		eventlog.New{Type: "comparison.submitted", Body: []byte(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 11, 0, 0, 123456000, time.UTC)
	want := []eventlog.Event{
		{Sequence: 0, Stream: "comparison/1", Version: 1, Type: "comparison.opened", Command: command, Tenant: tenant, At: at, Body: []byte(`{"a":"é","b":[1,2.5]}`)},
		{Sequence: 1, Stream: "comparison/1", Version: 2, Type: "comparison.submitted", Command: command, Tenant: tenant, At: at, Body: []byte(`{}`)},
	}
	if d := cmp.Diff(want, done); d != "" {
		t.Errorf("appended (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want, all(t, db, store.Service())); d != "" {
		t.Errorf("read (-want +got):\n%s", d)
	}
	err = reading(t, db, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		stream, err := eventlog.ReadStream(ctx, tx, "comparison/1")
		if d := cmp.Diff(want, stream); d != "" {
			t.Errorf("the stream (-want +got):\n%s", d)
		}
		page, err2 := eventlog.Read(ctx, tx, 0, 10)
		if d := cmp.Diff(want[1:], page); d != "" {
			t.Errorf("after the first (-want +got):\n%s", d)
		}
		none, err3 := eventlog.ReadStream(ctx, tx, "comparison/2")
		if len(none) != 0 {
			t.Errorf("a stream that there is not has %v", none)
		}
		return errors.Join(err, err2, err3)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAStreamThatMovedOnIsAConflict(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	mustAdd(t, db, "s", 0, one(1), one(2))
	for _, expected := range []int64{0, 1, 3} {
		err := db.Within(t.Context(), store.Service(), func(ctx context.Context, tx pgx.Tx) error {
			_, err := eventlog.Append(ctx, tx, "s", expected, uuid.New(), uuid.Nil, noon, one(3))
			var conflict *eventlog.ConflictError
			if !errors.As(err, &conflict) || *conflict != (eventlog.ConflictError{Stream: "s", Expected: expected, Actual: 2}) {
				t.Errorf("version %d: got %v", expected, err)
			}
			_, err = eventlog.Append(ctx, tx, fmt.Sprintf("other/%d", expected), 0, uuid.New(), uuid.Nil, noon, one(4)) // the transaction is none the worse
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	mustAdd(t, db, "s", 2, one(3))
	if size, err := verify(t, db); size != 6 || err != nil {
		t.Errorf("the log has %d events (%v), want 6", size, err)
	}
}

func TestACommandIsCarriedOutOnce(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	command := uuid.New()
	first, err := add(t.Context(), db, store.Service(), "s", 0, command, uuid.Nil, one(1), one(2))
	if err != nil {
		t.Fatal(err)
	}
	for name, again := range map[string]struct {
		stream   string
		expected int64
	}{"the same": {"s", 0}, "at the version of now": {"s", 2}, "in another stream": {"t", 0}} {
		_, err := add(t.Context(), db, store.Service(), again.stream, again.expected, command, uuid.Nil, one(9))
		var done *eventlog.DoneError
		if !errors.As(err, &done) || done.Command != command {
			t.Fatalf("%s: got %v", name, err)
		}
		if d := cmp.Diff(first, done.Events); d != "" {
			t.Errorf("%s (-first +again):\n%s", name, d)
		}
	}
	if n := len(all(t, db, store.Service())); n != 2 {
		t.Errorf("there are %d events, want 2", n)
	}
}

func TestOneTransactionMayAppendSeveralTimes(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	err := db.Within(t.Context(), store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		for i := range 5 {
			if _, err := eventlog.Append(ctx, tx, "s", int64(i), uuid.New(), uuid.Nil, noon, one(i)); err != nil {
				return err
			}
		}
		_, err := eventlog.Append(ctx, tx, "t", 0, uuid.New(), uuid.Nil, noon, one(0))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if size, err := verify(t, db); size != 6 || err != nil {
		t.Errorf("the log has %d events (%v)", size, err)
	}
}

func TestAppendRefuses(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	long := strings.Repeat("x", 300<<10)
	body := func(s string) []eventlog.New { return []eventlog.New{{Type: "t", Body: []byte(s)}} }
	for _, c := range []struct {
		name     string
		stream   string
		expected int64
		command  uuid.UUID
		at       time.Time
		events   []eventlog.New
		want     string
	}{
		{"no events", "s", 0, uuid.New(), noon, nil, "1 to 1000 events"},
		{"too many events", "s", 0, uuid.New(), noon, make([]eventlog.New, 1001), "1 to 1000 events"},
		{"no command", "s", 0, uuid.Nil, noon, body(`{}`), "needs the id of its command"},
		{"no stream", "", 0, uuid.New(), noon, body(`{}`), "no name of a stream"},
		{"a stream with a quote", `s"`, 0, uuid.New(), noon, body(`{}`), "no name of a stream"},
		{"a stream with a long name", long, 0, uuid.New(), noon, body(`{}`), "no name of a stream"},
		{"a version below none", "s", -1, uuid.New(), noon, body(`{}`), "no version of a stream"},
		{"a version beyond all", "s", 1 << 53, uuid.New(), noon, body(`{}`), "no version of an event"},
		{"a type with a space", "s", 0, uuid.New(), noon, []eventlog.New{{Type: "a b", Body: []byte(`{}`)}}, "no type of an event"},
		{"a time that RFC 3339 does not write", "s", 0, uuid.New(), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), body(`{}`), "year 10000"},
		{"no body", "s", 0, uuid.New(), noon, body(``), "no JSON"},
		{"a body that is no object", "s", 0, uuid.New(), noon, body(`[1]`), "no JSON object"},
		{"a body with a name twice", "s", 0, uuid.New(), noon, body(`{"a":1,"a":2}`), "no JSON that has a canonical form"},
		{"a body in another encoding", "s", 0, uuid.New(), noon, body("{\"a\":\"\xff\"}"), "no JSON that has a canonical form"},
		{"an integer that a double does not hold", "s", 0, uuid.New(), noon, body(`{"a":[{"n":9007199254740993}]}`), "write it as a string"},
		{"a number that canonical form makes such an integer", "s", 0, uuid.New(), noon, body(`{"a":1e20}`), "write it as a string"},
		{"a body that is too long", "s", 0, uuid.New(), noon, body(`{"a":"` + long + `"}`), "store it as a blob"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := db.Within(t.Context(), store.Service(), func(ctx context.Context, tx pgx.Tx) error {
				_, err := eventlog.Append(ctx, tx, c.stream, c.expected, c.command, uuid.Nil, c.at, c.events...)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 400 {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if n := len(all(t, db, store.Service())); n != 0 {
		t.Errorf("%d events were appended", n)
	}
}

func TestATenantSeesItsOwnEvents(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	us, them := uuid.New(), uuid.New()
	mustAdd(t, db, "service", 0, one(0))
	for i, tenant := range []uuid.UUID{us, them, us} {
		if _, err := add(t.Context(), db, store.Tenant(tenant), fmt.Sprintf("s/%d", i), 0, uuid.New(), tenant, one(i)); err != nil {
			t.Fatal(err)
		}
	}
	var got []int64
	for _, e := range all(t, db, store.Tenant(us)) {
		got = append(got, e.Sequence)
	}
	if d := cmp.Diff([]int64{1, 3}, got); d != "" {
		t.Errorf("the tenant sees (-want +got):\n%s", d)
	}
	if n := len(all(t, db, store.Service())); n != 4 {
		t.Errorf("the service sees %d events, want 4", n)
	}
	if size, err := verify(t, db); size != 4 || err != nil {
		t.Errorf("the log has %d events (%v)", size, err)
	}
}

func TestATenantAppendsAboutItselfOnly(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	us, them := uuid.New(), uuid.New()
	taken := uuid.New()
	if _, err := add(t.Context(), db, store.Tenant(them), "theirs", 0, taken, them, one(1)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		stream          string
		command, tenant uuid.UUID
	}{
		"about another tenant":                {"s", uuid.New(), them},
		"about the service":                   {"s", uuid.New(), uuid.Nil},
		"in another tenant's stream":          {"theirs", uuid.New(), us},
		"with another tenant's command's id":  {"s", taken, us},
		"with all of another tenant's things": {"theirs", taken, them},
	} {
		_, err := add(t.Context(), db, store.Tenant(us), c.stream, 0, c.command, c.tenant, one(2))
		if !errors.Is(err, eventlog.ErrOtherScope) {
			t.Errorf("%s: got %v", name, err)
		}
		var done *eventlog.DoneError
		if errors.As(err, &done) {
			t.Errorf("%s: another tenant's events were shown", name)
		}
	}
	if n := len(all(t, db, store.Service())); n != 1 {
		t.Errorf("there are %d events, want 1", n)
	}
}

func TestATransactionWithoutAScopeAppendsNothing(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	tx, err := db.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := eventlog.Append(t.Context(), tx, "s", 0, uuid.New(), uuid.Nil, noon, one(1)); err == nil || !strings.Contains(err.Error(), "begin it in the scope") {
		t.Errorf("got %v", err)
	}
}
