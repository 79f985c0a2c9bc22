package memento_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/veilschema/veil/internal/memento"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 7_000_000, time.UTC)

func create(t testing.TB, state string) *memento.Journal {
	t.Helper()
	j, err := memento.Create(state, noon)
	must(t, err)
	return j
}

// whole is a run with something in every field.
func whole(id string, status memento.Status) memento.Run {
	of := memento.Table{Schema: "public", Name: `visit "of" <&>`, Columns: []memento.Column{{Name: "id"}, {Name: "at", As: "timestamp with time zone"}}}
	return memento.Run{
		ID: id, Status: status, Server: memento.Server{SystemID: "7300000000000000001", Database: "clinic", OID: 16384}, XID: "755",
		Schemas: []string{"public", "ünïcode"}, Plan: json.RawMessage(`{"digest":"ab","steps":[]}`),
		Undo:      []memento.Undo{{Step: "s1", Statements: []string{"ALTER TABLE a ADD b integer", "SELECT 1 < 2 AND 'x' = E'\\n\u2028'"}}, {Step: "s2"}},
		Tables:    []memento.TableState{{Table: of, Sum: memento.Sum{Rows: 3, Hash: "-12:7"}, Backup: "visit.rows", BackupTable: of, Restore: []string{"at"}, Key: []string{"id"}}},
		Structure: memento.Digest([]byte("before")), StructureAfter: memento.Digest([]byte("after")),
		SumsAfter: []memento.TableSum{{Table: of, Sum: memento.Sum{Rows: 4, Hash: "1:2"}}}, Started: noon, Ended: noon.Add(time.Second),
	}
}

func TestWhatIsSavedIsReadBack(t *testing.T) {
	state := filepath.Join(t.TempDir(), "deep", "state")
	j := create(t, state)
	if r := j.Run(); !reflect.DeepEqual(r, memento.Run{}) {
		t.Errorf("before the first save: got %+v", r)
	}
	if _, err := memento.Open(state, j.ID()); !errors.Is(err, memento.ErrNoRun) {
		t.Errorf("got %v, want ErrNoRun", err)
	}
	for _, status := range []memento.Status{memento.StatusPrepared, memento.StatusApplying, memento.StatusApplying, memento.StatusCompleted, memento.StatusRollingBack, memento.StatusRolledBack} {
		want := whole(j.ID(), status)
		must(t, j.Save(want))
		again, err := memento.Open(state, j.ID())
		must(t, err)
		if got := again.Run(); !reflect.DeepEqual(got, want) || !reflect.DeepEqual(j.Run(), want) {
			t.Errorf("%s: got %+v, want %+v", status, got, want)
		}
		j = again
	}
}

func TestRunsAreListedByTime(t *testing.T) {
	state := t.TempDir()
	if runs, err := memento.List(state); err != nil || len(runs) != 0 {
		t.Errorf("got %v, %v", runs, err)
	}
	var want []string
	for i := range 30 {
		j, err := memento.Create(state, noon.Add(time.Duration(i)*7*time.Millisecond))
		must(t, err)
		must(t, j.Save(memento.Run{Status: memento.StatusPrepared}))
		want = append(want, j.ID())
	}
	create(t, state) // nothing was recorded of it
	must(t, os.WriteFile(filepath.Join(state, "provision", "notes.txt"), nil, 0o600))
	bad := create(t, state)
	must(t, bad.Save(memento.Run{Status: memento.StatusPrepared}))
	must(t, os.WriteFile(filepath.Join(bad.Dir(), "run.json"), []byte("{"), 0o600))
	runs, err := memento.List(state)
	var got []string
	for _, r := range runs {
		got = append(got, r.ID)
	}
	if !errors.Is(err, memento.ErrDamaged) || !strings.Contains(err.Error(), bad.ID()) || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestEverythingIsForItsOwnerAlone(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077} {
		state := filepath.Join(t.TempDir(), "state")
		before := syscall.Umask(umask)
		j := create(t, state)
		syscall.Umask(umask | 0o777) // files are their owner's even then
		must(t, errors.Join(j.Save(memento.Run{Status: memento.StatusPrepared}), j.WriteFile("rows", []byte("x"))))
		syscall.Umask(umask)
		lock, err := memento.LockDatabase(state, memento.Server{Database: "d"})
		syscall.Umask(before)
		must(t, err)
		must(t, lock.Release())
		must(t, filepath.WalkDir(state, func(path string, entry os.DirEntry, err error) error {
			must(t, err)
			info, err := entry.Info()
			must(t, err)
			want := os.FileMode(0o600)
			if info.IsDir() {
				want = 0o700
			}
			if info.Mode().Perm() != want {
				t.Errorf("umask %04o: %s has mode %04o, want %04o", umask, path, info.Mode().Perm(), want)
			}
			return nil
		}))
	}
}

func TestAFileThatIsThereIsNeverOverwritten(t *testing.T) {
	j := create(t, t.TempDir())
	must(t, j.WriteFile("rows", []byte("old")))
	if err := j.WriteFile("rows", []byte("new")); !errors.Is(err, memento.ErrExists) {
		t.Errorf("got %v, want ErrExists", err)
	}
	late, err := j.CreateFile("late") // another comes between
	must(t, err)
	must(t, j.WriteFile("late", []byte("first")))
	if err := late.Commit(); !errors.Is(err, memento.ErrExists) {
		t.Errorf("got %v, want ErrExists", err)
	}
	for name, want := range map[string]string{"rows": "old", "late": "first"} {
		if b, err := j.ReadFile(name); err != nil || string(b) != want {
			t.Errorf("%s: got %q, %v, want %q", name, b, err, want)
		}
	}
	holds(t, j.Dir(), "late", "rows")
}

// holds fails the test unless the folder has exactly these names.
func holds(t testing.TB, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, names) {
		t.Errorf("the folder holds %q, want %q", got, names)
	}
}

func TestAFileWithoutCommitLeavesNothing(t *testing.T) {
	j := create(t, t.TempDir())
	f, err := j.CreateFile("rows")
	must(t, err)
	_, err = io.WriteString(f, strings.Repeat("x", 1<<20))
	must(t, errors.Join(err, f.Close(), f.Close()))
	if err := f.Commit(); err == nil {
		t.Error("a file that was thrown away was committed")
	}
	holds(t, j.Dir())
	if _, err := j.OpenFile("rows"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestNamesThatLeadElsewhereAreRefused(t *testing.T) {
	j := create(t, t.TempDir())
	for _, name := range []string{"", ".", "..", "../x", "a/b", ".hidden", "run.json", "a b", "-rf", "ü", strings.Repeat("a", 129), "a\x00"} {
		if err := j.WriteFile(name, nil); err == nil {
			t.Errorf("%q was written", name)
		}
		if _, err := j.OpenFile(name); err == nil {
			t.Errorf("%q was opened", name)
		}
	}
	for _, id := range []string{"", "..", "../" + j.ID(), j.ID() + "/../" + j.ID(), "x"} {
		if _, err := memento.Open(filepath.Dir(filepath.Dir(j.Dir())), id); !errors.Is(err, memento.ErrNoRun) {
			t.Errorf("%q: got %v, want ErrNoRun", id, err)
		}
	}
}

func TestARunGoesThroughItsStatesInOrder(t *testing.T) {
	all := []memento.Status{"", memento.StatusPrepared, memento.StatusApplying, memento.StatusCompleted, memento.StatusCompensated, memento.StatusRollingBack, memento.StatusRolledBack}
	may := map[string]bool{
		" prepared": true, "prepared prepared": true, "prepared applying": true, "prepared compensated": true,
		"applying applying": true, "applying completed": true, "applying compensated": true,
		"completed rolling_back": true, "rolling_back rolling_back": true, "rolling_back rolled_back": true, "rolling_back completed": true,
	}
	way := map[memento.Status][]memento.Status{
		"": nil, memento.StatusPrepared: all[1:2], memento.StatusApplying: all[1:3], memento.StatusCompleted: all[1:4],
		memento.StatusCompensated: {all[1], all[4]}, memento.StatusRollingBack: {all[1], all[2], all[3], all[5]}, memento.StatusRolledBack: {all[1], all[2], all[3], all[5], all[6]},
	}
	for _, from := range all {
		for _, to := range append(all, "odd") {
			j := create(t, t.TempDir())
			for _, s := range way[from] {
				must(t, j.Save(memento.Run{Status: s, XID: "7"}))
			}
			err := j.Save(memento.Run{Status: to, XID: "7"})
			if want := may[string(from)+" "+string(to)]; want != (err == nil) {
				t.Errorf("from %q to %q: got %v, want it possible: %v", from, to, err, want)
			}
			if j.Run().Status != to && err == nil {
				t.Errorf("got %q, want %q", j.Run().Status, to)
			}
		}
	}
}

func TestARunThatNobodyCouldJudgeIsNotRecorded(t *testing.T) {
	j := create(t, t.TempDir())
	must(t, j.Save(memento.Run{Status: memento.StatusPrepared}))
	other := create(t, t.TempDir())
	for what, r := range map[string]memento.Run{
		"applying without a transaction": {Status: memento.StatusApplying},
		"a transaction that is none":     {Status: memento.StatusApplying, XID: "7; DROP"},
		"another run":                    {Status: memento.StatusApplying, XID: "7", ID: other.ID()},
	} {
		if err := j.Save(r); err == nil {
			t.Errorf("%s was recorded", what)
		}
	}
	if r := j.Run(); r.Status != memento.StatusPrepared {
		t.Errorf("got %+v", r)
	}
}

func TestARunThatOthersMayHaveChangedIsNotRead(t *testing.T) {
	state := t.TempDir()
	j := create(t, state)
	must(t, j.Save(memento.Run{Status: memento.StatusPrepared}))
	path := filepath.Join(j.Dir(), "run.json")
	must(t, os.Chmod(path, 0o640))
	if _, err := memento.Open(state, j.ID()); !errors.Is(err, memento.ErrUnsafe) {
		t.Errorf("mode 0640: got %v", err)
	}
	must(t, errors.Join(os.Chmod(path, 0o600), os.Rename(path, path+".real"), os.Symlink(path+".real", path)))
	if _, err := memento.Open(state, j.ID()); !errors.Is(err, memento.ErrUnsafe) {
		t.Errorf("a link: got %v", err)
	}
	must(t, errors.Join(os.Remove(path), unix.Mkfifo(path, 0o600)))
	if _, err := memento.Open(state, j.ID()); !errors.Is(err, memento.ErrUnsafe) {
		t.Errorf("a pipe: got %v", err)
	}
}

func TestAJournalCutOffInTheMiddleOfAWriteIsTheOneBefore(t *testing.T) {
	state := t.TempDir()
	j := create(t, state)
	must(t, j.Save(whole(j.ID(), memento.StatusPrepared)))
	next, err := memento.EncodeRun(whole(j.ID(), memento.StatusApplying))
	must(t, err)
	for n := 0; n <= len(next); n += 97 { // what a killed process leaves: the new file in part, under its first name
		must(t, os.WriteFile(filepath.Join(j.Dir(), ".run.json.XYZ"), next[:n], 0o600))
		again, err := memento.Open(state, j.ID())
		if err != nil || again.Run().Status != memento.StatusPrepared {
			t.Fatalf("%d bytes: got %+v, %v", n, again, err)
		}
	}
	must(t, j.Save(whole(j.ID(), memento.StatusApplying)))
	whole, err := os.ReadFile(filepath.Join(j.Dir(), "run.json"))
	must(t, err)
	for n := range whole { // a file system that loses what it promised: it shows
		if _, err := memento.DecodeRun(whole[:n]); !errors.Is(err, memento.ErrDamaged) {
			t.Fatalf("%d bytes: got %v, want ErrDamaged", n, err)
		}
	}
	for i := range whole { // any bit
		b := bytes.Clone(whole)
		b[i] ^= 1
		if _, err := memento.DecodeRun(b); err == nil {
			t.Fatalf("a changed byte at %d (%q) did not show", i, whole[i])
		}
	}
}

func TestTheStructureBeforeIsTheOneThatTheRunNames(t *testing.T) {
	state := t.TempDir()
	j := create(t, state)
	must(t, j.WriteFile(memento.StructureFile, []byte("table a\n")))
	must(t, j.Save(memento.Run{Status: memento.StatusPrepared, Structure: memento.Digest([]byte("table a\n"))}))
	if b, err := j.StructureBefore(); err != nil || string(b) != "table a\n" {
		t.Errorf("got %q, %v", b, err)
	}
	must(t, os.WriteFile(filepath.Join(j.Dir(), memento.StructureFile), []byte("table b\n"), 0o600))
	if _, err := j.StructureBefore(); !errors.Is(err, memento.ErrDamaged) {
		t.Errorf("got %v, want ErrDamaged", err)
	}
}

func TestOneProcessChangesADatabaseAtATime(t *testing.T) {
	state := t.TempDir()
	a, b := memento.Server{SystemID: "1", Database: "a", OID: 5}, memento.Server{SystemID: "1", Database: "b", OID: 6}
	first, err := memento.LockDatabase(state, a)
	must(t, err)
	if _, err := memento.LockDatabase(state, a); !errors.Is(err, memento.ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
	other, err := memento.LockDatabase(state, b)
	must(t, err)
	must(t, errors.Join(first.Release(), other.Release()))
	var (
		wg   sync.WaitGroup
		held = make(chan *memento.Lock, 20)
	)
	for range 20 {
		wg.Go(func() {
			if l, err := memento.LockDatabase(state, a); err == nil {
				held <- l
			}
		})
	}
	wg.Wait()
	if len(held) != 1 {
		t.Errorf("%d hold the lock at once", len(held))
	}
	must(t, (<-held).Release())
}

// FuzzReadingARun holds that whatever is read as a run is written as the same run.
func FuzzReadingARun(f *testing.F) {
	const id = "20260102t120000007z-abcdefghij"
	for _, r := range []memento.Run{whole(id, memento.StatusApplying), {ID: id, Status: memento.StatusPrepared}} {
		b, err := memento.EncodeRun(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add([]byte(`{"version":2,"sha256":"","run":{}}`))
	f.Add([]byte(`{"version":1,"sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","run":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := memento.DecodeRun(b)
		if err != nil {
			return
		}
		first, err := memento.EncodeRun(r)
		must(t, err)
		again, err := memento.DecodeRun(first)
		must(t, err)
		second, err := memento.EncodeRun(again)
		must(t, err)
		if !bytes.Equal(first, second) {
			t.Errorf("%q was written as %q and then as %q", b, first, second)
		}
	})
}
