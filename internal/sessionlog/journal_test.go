package sessionlog_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/veilschema/veil/internal/sessionlog"
)

var comparison = [32]byte{7, 8, 9}

func journalPath(dir string) string {
	return filepath.Join(dir, hex.EncodeToString(comparison[:])+".journal")
}

// keptJournal is a journal with records of many sizes, closed.
func keptJournal(t *testing.T) (dir string, records [][]byte) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "new")
	j := sessionlog.NewJournal(dir)
	for n := 1; n < 5000; n *= 7 {
		r := bytes.Repeat([]byte{byte(n)}, n)
		records = append(records, r)
		if err := j.Append(comparison, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, records
}

func same(a, b [][]byte) bool {
	return bytes.Equal(bytes.Join(a, []byte("|")), bytes.Join(b, []byte("|")))
}

func read(t *testing.T, dir string) ([][]byte, error) {
	t.Helper()
	j := sessionlog.NewJournal(dir)
	records, err := j.Records(comparison)
	if closeErr := j.Close(); closeErr != nil {
		t.Fatal(closeErr)
	}
	return records, err
}

func TestAnotherProcessReadsWhatWasKeptAndGoesOn(t *testing.T) {
	dir, records := keptJournal(t)
	j := sessionlog.NewJournal(dir)
	got, err := j.Records(comparison)
	if err != nil || !same(got, records) {
		t.Fatalf("got %d records and %v", len(got), err)
	}
	if err := j.Append(comparison, []byte("one more")); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err = read(t, dir); err != nil || !same(got, append(records, []byte("one more"))) {
		t.Fatalf("got %d records and %v", len(got), err)
	}
	info, err := os.Stat(journalPath(dir))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v; want a file that only its owner reads", info.Mode(), err)
	}
}

func TestAJournalIsNotBegunTwice(t *testing.T) {
	dir, _ := keptJournal(t)
	j := sessionlog.NewJournal(dir)
	if err := j.Append(comparison, []byte("again")); !errors.Is(err, sessionlog.ErrJournalExists) {
		t.Errorf("got %v, want ErrJournalExists", err)
	}
	if _, err := j.Records([32]byte{1}); !errors.Is(err, sessionlog.ErrNoJournal) {
		t.Errorf("got %v, want ErrNoJournal", err)
	}
}

// A crash leaves a file that is cut off anywhere. Whole records before the cut are there, and nothing else is.
func TestACrashLosesTheUnfinishedRecordAlone(t *testing.T) {
	dir, records := keptJournal(t)
	whole, err := os.ReadFile(journalPath(dir))
	if err != nil {
		t.Fatal(err)
	}
	for cut := range whole {
		if err := os.WriteFile(journalPath(dir), whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		n, size := 0, 0
		for n < len(records) && size+4+len(records[n])+32 <= cut {
			size += 4 + len(records[n]) + 32
			n++
		}
		got, err := read(t, dir)
		if err != nil || !same(got, records[:n]) {
			t.Fatalf("cut at %d: got %d records and %v, want %d", cut, len(got), err, n)
		}
		if info, err := os.Stat(journalPath(dir)); err != nil || info.Size() != int64(size) {
			t.Fatalf("cut at %d: %d bytes are left, want %d", cut, info.Size(), size)
		}
	}
}

func TestAChangeAnywhereButInTheLastRecordIsFound(t *testing.T) {
	dir, records := keptJournal(t)
	whole, err := os.ReadFile(journalPath(dir))
	if err != nil {
		t.Fatal(err)
	}
	last := len(whole) - 4 - len(records[len(records)-1]) - 32
	for at := 0; at < len(whole); at += 1 + at/50 {
		changed := bytes.Clone(whole)
		changed[at] ^= 0x01
		if err := os.WriteFile(journalPath(dir), changed, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := read(t, dir)
		switch {
		case at < last && err == nil && same(got, records):
			t.Fatalf("a change at %d is not seen", at)
		case at >= last && err == nil && !same(got, records[:len(records)-1]):
			t.Fatalf("a change at %d gives %d records", at, len(got))
		case err != nil && !errors.Is(err, sessionlog.ErrDamagedJournal):
			t.Fatalf("a change at %d: %v", at, err)
		}
	}
}

func TestARecordOfAnotherComparisonIsNoRecord(t *testing.T) {
	dir, _ := keptJournal(t)
	other := [32]byte{1}
	if err := os.Rename(journalPath(dir), filepath.Join(dir, hex.EncodeToString(other[:])+".journal")); err != nil {
		t.Fatal(err)
	}
	if _, err := sessionlog.NewJournal(dir).Records(other); !errors.Is(err, sessionlog.ErrDamagedJournal) {
		t.Errorf("got %v, want ErrDamagedJournal", err)
	}
}

func TestJournalsAreListedAndForgotten(t *testing.T) {
	dir, _ := keptJournal(t)
	j := sessionlog.NewJournal(dir)
	list, err := j.Comparisons()
	if err != nil || len(list) != 1 || list[0] != comparison {
		t.Fatalf("got %x, %v", list, err)
	}
	for range 2 {
		if err := j.Forget(comparison); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := j.Comparisons(); err != nil || len(list) != 0 {
		t.Errorf("got %x, %v", list, err)
	}
	if list, err := sessionlog.NewJournal(filepath.Join(dir, "none")).Comparisons(); err != nil || list != nil {
		t.Errorf("without a directory: got %x, %v", list, err)
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 0, 1, 'x'})
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(journalPath(dir), data, 0o600); err != nil {
			t.Fatal(err)
		}
		first, err := read(t, dir)
		if err != nil {
			return
		}
		if again, err := read(t, dir); err != nil || !same(first, again) {
			t.Errorf("read once it has %d records, and read again %d, %v", len(first), len(again), err)
		}
	})
}
