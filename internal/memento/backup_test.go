package memento_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/internal/memento"
	"github.com/veilschema/veil/internal/testenv"
)

func backup(t testing.TB, q memento.Querier, of memento.Table) []byte {
	t.Helper()
	var b bytes.Buffer
	rows, err := memento.Backup(t.Context(), q, of, &b)
	must(t, err)
	if sum := checksum(t, q, of); sum.Rows != rows {
		t.Errorf("%d rows were backed up of %d", rows, sum.Rows)
	}
	return b.Bytes()
}

// restore runs Restore in a transaction that is committed where it worked.
func restore(t testing.TB, conn *pgx.Conn, of memento.Table, columns, key []string, b []byte) (done memento.Restored, err error) {
	t.Helper()
	err = pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
		done, err = memento.Restore(t.Context(), tx, of, columns, key, bytes.NewReader(b))
		return err
	})
	return done, err
}

func keyOf(t testing.TB, conn *pgx.Conn, name string, without ...string) []string {
	t.Helper()
	k, err := memento.KeyOf(t.Context(), conn, "public", name, without)
	must(t, err)
	return k
}

func TestEveryTypeComesBack(t *testing.T) {
	for _, server := range testenv.PostgresVersionsIfLong(t) {
		for _, keyed := range []bool{true, false} {
			conn := connect(t, server)
			execute(t, conn, everyType+`; INSERT INTO every SELECT * FROM every; ALTER TABLE every ADD id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY`)
			columns := columnsOf(t, conn, "every")
			of := table("every", columns...)
			before, b := checksum(t, conn, of), backup(t, conn, of)
			execute(t, conn, oddSettings)
			var sets []string
			for _, c := range columns[:len(columns)-1] {
				sets = append(sets, c+" = NULL")
			}
			execute(t, conn, `UPDATE public.every SET `+strings.Join(sets, ", "))
			key := []string{"id"}
			if !keyed {
				key = nil
			}
			done, err := restore(t, conn, of, columns[:len(columns)-1], key, b)
			if err != nil {
				t.Fatalf("PostgreSQL %d, with key %v: %v", server.Major(), keyed, err)
			}
			if after := checksum(t, conn, of); after != before {
				t.Errorf("PostgreSQL %d, with key %v: got %+v, want %+v (%+v)", server.Major(), keyed, after, before, done)
			}
		}
	}
}

func TestRestoringByKeyLeavesAllElseAlone(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `CREATE TABLE t (id int PRIMARY KEY, a text, b text); INSERT INTO t VALUES (1, 'a1', 'b1'), (2, 'a2', 'b2'), (3, 'a3', 'b3')`)
	of := table("t", "id", "a")
	b := backup(t, conn, of)
	execute(t, conn, `UPDATE t SET a = upper(a), b = upper(b); DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (4, 'A4', 'B4')`)
	done, err := restore(t, conn, of, []string{"a"}, keyOf(t, conn, "t", "a"), b)
	if err != nil || done != (memento.Restored{Backup: 3, Updated: 2}) || done.Lost() != 1 {
		t.Errorf("got %+v (%d lost), %v", done, done.Lost(), err)
	}
	rowsAre(t, conn, `SELECT * FROM t ORDER BY id`, "1|a1|B1 3|a3|B3 4|A4|B4")
}

// rowsAre fails the test unless a query gives these rows, fields separated by bars and rows by spaces.
func rowsAre(t testing.TB, conn *pgx.Conn, sql, want string) {
	t.Helper()
	results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
	must(t, err)
	var rows []string
	for _, row := range results[0].Rows {
		rows = append(rows, string(bytes.Join(row, []byte("|"))))
	}
	if got := strings.Join(rows, " "); got != want {
		t.Errorf("%s gives %q, want %q", sql, got, want)
	}
}

func TestADroppedColumnComesBackWithItsValues(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `CREATE TABLE t (id int PRIMARY KEY, a text, b text); INSERT INTO t VALUES (1, 'a1', 'b1'), (2, NULL, 'b2')`)
	of := table("t", "id", "a")
	before, b := checksum(t, conn, of), backup(t, conn, of)
	execute(t, conn, `ALTER TABLE t DROP a; ALTER TABLE t ADD a text`) // now in another place
	if _, err := restore(t, conn, of, []string{"a"}, []string{"id"}, b); err != nil {
		t.Fatal(err)
	}
	if after := checksum(t, conn, of); after != before {
		t.Errorf("got %+v, want %+v", after, before)
	}
}

// noisy is a table that does much when it is written.
const noisy = `
	SET CONSTRAINTS ALL IMMEDIATE;
	CREATE TABLE log (what text);
	CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.log VALUES (tg_name); RETURN NEW; END $$;
	CREATE TABLE t (id int NOT NULL UNIQUE, a int, always int GENERATED ALWAYS AS IDENTITY, twice int GENERATED ALWAYS AS (a * 2) STORED, old int, CONSTRAINT self FOREIGN KEY (a) REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED);
	INSERT INTO t (id, a, old) VALUES (1, 1, -1), (2, 1, -2), (3, NULL, 3);
	ALTER TABLE t ADD CONSTRAINT fresh CHECK (old > 0) NOT VALID;
	COMMENT ON CONSTRAINT fresh ON t IS 'for new rows';
	CREATE TRIGGER origin BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note();
	CREATE TRIGGER replica BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note();
	CREATE TRIGGER "al'ways" AFTER INSERT OR UPDATE OR DELETE ON t FOR EACH STATEMENT EXECUTE FUNCTION note();
	CREATE TRIGGER never BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note();
	CREATE CONSTRAINT TRIGGER later AFTER INSERT OR UPDATE ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
	ALTER TABLE t ENABLE REPLICA TRIGGER replica, ENABLE ALWAYS TRIGGER "al'ways", DISABLE TRIGGER never;
	CREATE RULE also AS ON UPDATE TO t DO ALSO INSERT INTO log VALUES ('rule');
	CREATE RULE also_delete AS ON DELETE TO t DO INSTEAD NOTHING;
	ALTER TABLE t ENABLE ALWAYS RULE also_delete;
	TRUNCATE log`

func TestNothingOfTheUsersActsWhileValuesAreRestored(t *testing.T) {
	for _, server := range testenv.PostgresVersionsIfLong(t) {
		for _, key := range [][]string{{"id"}, nil} {
			conn := connect(t, server)
			execute(t, conn, noisy)
			of := table("t", "id", "a", "always", "twice", "old")
			before, b, was := checksum(t, conn, of), backup(t, conn, of), structure(t, conn)
			execute(t, conn, `SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE t DISABLE TRIGGER USER, DISABLE RULE also, DROP CONSTRAINT fresh; UPDATE t SET a = 3, always = DEFAULT, old = 1;
				ALTER TABLE t ENABLE TRIGGER USER, ENABLE RULE also, ENABLE REPLICA TRIGGER replica, ENABLE ALWAYS TRIGGER "al'ways", DISABLE TRIGGER never;
				ALTER TABLE t ADD CONSTRAINT fresh CHECK (old > 0) NOT VALID; COMMENT ON CONSTRAINT fresh ON t IS 'for new rows'`)
			same(t, "the test itself", was, structure(t, conn))
			done, err := restore(t, conn, of, []string{"a", "always", "twice", "old"}, key, b)
			if err != nil {
				t.Fatalf("PostgreSQL %d, key %q: %v", server.Major(), key, err)
			}
			if after := checksum(t, conn, of); after != before {
				t.Errorf("PostgreSQL %d, key %q: got %+v, want %+v (%+v)", server.Major(), key, after, before, done)
			}
			rowsAre(t, conn, `SELECT * FROM log`, "")
			same(t, "the structure after restoring", was, structure(t, conn))
		}
	}
}

func TestTriggersOfPartitionsAreAsTheyWere(t *testing.T) {
	for _, server := range testenv.PostgresVersionsIfLong(t) {
		conn := connect(t, server)
		execute(t, conn, `
			CREATE TABLE log (what text);
			CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.log VALUES (tg_table_name); RETURN NEW; END $$;
			CREATE TABLE t (id int PRIMARY KEY, a text) PARTITION BY RANGE (id);
			CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10); CREATE TABLE t2 PARTITION OF t DEFAULT;
			INSERT INTO t SELECT n, 'a' || n FROM generate_series(1, 20) n;
			CREATE TRIGGER note AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note();
			ALTER TABLE t2 ENABLE ALWAYS TRIGGER note; CREATE TRIGGER own AFTER UPDATE ON t1 FOR EACH ROW EXECUTE FUNCTION note(); ALTER TABLE t1 DISABLE TRIGGER note`)
		of := table("t", "id", "a")
		before, b, was := checksum(t, conn, of), backup(t, conn, of), structure(t, conn)
		execute(t, conn, `UPDATE t SET a = NULL; TRUNCATE log`)
		done, err := restore(t, conn, of, []string{"a"}, keyOf(t, conn, "t"), b)
		if after := checksum(t, conn, of); err != nil || after != before || done.Updated != 20 {
			t.Errorf("PostgreSQL %d: got %+v, want %+v (%+v, %v)", server.Major(), after, before, done, err)
		}
		rowsAre(t, conn, `SELECT * FROM log`, "")
		same(t, "the structure after restoring", was, structure(t, conn))
	}
}

func TestAllRowsAreReplacedOnlyWhereNobodyRefersToThem(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `CREATE TABLE t (a int UNIQUE, b text); INSERT INTO t VALUES (1, 'x'), (2, 'x'), (NULL, NULL), (NULL, NULL);
		CREATE TABLE u (t int REFERENCES t (a) ON DELETE CASCADE); INSERT INTO u VALUES (NULL); CREATE TABLE heir () INHERITS (t); INSERT INTO heir VALUES (5)`)
	of := table("t", "a", "b")
	before, b := checksum(t, conn, of), backup(t, conn, of)
	execute(t, conn, `UPDATE ONLY t SET b = 'y'`)
	done, err := restore(t, conn, of, nil, nil, b)
	if after := checksum(t, conn, of); err != nil || after != before || done != (memento.Restored{Backup: 4, Deleted: 4, Inserted: 4}) {
		t.Errorf("got %+v, want %+v (%+v, %v)", after, before, done, err)
	}
	execute(t, conn, `INSERT INTO u VALUES (1); UPDATE ONLY t SET b = 'z'`)
	changed := checksum(t, conn, of)
	if _, err := restore(t, conn, of, nil, nil, b); err == nil || !strings.Contains(err.Error(), "u_t_fkey on public.u") {
		t.Errorf("got %v", err)
	}
	if after := checksum(t, conn, of); after != changed {
		t.Errorf("the refused restore changed rows")
	}
	rowsAre(t, conn, `SELECT * FROM u WHERE t IS NOT NULL`, "1")
	rowsAre(t, conn, `SELECT a FROM heir`, "5")
}

func TestAFailedRestoreLeavesTheTransactionUsable(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `CREATE TABLE t (id int PRIMARY KEY, a text, g int GENERATED ALWAYS AS (id) STORED); INSERT INTO t VALUES (1, 'x'), (2, 'y')`)
	of := table("t", "id", "a")
	b := backup(t, conn, of)
	tx, err := conn.Begin(t.Context())
	must(t, err)
	defer tx.Rollback(context.Background()) //nolint:errcheck // of a test
	was := structureIn(t, tx)
	for name, test := range map[string]struct {
		of           memento.Table
		columns, key []string
		b            []byte
		want         string
	}{
		"a backup of other columns":      {table("t", "a", "id"), []string{"a"}, []string{"id"}, b, `backup of the columns "id", "a"`},
		"a table that is not there":      {table("u", "id", "a"), []string{"a"}, []string{"id"}, b, "not there"},
		"a column that is gone":          {table("t", "id", "b"), []string{"b"}, []string{"id"}, b, `no column "b"`},
		"a column without a backup":      {of, []string{"g"}, []string{"id"}, b, `no column "g"`},
		"a column of the key":            {of, []string{"id"}, []string{"id"}, b, "of the key"},
		"a key that is none":             {of, []string{"id"}, []string{"a"}, b, "no key"},
		"no columns":                     {of, nil, []string{"id"}, b, "no column was named"},
		"a backup without every column":  {table("t", "id"), nil, nil, backup(t, tx, table("t", "id")), `no column "a"`},
		"no backup":                      {of, []string{"a"}, []string{"id"}, nil, "damaged"},
		"a backup cut off":               {of, []string{"a"}, []string{"id"}, b[:len(b)-1], "damaged"},
		"a backup cut off after a row":   {of, []string{"a"}, []string{"id"}, b[:bytes.Index(b, []byte("2\ty"))], "damaged"},
		"a backup with a changed value":  {of, []string{"a"}, []string{"id"}, bytes.Replace(b, []byte("2\ty"), []byte("2\tz"), 1), "damaged"},
		"a backup with a wrong count":    {of, []string{"a"}, []string{"id"}, bytes.Replace(b, []byte(`"rows":2`), []byte(`"rows":3`), 1), "damaged"},
		"a backup with something behind": {of, []string{"a"}, []string{"id"}, append(slices.Clone(b), '\n'), "damaged"},
		"a backup with a row that fits":  {of, []string{"a"}, []string{"id"}, bytes.Replace(b, []byte("2\ty\n"), []byte("2\ty\n3\tz\n"), 1), "damaged"},
	} {
		_, err := memento.Restore(t.Context(), tx, test.of, test.columns, test.key, bytes.NewReader(test.b))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
	same(t, "after refused restores", was, structureIn(t, tx))
	if _, err := memento.Restore(t.Context(), tx, of, []string{"a"}, []string{"id"}, iotest.OneByteReader(bytes.NewReader(b))); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func structureIn(t testing.TB, tx pgx.Tx) []byte {
	t.Helper()
	b, err := memento.Structure(t.Context(), tx, []string{"public"})
	must(t, err)
	return b
}

func TestKeysThatFindEveryRow(t *testing.T) {
	for _, server := range testenv.PostgresVersionsIfLong(t) {
		conn := connect(t, server)
		execute(t, conn, `CREATE EXTENSION citext; CREATE TABLE t (
				a int NOT NULL, b int NOT NULL, c int, d int NOT NULL, e citext NOT NULL, f int NOT NULL, g text NOT NULL, h int NOT NULL,
				PRIMARY KEY (b, a), UNIQUE (c), UNIQUE (d) DEFERRABLE, UNIQUE (e) INCLUDE (a));
			CREATE UNIQUE INDEX partial ON t (f) WHERE f > 0; CREATE UNIQUE INDEX expression ON t (lower(g)); CREATE UNIQUE INDEX wide ON t (a, d, h); CREATE INDEX plain ON t (h)`)
		for _, test := range []struct {
			without []string
			want    string
		}{
			{nil, "e"},
			{[]string{"e"}, "b a"},
			{[]string{"e", "b"}, "a d h"},
			{[]string{"e", "b", "h"}, ""},
			{[]string{"e", "a"}, ""},
		} {
			if got := strings.Join(keyOf(t, conn, "t", test.without...), " "); got != test.want {
				t.Errorf("PostgreSQL %d, without %q: got %q, want %q", server.Major(), test.without, got, test.want)
			}
		}
		if _, err := memento.KeyOf(t.Context(), conn, "public", "nothing", nil); err == nil {
			t.Error("a table that is not there has a key")
		}
		if server.Major() >= 18 {
			execute(t, conn, `CREATE TABLE u (a int UNIQUE); ALTER TABLE u ADD CONSTRAINT later NOT NULL a NOT VALID`)
			if got := keyOf(t, conn, "u"); got != nil {
				t.Errorf("a column that may hold null is a key: %q", got)
			}
		}
	}
}

// The operator that compares keys is the index's, wherever its extension was made.
func TestKeysOfTypesOfExtensionsFindTheirRows(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `CREATE SCHEMA far; CREATE EXTENSION ltree SCHEMA far; CREATE EXTENSION citext SCHEMA far;
		CREATE TABLE t (path far.ltree, name far.citext, kind varchar(3) COLLATE "C", a text, PRIMARY KEY (path, name, kind));
		INSERT INTO t VALUES ('a.b', 'Anna', 'x', '1'), ('a.c', 'Anna', 'x', '2')`)
	of := table("t", "path", "name", "kind", "a")
	before, b := checksum(t, conn, of), backup(t, conn, of)
	execute(t, conn, `UPDATE t SET a = ''`)
	if _, err := restore(t, conn, of, []string{"a"}, keyOf(t, conn, "t"), b); err != nil {
		t.Fatal(err)
	}
	if after := checksum(t, conn, of); after != before {
		t.Errorf("got %+v, want %+v", after, before)
	}
}

func TestABackupStopsWhereItsWriterFails(t *testing.T) {
	d := testenv.Scratch(t, testenv.Postgres(t))
	execute(t, session(t, d), `CREATE TABLE t (a text); INSERT INTO t SELECT repeat('x', 1000) FROM generate_series(1, 10000)`)
	full := errors.New("the disk is full")
	for _, after := range []int{0, 10, 100_000} {
		if _, err := memento.Backup(t.Context(), session(t, d), table("t", "a"), &failing{after, full}); !errors.Is(err, full) {
			t.Errorf("after %d bytes: got %v", after, err)
		}
	}
}

// failing takes some bytes and then fails.
type failing struct {
	left int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, f.err
	}
	return len(p), nil
}

func TestALineLongerThanEveryBufferComesBack(t *testing.T) {
	conn := connect(t, testenv.Postgres(t))
	execute(t, conn, `CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t SELECT n, repeat(E'\\.\n' || n, 100000) FROM generate_series(1, 3) n; CREATE TABLE none ()`)
	of := table("t", "id", "a")
	before, b := checksum(t, conn, of), backup(t, conn, of)
	execute(t, conn, `UPDATE t SET a = ''`)
	if _, err := restore(t, conn, of, []string{"a"}, []string{"id"}, b); err != nil {
		t.Fatal(err)
	}
	if after := checksum(t, conn, of); after != before {
		t.Errorf("got %+v, want %+v", after, before)
	}
	execute(t, conn, `INSERT INTO none DEFAULT VALUES; INSERT INTO none DEFAULT VALUES`)
	if done, err := restore(t, conn, table("none"), nil, nil, backup(t, conn, table("none"))); err != nil || done.Inserted != 2 {
		t.Errorf("a table without columns: %+v, %v", done, err)
	}
}

// FuzzReadingABackup holds that whatever is read is exactly what was written, and that reading ends.
func FuzzReadingABackup(f *testing.F) {
	good, err := memento.WriteBackup([]string{"a"}, []byte("1\n\\N\n\n"), 3)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(bytes.Replace(good, []byte("3,"), []byte("4,"), 1))
	for n := range 4 {
		f.Add(good[:len(good)-1-n*20])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, n, err := memento.ReadBackup([]string{"a"}, iotest.HalfReader(bytes.NewReader(b)))
		if err != nil {
			if !errors.Is(err, memento.ErrDamaged) && !strings.Contains(err.Error(), "of the columns") {
				t.Errorf("got %v", err)
			}
			return
		}
		again, err := memento.WriteBackup([]string{"a"}, rows, n)
		// JSON has many ways to say the same; the rows have one.
		if err != nil || !bytes.Contains(b, rows) || !bytes.Contains(again, []byte(`{"rows":`+strconv.FormatInt(n, 10)+",")) {
			t.Errorf("%q was read as %q", b, rows)
		}
	})
}

var _ io.Writer = (*failing)(nil)
