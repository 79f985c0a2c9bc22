package store_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/store/storetest"
	"github.com/veilschema/veil/internal/testenv"
)

// ask returns the one value of a query in a scope.
func ask[T any](t *testing.T, db *store.DB, s store.Scope, sql string, args ...any) T {
	t.Helper()
	var v T
	err := db.Read(t.Context(), s, func(ctx context.Context, tx pgx.Tx) error {
		return tx.QueryRow(ctx, sql, args...).Scan(&v)
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func TestADatabaseIsMigratedOnceByManyAtATime(t *testing.T) {
	t.Parallel()
	d := storetest.New(t)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := store.Migrate(t.Context(), d.OwnerDSN, d.App); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	db := d.Open(t) // and once more
	if n := ask[int](t, db, store.Service(), `SELECT count(*) FROM veil.goose_db_version WHERE version_id = 1`); n != 1 {
		t.Errorf("the first migration ran %d times", n)
	}
}

func TestOpenWorksOnEveryPostgreSQL(t *testing.T) {
	t.Parallel()
	for _, server := range testenv.PostgresVersionsIfLong(t) {
		db := storetest.NewOn(t, server).Open(t)
		if err := db.Health(t.Context()); err != nil {
			t.Errorf("PostgreSQL %d: %v", server.Major(), err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	migrated := func(t *testing.T, d storetest.Database) {
		if err := store.Migrate(t.Context(), d.OwnerDSN, d.App); err != nil {
			t.Fatal(err)
		}
	}
	cases := []struct {
		name    string
		prepare func(*testing.T, storetest.Database) store.Config
		want    string
	}{
		{"a database without a schema", func(_ *testing.T, d storetest.Database) store.Config {
			return store.Config{AppDSN: d.AppDSN}
		}, "start once with the owner's connection string"},
		{"the owner as the application role", func(t *testing.T, d storetest.Database) store.Config {
			migrated(t, d)
			return store.Config{AppDSN: d.OwnerDSN}
		}, "owns the table veil.blob_holds"},
		{"to make the owner the application role", func(_ *testing.T, d storetest.Database) store.Config {
			return store.Config{OwnerDSN: d.OwnerDSN, AppDSN: d.OwnerDSN}
		}, "connect the service as another role"},
		{"an application role that owns one table", func(t *testing.T, d storetest.Database) store.Config {
			migrated(t, d)
			d.Exec(t, `GRANT CREATE ON SCHEMA veil TO `+d.App)
			if _, err := d.Connect(t, d.AppDSN).Exec(t.Context(), `CREATE TABLE veil.mine ()`); err != nil {
				t.Fatal(err)
			}
			return store.Config{AppDSN: d.AppDSN}
		}, "owns the table veil.mine"},
		{"a newer schema", func(t *testing.T, d storetest.Database) store.Config {
			migrated(t, d)
			d.Exec(t, `INSERT INTO veil.goose_db_version (version_id, is_applied) VALUES (999, true)`)
			return store.Config{AppDSN: d.AppDSN}
		}, "install the release that upgraded the database"},
		{"to migrate a newer schema", func(t *testing.T, d storetest.Database) store.Config {
			migrated(t, d)
			d.Exec(t, `INSERT INTO veil.goose_db_version (version_id, is_applied) VALUES (999, true)`)
			return store.Config{OwnerDSN: d.OwnerDSN, AppDSN: d.AppDSN}
		}, "install the release that upgraded the database"},
		{"an older schema", func(t *testing.T, d storetest.Database) store.Config {
			migrated(t, d)
			d.Exec(t, `DELETE FROM veil.goose_db_version WHERE version_id > 0`)
			return store.Config{AppDSN: d.AppDSN}
		}, "start once with the owner's connection string"},
		{"an application role that does not exist", func(_ *testing.T, d storetest.Database) store.Config {
			return store.Config{OwnerDSN: d.OwnerDSN, AppDSN: strings.Replace(d.AppDSN, d.App, "nobody_there", 1)}
		}, "make it with CREATE ROLE"},
		{"a connection string that is none", func(*testing.T, storetest.Database) store.Config {
			return store.Config{AppDSN: "host=localhost port=high password=s3cret"}
		}, "cannot be understood"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			db, err := store.Open(t.Context(), c.prepare(t, storetest.New(t)))
			if err == nil {
				db.Close()
				t.Fatal("it was opened")
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %q, want %q in it", err, c.want)
			}
		})
	}
}

// TestARoleThatRowSecurityDoesNotHoldIsRefused is about roles that a scratch server makes nobody. That an owner is recognised, TestOpenRefuses shows.
func TestARoleThatRowSecurityDoesNotHoldIsRefused(t *testing.T) {
	t.Parallel()
	if err := store.RoleErr(false, false, ""); err != nil {
		t.Errorf("a plain role: %v", err)
	}
	for want, err := range map[string]error{
		"is a superuser":       store.RoleErr(true, true, "the schema veil"),
		"has BYPASSRLS":        store.RoleErr(false, true, ""),
		"owns the schema veil": store.RoleErr(false, false, "the schema veil"),
	} {
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "CREATE ROLE") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestAVersionErrorSaysBothVersions(t *testing.T) {
	t.Parallel()
	_, err := store.Open(t.Context(), store.Config{AppDSN: storetest.New(t).AppDSN})
	var v *store.VersionError
	if !errors.As(err, &v) || v.Database != 0 || v.Program != store.Version() || v.Program < 1 {
		t.Errorf("got %+v in %v", v, err)
	}
}

func TestATransactionHasItsScopeAndNoLonger(t *testing.T) {
	t.Parallel()
	d := storetest.New(t)
	d.Open(t)
	db, err := store.Open(t.Context(), store.Config{AppDSN: d.AppDSN, MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	id := uuid.New()
	const who = `SELECT concat_ws(' ', veil.in_service(), veil.current_tenant(), veil.in_scope())`
	for _, c := range []struct {
		scope store.Scope
		want  string
	}{
		{store.Service(), "t t"},
		{store.Tenant(id), "f " + id.String() + " t"},
		{store.Service(), "t t"},
	} {
		if got := ask[string](t, db, c.scope, who); got != c.want {
			t.Errorf("within %s the database sees %q, want %q", c.scope, got, c.want)
		}
		var after string
		if err := db.Pool().QueryRow(t.Context(), who).Scan(&after); err != nil || after != "f f" {
			t.Errorf("after %s the connection's next user is %q (%v), want nobody", c.scope, after, err)
		}
	}
}

func TestNobodyGetsATransaction(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	for _, s := range []store.Scope{{}, store.Tenant(uuid.Nil)} {
		err := db.Within(t.Context(), s, func(context.Context, pgx.Tx) error {
			t.Error("the function ran")
			return nil
		})
		if err == nil || !strings.Contains(err.Error(), "nobody's behalf") {
			t.Errorf("got %v", err)
		}
	}
}

func TestWithinCommitsOrLeavesNothing(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	failure := errors.New("no")
	for _, result := range []error{failure, nil} {
		err := db.Within(t.Context(), store.Service(), func(ctx context.Context, tx pgx.Tx) error {
			_, err := store.PutBlob(ctx, tx, []byte("x"))
			return errors.Join(err, result)
		})
		if !errors.Is(err, result) {
			t.Errorf("got %v, want %v", err, result)
		}
		want := map[bool]int{true: 1}[result == nil]
		if n := ask[int](t, db, store.Service(), `SELECT count(*) FROM veil.blobs`); n != want {
			t.Errorf("there are %d blobs after %v, want %d", n, result, want)
		}
	}
}

func TestACallersPanicLeavesNoTransactionBehind(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	func() {
		defer func() { _ = recover() }()
		_ = db.Within(t.Context(), store.Service(), func(context.Context, pgx.Tx) error { panic("bug") })
	}()
	if n := db.Pool().Stat().AcquiredConns(); n != 0 {
		t.Errorf("%d connections are still in use", n)
	}
}

func TestReadCannotWrite(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	err := db.Read(t.Context(), store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := store.PutBlob(ctx, tx, []byte("x"))
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("got %v", err)
	}
}

func TestATransactionThatTheServerGaveUpIsTriedAgain(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	for _, c := range []struct {
		name, code string
		failures   int
		runs       int
		fails      bool
	}{
		{"a serialisation failure passes", "40001", 2, 3, false},
		{"a deadlock passes", "40P01", 1, 2, false},
		{"one that never passes ends", "40001", 100, 6, true},
		{"another error is not tried again", "23505", 1, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			runs := 0
			err := db.Within(t.Context(), store.Service(), func(ctx context.Context, tx pgx.Tx) error {
				if runs++; runs > c.failures {
					return nil
				}
				_, err := tx.Exec(ctx, `DO $$ BEGIN RAISE SQLSTATE '`+c.code+`'; END $$`)
				return err
			})
			if runs != c.runs || (err != nil) != c.fails {
				t.Errorf("it ran %d times and ended with %v, want %d times", runs, err, c.runs)
			}
		})
	}
}

func TestWhatALostCommitDidIsUnknown(t *testing.T) {
	t.Parallel()
	d := storetest.New(t)
	db := d.Open(t)
	err := db.Within(t.Context(), store.Service(), func(_ context.Context, tx pgx.Tx) error {
		return tx.Conn().PgConn().Conn().Close()
	})
	if err == nil || errors.Is(err, store.ErrUnknown) {
		t.Errorf("nothing was sent, and the error is %v", err)
	}
	// The session ends while it commits.
	d.Exec(t, `CREATE FUNCTION veil.perish() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END $$`,
		`CREATE CONSTRAINT TRIGGER perish AFTER INSERT ON veil.blobs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION veil.perish()`)
	err = db.Within(t.Context(), store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := store.PutBlob(ctx, tx, []byte("x"))
		return err
	})
	if !errors.Is(err, store.ErrUnknown) {
		t.Errorf("the answer was lost, and the error is %v", err)
	}
	if err := db.Health(t.Context()); err != nil {
		t.Errorf("the pool does not recover: %v", err)
	}
}

func TestHealthSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	d := storetest.New(t)
	db := d.Open(t)
	if err := db.Health(t.Context()); err != nil {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.Health(gone); err == nil {
		t.Error("a database that was not asked is healthy")
	}
	d.Exec(t, `ALTER DATABASE `+d.Owner+` SET default_transaction_read_only = on`)
	other, err := store.Open(t.Context(), store.Config{AppDSN: d.AppDSN})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.Health(t.Context()); err == nil || !strings.Contains(err.Error(), "takes no changes") {
		t.Errorf("got %v", err)
	}
}

func TestHintsWakeEveryoneAndEnd(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	one, stopOne := db.Hints()
	two, stopTwo := db.Hints()
	<-one // the first says that somebody listens now
	<-two
	err := db.Within(t.Context(), store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `SELECT pg_notify($1, '')`, store.Channel)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	<-one
	<-two
	stopOne()
	stopTwo()
	three, stopThree := db.Hints() // starts anew
	defer stopThree()
	<-three
}

func TestHealthAnswersWhileEveryConnectionIsInUse(t *testing.T) {
	db := storetest.Open(t)
	for range db.Pool().Config().MaxConns {
		conn, err := db.Pool().Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Release()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := db.Health(ctx); err != nil {
		t.Error(err)
	}
}
