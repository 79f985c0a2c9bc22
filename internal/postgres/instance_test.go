package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/veilschema/veil/internal/postgres"
)

// instanceDir is where a test's instance will be. It is not there yet.
func instanceDir(t *testing.T) string {
	t.Helper()
	if _, err := postgres.Find(""); errors.Is(err, postgres.ErrNoBinaries) {
		t.Skip(err)
	}
	return filepath.Join(openDir(t), "db")
}

// template is a closed instance that tests copy: initdb takes most of the time that making one does.
var template struct {
	sync.Once
	dir string
	err error
}

func makeTemplate() {
	if template.dir, template.err = os.MkdirTemp("", "veil-test-"); template.err != nil {
		return
	}
	if template.err = os.Chmod(template.dir, 0o755); template.err != nil {
		return
	}
	i, err := postgres.OpenInstance(context.Background(), postgres.InstanceOptions{Dir: filepath.Join(template.dir, "db"), NoSync: true})
	if err == nil {
		err = i.Close()
	}
	template.err = err
}

// usedDir is the folder of an instance that was opened before.
func usedDir(t *testing.T) string {
	t.Helper()
	dir := instanceDir(t)
	template.Do(makeTemplate)
	if template.err != nil {
		t.Fatal(template.err)
	}
	if out, err := exec.Command("cp", "-a", filepath.Join(template.dir, "db"), dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

// openInstance opens an instance that the test's end closes.
func openInstance(t *testing.T, o postgres.InstanceOptions) *postgres.Instance {
	t.Helper()
	i, err := postgres.OpenInstance(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close() })
	return i
}

func closeInstance(t *testing.T, i *postgres.Instance) {
	t.Helper()
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
}

// refused opens an instance that must not open, and compares the reason.
func refused(t *testing.T, o postgres.InstanceOptions, want ...string) {
	t.Helper()
	i, err := postgres.OpenInstance(t.Context(), o)
	if err == nil {
		_ = i.Close()
		t.Fatalf("it opened, want an error about %q", want)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("got %q, want something about %q", err, w)
		}
	}
}

func dial(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.WithoutCancel(t.Context())) })
	return c
}

func run(t *testing.T, c *pgx.Conn, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := c.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

func count(t *testing.T, c *pgx.Conn, sql string) (n int) {
	t.Helper()
	if err := c.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func TestAnInstanceKeepsItsDataAndItsPasswords(t *testing.T) {
	dir := instanceDir(t)
	i := openInstance(t, postgres.InstanceOptions{Dir: dir})
	run(t, dial(t, i.OwnerDSN()), "CREATE TABLE kept (n int)", "GRANT SELECT, INSERT ON kept TO veil_app")
	run(t, dial(t, i.AppDSN()), "INSERT INTO kept SELECT generate_series(1, 1000)")
	closeInstance(t, i)
	if err := i.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
	if pids := postmasters(t, dir); len(pids) != 0 {
		t.Errorf("processes %v are left", pids)
	}
	select {
	case <-i.Done():
	default:
		t.Error("Done is open after Close")
	}
	again := openInstance(t, postgres.InstanceOptions{Dir: dir})
	if again.OwnerDSN() != i.OwnerDSN() || again.AppDSN() != i.AppDSN() {
		t.Error("the DSNs changed")
	}
	if n := count(t, dial(t, again.AppDSN()), "SELECT count(*) FROM kept"); n != 1000 {
		t.Errorf("got %d rows, want 1000", n)
	}
	if n := count(t, dial(t, again.AdminDSN()), "SELECT count(*) FROM kept"); n != 1000 {
		t.Errorf("the superuser got %d rows, want 1000", n)
	}
}

func TestTheRolesOfAnInstanceHaveTheRightsTheyShould(t *testing.T) {
	i := openInstance(t, postgres.InstanceOptions{Dir: usedDir(t), NoSync: true})
	owner, app := dial(t, i.OwnerDSN()), dial(t, i.AppDSN())
	for _, c := range []*pgx.Conn{owner, app} {
		if n := count(t, c, `SELECT count(*) FROM pg_roles WHERE rolname = current_user AND rolcanlogin
			AND NOT (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)`); n != 1 {
			t.Error("a role may do too much or too little")
		}
	}
	if n := count(t, owner, "SELECT count(*) FROM pg_database WHERE datname = current_database() AND datdba = current_user::regrole AND datname = 'veil'"); n != 1 {
		t.Error("the owner does not own the database veil")
	}
	if n := count(t, app, "SELECT count(*) FROM pg_shdepend WHERE refobjid = current_user::regrole AND deptype = 'o'") +
		count(t, app, "SELECT count(*) FROM pg_auth_members WHERE member = current_user::regrole"); n != 0 {
		t.Errorf("the application role owns or is a member of %d things", n)
	}
	for _, sql := range []string{
		"CREATE TABLE t (n int)", "CREATE TEMP TABLE t (n int)", "CREATE SCHEMA s", "SET log_statement = 'all'",
		"SET log_min_messages = 'debug5'", "ALTER SYSTEM SET fsync = off", "COPY (SELECT 1) TO PROGRAM 'true'",
	} {
		if _, err := app.Exec(t.Context(), sql); err == nil {
			t.Errorf("the application role may %s", sql)
		}
	}
	for setting, want := range map[string]string{"listen_addresses": "", "shared_buffers": "128MB", "data_checksums": "on", "wal_compression": "pglz"} {
		var got string
		if err := owner.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", setting, got, err, want)
		}
	}
	for from, to := range map[string]string{"dbname=veil": "dbname=postgres", "password=": "password=X"} {
		if c, err := pgx.Connect(t.Context(), strings.Replace(i.AppDSN(), from, to, 1)); err == nil {
			c.Close(t.Context())
			t.Errorf("the application role got in with %s", to)
		}
	}
}

func TestAnInstanceIsDurableUnlessAskedOtherwise(t *testing.T) {
	dir := usedDir(t)
	for _, noSync := range []bool{true, false} {
		i := openInstance(t, postgres.InstanceOptions{Dir: dir, NoSync: noSync})
		want := "on"
		if noSync {
			want = "off"
		}
		for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
			var got string
			if err := dial(t, i.OwnerDSN()).QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
				t.Errorf("%s: got %q, %v, want %q", setting, got, err, want)
			}
		}
		closeInstance(t, i)
	}
}

func TestTheFolderOfAnInstanceIsClosedToOthers(t *testing.T) {
	dir := usedDir(t)
	openInstance(t, postgres.InstanceOptions{Dir: dir, NoSync: true})
	top := fs.FileMode(0o700)
	if os.Geteuid() == 0 {
		top = 0o710 // for the server's user to pass through
	}
	for name, want := range map[string]fs.FileMode{".": top, "data": 0o700, "run": 0o700, "passwords.json": 0o600, "server.log": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", name, got, want)
		}
	}
}

func TestASecondOpenerIsToldWhoHasTheInstance(t *testing.T) {
	dir := usedDir(t)
	i := openInstance(t, postgres.InstanceOptions{Dir: dir, NoSync: true})
	refused(t, postgres.InstanceOptions{Dir: dir}, dir, fmt.Sprintf("in use by process %d", os.Getpid()), "stop that one first")
	dial(t, i.AppDSN()) // the first is unharmed
	closeInstance(t, i)
	closeInstance(t, openInstance(t, postgres.InstanceOptions{Dir: dir, NoSync: true}))
}

func TestPathsThatNoSocketCanHaveAreGoodForAnInstance(t *testing.T) {
	for name, last := range map[string]string{
		"long":                         strings.Repeat("long/", 40) + "db",
		"with spaces, commas, 'quotes": "a b, 'c' \"d\" \\ e",
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(instanceDir(t), last)
			var socket string
			for range 2 {
				i := openInstance(t, postgres.InstanceOptions{Dir: dir, NoSync: true})
				dial(t, i.OwnerDSN())
				var err error
				if socket, err = os.Readlink(filepath.Join(dir, "run")); err != nil {
					t.Fatal(err)
				}
				closeInstance(t, i)
			}
			if _, err := os.Lstat(socket); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the socket's folder %s is left: %v", socket, err)
			}
		})
	}
}

// What people store must not reach the log: not as a literal, not as a parameter, not in an
// error, and not when the server reports what a process that died was doing.
func TestTheServerLogHoldsNothingOfWhatWasStored(t *testing.T) {
	dir := usedDir(t)
	i := openInstance(t, postgres.InstanceOptions{Dir: dir, NoSync: true})
	owner := dial(t, i.OwnerDSN())
	run(t, owner, "CREATE TABLE secret_t (v text PRIMARY KEY)", "INSERT INTO secret_t VALUES ('secret_a')")
	for _, sql := range []string{
		"INSERT INTO secret_t VALUES ('secret_a')", "SELECT 'secret_b'::uuid", "SELECT secret_c", "SELECT 'secret_d' FROM",
		"DO $$ BEGIN RAISE WARNING 'secret_e'; RAISE EXCEPTION 'secret_f'; END $$",
	} {
		if _, err := owner.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s: no error", sql)
		}
	}
	if _, err := owner.Exec(t.Context(), "INSERT INTO secret_t VALUES ($1)", "secret_a"); err == nil {
		t.Error("a key twice")
	}
	victim := dial(t, i.OwnerDSN())
	if _, err := dial(t, i.AdminDSN()).Exec(t.Context(), "SELECT 'secret_g', pg_sleep(0)"); err != nil {
		t.Error(err)
	}
	killBackend(t, victim, "SELECT pg_sleep(60), 'secret_h'")
	eventually(t, "the server takes connections after it lost a process", func() bool {
		c, err := pgx.Connect(t.Context(), i.OwnerDSN())
		if err == nil {
			c.Close(t.Context())
		}
		return err == nil
	})
	closeInstance(t, i)
	log, err := os.ReadFile(filepath.Join(dir, "server.log"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(log, []byte("was terminated by signal 9")) {
		t.Errorf("the log does not say that a process died:\n%s", log)
	}
	if at := bytes.Index(log, []byte("secret_")); at >= 0 {
		t.Errorf("the log holds %q", log[at:min(at+9, len(log))])
	}
}

func TestTheServerLogIsKeptSmall(t *testing.T) {
	dir := usedDir(t)
	log := filepath.Join(dir, "server.log")
	if err := os.WriteFile(log, append(bytes.Repeat([]byte("old\n"), 2<<20), "last\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	closeInstance(t, openInstance(t, postgres.InstanceOptions{Dir: dir, NoSync: true}))
	if now, err := os.ReadFile(log); err != nil || len(now) > 1<<20 || bytes.Contains(now, []byte("old\n")) {
		t.Errorf("the log has %d bytes, %v", len(now), err)
	}
	if before, err := os.ReadFile(log + ".1"); err != nil || len(before) != 4<<20 || !bytes.HasSuffix(before, []byte("old\nlast\n")) {
		t.Errorf("the part before has %d bytes, %v", len(before), err)
	}
}

func TestAnInitdbThatDidNotFinishIsDoneAgain(t *testing.T) {
	dir := instanceDir(t)
	for _, after := range []time.Duration{0, 100 * time.Millisecond, 400 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		i, err := postgres.OpenInstance(ctx, postgres.InstanceOptions{Dir: dir, NoSync: true})
		cancel()
		if err == nil { // a fast machine
			closeInstance(t, i)
		}
		if pids := postmasters(t, dir); len(pids) != 0 {
			t.Errorf("after %s: processes %v are left", after, pids)
		}
	}
	half := filepath.Join(dir, "data.new")
	if err := os.MkdirAll(filepath.Join(half, "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	dial(t, openInstance(t, postgres.InstanceOptions{Dir: dir, NoSync: true}).AppDSN())
	if _, err := os.Stat(half); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is still there: %v", half, err)
	}
}

func TestWhatCannotBeOpenedIsExplained(t *testing.T) {
	dir := usedDir(t)
	passwords, version := filepath.Join(dir, "passwords.json"), filepath.Join(dir, "data", "PG_VERSION")
	read := func(path string) []byte {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	write := func(path string, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good, major := read(passwords), read(version)
	info, err := os.Stat(filepath.Dir(version))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		text string // "" removes the file
		want []string
	}{
		"data of another version":    {version, "14\n", []string{"made by PostgreSQL 14", "dump the database with version 14"}},
		"no version":                 {version, "", []string{"no complete PostgreSQL cluster", "backup"}},
		"a version that is none":     {version, "x\n", []string{"no complete PostgreSQL cluster", "backup"}},
		"no passwords":               {passwords, "", []string{"passwords.json", "is missing", "backup"}},
		"passwords that are no JSON": {passwords, "hunter2", []string{"passwords.json", "damaged", "backup"}},
		"passwords that quote":       {passwords, `{"admin":"` + strings.Repeat("'", 26) + `","owner":"","app":""}`, []string{"damaged"}},
		"passwords of another":       {passwords, string(bytes.ReplaceAll(good, []byte(`":"`), []byte(`":"Z`))), []string{"not those of the data"}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.text == "" {
				if err := os.Remove(c.path); err != nil {
					t.Fatal(err)
				}
			} else {
				write(c.path, []byte(c.text))
			}
			refused(t, postgres.InstanceOptions{Dir: dir}, append(c.want, dir)...)
			write(passwords, good)
			write(version, major)
			giveTo(t, version, info) // it may have been made anew, by root
		})
	}
	closeInstance(t, openInstance(t, postgres.InstanceOptions{Dir: dir, NoSync: true}))
}

func TestAFolderThatCannotHoldAnInstanceIsExplained(t *testing.T) {
	instanceDir(t) // skips where there is no PostgreSQL
	full, file := openDir(t), filepath.Join(openDir(t), "file")
	for _, path := range []string{filepath.Join(full, "thesis.txt"), file} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, postgres.InstanceOptions{}, "no folder", "configure one")
	refused(t, postgres.InstanceOptions{Dir: full}, full, "other files in it (thesis.txt)", "choose")
	refused(t, postgres.InstanceOptions{Dir: file}, file, "it is no folder")
	refused(t, postgres.InstanceOptions{Dir: filepath.Join(file, "db")}, file, "not a directory")
	if os.Geteuid() != 0 {
		return
	}
	closed := filepath.Join(t.TempDir(), "db") // below a folder of root's with mode 0700
	refused(t, postgres.InstanceOptions{Dir: closed}, "may not enter", "/var/lib/veil")
	if _, err := os.Stat(closed); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s was made: %v", closed, err)
	}
	refused(t, postgres.InstanceOptions{Dir: filepath.Join(openDir(t), "db"), User: "no-such-user"}, "useradd")
	others := openDir(t)
	if err := os.Chown(others, 65534, -1); err != nil {
		t.Fatal(err)
	}
	refused(t, postgres.InstanceOptions{Dir: others}, "belongs to the user", "run it as that user")
}

func TestRootKeepsToTheUserThatOwnsTheData(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root changes users")
	}
	dir := instanceDir(t)
	closeInstance(t, openInstance(t, postgres.InstanceOptions{Dir: dir, User: "nobody", NoSync: true}))
	closeInstance(t, openInstance(t, postgres.InstanceOptions{Dir: dir, NoSync: true}))
	if _, err := user.Lookup("postgres"); err == nil {
		refused(t, postgres.InstanceOptions{Dir: dir, User: "postgres"}, "belong to the user nobody", "chown -R postgres")
	}
}

// lostConnection says whether the error is what a dying or starting server causes.
func lostConnection(err error) bool {
	var pg *pgconn.PgError
	return !errors.As(err, &pg) || strings.HasPrefix(pg.Code, "57P")
}
