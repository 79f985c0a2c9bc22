package sessionlog_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/veilschema/veil/internal/sessionlog"
)

func open(t testing.TB, path string) *sessionlog.Log {
	t.Helper()
	l, err := sessionlog.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() }) //nolint:errcheck // closed twice by some
	return l
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// hash returns a session hash or digest that is easy to tell from others.
func hash(n uint32) [32]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint32(nil, n))
}

func TestASessionIsBegunOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "veil", "sessions.log")
	l := open(t, path)
	must(t, l.MarkSession(hash(1)))
	must(t, l.MarkSession(hash(2)))
	if err := l.MarkSession(hash(1)); !errors.Is(err, sessionlog.ErrSessionUsed) {
		t.Errorf("got %v, want ErrSessionUsed", err)
	}
	must(t, l.Close())
	l = open(t, path)
	for n := range uint32(3) {
		if err := l.MarkSession(hash(n)); errors.Is(err, sessionlog.ErrSessionUsed) != (n > 0) {
			t.Errorf("session %d, in the next process: got %v", n, err)
		}
	}
}

func TestASessionGetsOneResponse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.log")
	l := open(t, path)
	if err := l.RecordResponse(hash(1), hash(10)); !errors.Is(err, sessionlog.ErrUnknownSession) {
		t.Errorf("got %v, want ErrUnknownSession", err)
	}
	must(t, l.MarkSession(hash(1)))
	if _, begun, answered := l.Response(hash(1)); !begun || answered {
		t.Errorf("got begun %v, answered %v, want begun alone", begun, answered)
	}
	for range 2 { // in this process and in the next
		must(t, l.RecordResponse(hash(1), hash(10)))
		must(t, l.RecordResponse(hash(1), hash(10)))
		for _, other := range [][32]byte{hash(11), {}} {
			if err := l.RecordResponse(hash(1), other); !errors.Is(err, sessionlog.ErrOtherResponse) {
				t.Errorf("got %v, want ErrOtherResponse", err)
			}
		}
		if err := l.MarkSession(hash(1)); !errors.Is(err, sessionlog.ErrSessionUsed) {
			t.Errorf("got %v, want ErrSessionUsed", err)
		}
		if d, begun, answered := l.Response(hash(1)); d != hash(10) || !begun || !answered {
			t.Errorf("got %x, %v, %v, want the digest on record", d, begun, answered)
		}
		must(t, l.Close())
		l = open(t, path)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 2*sessionlog.RecordSize {
		t.Errorf("got %d bytes, want two records: what is on record is not written again", info.Size())
	}
}

func TestAResponseWhoseDigestIsZeroIsAResponse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.log")
	l := open(t, path)
	must(t, l.MarkSession(hash(1)))
	must(t, l.RecordResponse(hash(1), [32]byte{}))
	must(t, l.Close())
	if err := open(t, path).RecordResponse(hash(1), hash(1)); !errors.Is(err, sessionlog.ErrOtherResponse) {
		t.Errorf("got %v, want ErrOtherResponse", err)
	}
}

func TestOneProcessHoldsTheLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.log")
	l := open(t, path)
	if _, err := sessionlog.Open(path); !errors.Is(err, sessionlog.ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
	must(t, l.Close())
	must(t, l.Close())
	open(t, path)
	if err := l.MarkSession(hash(1)); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func TestOfManyGoroutinesOneBeginsASession(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "sessions.log"))
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wg.Go(func() { errs[i] = l.MarkSession(hash(1)) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, sessionlog.ErrSessionUsed) {
			t.Errorf("got %v, want ErrSessionUsed", err)
		}
	}
	if won != 1 {
		t.Errorf("%d goroutines began the session, want 1", won)
	}
}

// written returns the bytes of a log with n sessions, each answered.
func written(t testing.TB, n uint32) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sessions.log")
	l := open(t, path)
	for i := range n {
		must(t, l.MarkSession(hash(i)))
		must(t, l.RecordResponse(hash(i), hash(i+1000)))
	}
	must(t, l.Close())
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

func TestALogCutAtAnyByteKeepsItsWholeRecordsAndGoesOn(t *testing.T) {
	full := written(t, 3)
	path := filepath.Join(t.TempDir(), "sessions.log")
	for size := range len(full) + 1 {
		must(t, os.WriteFile(path, full[:size], 0o600))
		l := open(t, path)
		whole, torn := size/sessionlog.RecordSize, size%sessionlog.RecordSize
		if l.Dropped() != torn {
			t.Errorf("%d bytes: %d were dropped, want %d", size, l.Dropped(), torn)
		}
		for i := range uint32(3) {
			_, begun, answered := l.Response(hash(i))
			if begun != (whole > int(2*i)) || answered != (whole > int(2*i+1)) {
				t.Errorf("%d bytes, session %d: got begun %v, answered %v with %d whole records", size, i, begun, answered, whole)
			}
		}
		must(t, l.MarkSession(hash(77)))
		must(t, l.Close())
		l = open(t, path)
		if _, begun, _ := l.Response(hash(77)); !begun || l.Dropped() != 0 {
			t.Errorf("%d bytes: what was recorded after the cut is lost", size)
		}
		must(t, l.Close())
	}
}

func TestALastRecordThatReachedTheDiskInPartIsDropped(t *testing.T) {
	full := written(t, 2)
	path := filepath.Join(t.TempDir(), "sessions.log")
	start := len(full) - sessionlog.RecordSize
	for n := range sessionlog.RecordSize { // the file has grown, and the rest of it reads as zeros
		b := bytes.Clone(full)
		clear(b[start+n:])
		must(t, os.WriteFile(path, b, 0o600))
		l := open(t, path)
		if _, begun, answered := l.Response(hash(1)); !begun || answered || l.Dropped() != sessionlog.RecordSize {
			t.Errorf("%d bytes: got begun %v, answered %v, %d bytes dropped", n, begun, answered, l.Dropped())
		}
		must(t, l.Close())
	}
}

func TestAFlippedBitBeforeTheLastRecordIsDamage(t *testing.T) {
	full := written(t, 2)
	path := filepath.Join(t.TempDir(), "sessions.log")
	for bit := range (len(full) - sessionlog.RecordSize) * 8 {
		b := bytes.Clone(full)
		b[bit/8] ^= 1 << (bit % 8)
		must(t, os.WriteFile(path, b, 0o600))
		if _, err := sessionlog.Open(path); !errors.Is(err, sessionlog.ErrDamaged) {
			t.Fatalf("bit %d of byte %d: got %v, want ErrDamaged", bit%8, bit/8, err)
		}
		after, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(after, b) {
			t.Fatalf("a damaged log was changed: %v", err)
		}
	}
}

func TestRecordsThatAreMissingSwappedOrDoubledAreDamage(t *testing.T) {
	full := written(t, 3)
	r := func(i int) []byte { return full[i*sessionlog.RecordSize : (i+1)*sessionlog.RecordSize] }
	path := filepath.Join(t.TempDir(), "sessions.log")
	for name, records := range map[string][][]byte{
		"the first missing":    {r(1), r(2), r(3)},
		"a middle missing":     {r(0), r(1), r(3), r(4)},
		"two swapped":          {r(0), r(2), r(1), r(3)},
		"one doubled":          {r(0), r(0), r(1), r(2)},
		"zeros in between":     {r(0), make([]byte, sessionlog.RecordSize), r(1)},
		"a short text":         {[]byte("remember the milk")},
		"a text of that size":  {bytes.Repeat([]byte("milk"), sessionlog.RecordSize/4)},
		"another kind of file": {bytes.Repeat([]byte("not a log "), 40)},
	} {
		must(t, os.WriteFile(path, bytes.Join(records, nil), 0o600))
		if _, err := sessionlog.Open(path); !errors.Is(err, sessionlog.ErrDamaged) {
			t.Errorf("%s: got %v, want ErrDamaged", name, err)
		}
		if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, bytes.Join(records, nil)) {
			t.Errorf("%s: the file was changed: %v", name, err)
		}
	}
}

func TestAFileThatOthersMayTouchIsNoLog(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sessions.log")
	must(t, open(t, path).Close())
	if info, err := os.Lstat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("got mode %v, %v, want 0600", info.Mode(), err)
	}
	must(t, os.Symlink(path, filepath.Join(dir, "link")))
	if _, err := sessionlog.Open(filepath.Join(dir, "link")); err == nil {
		t.Error("a link was opened as a log")
	}
	must(t, os.Chmod(path, 0o640))
	if _, err := sessionlog.Open(path); err == nil {
		t.Error("a log was opened that the group may read")
	}
	if _, err := sessionlog.Open(dir); err == nil {
		t.Error("a directory was opened as a log")
	}
	if _, err := sessionlog.Open("/dev/null"); err == nil {
		t.Error("a device was opened as a log")
	}
}

// The known answer was computed by other code from the layout in record.go: body, then
// SHA-256("veil/v1/sessionlog/record" || 32 zero bytes || body).
func TestTheFirstRecordIsTheKnownOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.log")
	l := open(t, path)
	var session [32]byte
	for i := range session {
		session[i] = byte(i)
	}
	must(t, l.MarkSession(session))
	must(t, l.Close())
	got, err := os.ReadFile(path)
	must(t, err)
	want := "76736c01" + "01000000" + "0000000000000000" +
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" + fmt.Sprintf("%064d", 0) +
		"5f49c1ca8c5e11173841bad8d7e77dff545b5f7178778628a2505724c70e8cc3"
	if hex.EncodeToString(got) != want {
		t.Errorf("got %x, want %s", got, want)
	}
}

func FuzzOpen(f *testing.F) {
	full := written(f, 2)
	f.Add([]byte{})
	f.Add(full)
	f.Add(full[:len(full)-1])
	f.Add(make([]byte, sessionlog.RecordSize))
	path := filepath.Join(f.TempDir(), "sessions.log")
	f.Fuzz(func(t *testing.T, b []byte) {
		must(t, os.WriteFile(path, b, 0o600))
		l, err := sessionlog.Open(path)
		if err != nil {
			return
		}
		defer l.Close() //nolint:errcheck // of a test
		after, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(b, after) || len(b)-len(after) != l.Dropped() || l.Dropped() > sessionlog.RecordSize {
			t.Errorf("%d bytes became %d with %d dropped: %v", len(b), len(after), l.Dropped(), err)
		}
	})
}
