package keyfile_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/veilschema/veil/internal/keyfile"
	"github.com/veilschema/veil/keys"
)

// payload stands for a sealed key; this layer does not look inside.
var payload = bytes.Repeat([]byte{0xab}, keys.SealedSize)

// mustHold fails the test unless the directory holds exactly these names.
func mustHold(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("the directory holds %q, want %q", got, names)
	}
}

func TestAKeyFileIsReadBackAndHasMode0600(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077, 0o277, 0o777} {
		dir := t.TempDir()
		path := filepath.Join(dir, "tenant.key")
		before := syscall.Umask(umask)
		err := keyfile.Create(path, payload)
		syscall.Umask(before)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(path)
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("umask %04o: got mode %v, %v, want 0600", umask, info.Mode(), err)
		}
		b, err := keyfile.Read(path)
		if err != nil || !bytes.Equal(b, payload) {
			t.Errorf("umask %04o: got %x, %v, want what was written", umask, b, err)
		}
		mustHold(t, dir, "tenant.key")
	}
}

func TestMissingDirectoriesAreMadeForTheirOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "share", "veil")
	if err := keyfile.Create(filepath.Join(dir, "tenant.key"), payload); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got %v, %v, want mode 0700", info.Mode(), err)
	}
}

func TestNothingIsEverOverwritten(t *testing.T) {
	for name, occupy := range map[string]func(path string) error{
		"a file":                 func(p string) error { return os.WriteFile(p, []byte("old"), 0o600) },
		"a read-only file":       func(p string) error { return os.WriteFile(p, []byte("old"), 0o400) },
		"a directory":            func(p string) error { return os.Mkdir(p, 0o700) },
		"a link to a file":       func(p string) error { return link(t, p, true) },
		"a link to nothing":      func(p string) error { return link(t, p, false) },
		"a named pipe":           func(p string) error { return unix.Mkfifo(p, 0o600) },
		"a key made before this": func(p string) error { return keyfile.Create(p, payload[1:]) },
	} {
		path := filepath.Join(t.TempDir(), "tenant.key")
		if err := occupy(path); err != nil {
			t.Fatal(err)
		}
		before, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := keyfile.Create(path, payload); !errors.Is(err, keyfile.ErrExists) {
			t.Errorf("%s: got %v, want ErrExists", name, err)
		}
		after, err := os.Lstat(path)
		if err != nil || !os.SameFile(before, after) || before.Size() != after.Size() || before.ModTime() != after.ModTime() {
			t.Errorf("%s: it is not what it was: %v, %v", name, after, err)
		}
		mustHold(t, filepath.Dir(path), "tenant.key")
	}
}

// link makes a symbolic link, to a file that is there or to none.
func link(t *testing.T, path string, target bool) error {
	t.Helper()
	to := filepath.Join(t.TempDir(), "target")
	if target {
		if err := keyfile.Create(to, payload); err != nil {
			return err
		}
	}
	return os.Symlink(to, path)
}

func TestOfManyThatCreateAtOnceOneWins(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "tenant.key")
	var wg sync.WaitGroup
	errs := make([]error, 32)
	for i := range errs {
		wg.Go(func() { errs[i] = keyfile.Create(path, bytes.Repeat([]byte{byte(i)}, keys.SealedSize)) })
	}
	wg.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			t.Errorf("both %d and %d say that they made the file", winner, i)
		case err == nil:
			winner = i
		case !errors.Is(err, keyfile.ErrExists):
			t.Errorf("got %v, want ErrExists", err)
		}
	}
	b, err := keyfile.Read(path)
	if err != nil || winner < 0 || b[0] != byte(winner) {
		t.Errorf("the file is not the winner's (%d): %x, %v", winner, b, err)
	}
	mustHold(t, dir, "tenant.key")
}

func TestAFileThatOthersMayTouchIsNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tenant.key")
	if err := keyfile.Create(path, payload); err != nil {
		t.Fatal(err)
	}
	for mode := os.FileMode(0); mode <= 0o777; mode++ {
		if mode&0o400 == 0 && os.Geteuid() != 0 {
			continue // not even its owner may read it
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := keyfile.Read(path)
		if private := mode&0o077 == 0; private != (err == nil) || (!private && !errors.Is(err, keyfile.ErrUnsafe)) {
			t.Errorf("mode %04o: got %v", mode, err)
		}
	}
}

func TestWhatIsNoPlainFileIsNotRead(t *testing.T) {
	dir := t.TempDir()
	key, other := filepath.Join(dir, "key"), filepath.Join(dir, "other")
	if err := keyfile.Create(key, payload); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		make func() error
		want error
	}{
		"a link to a good key": {func() error { return os.Symlink(key, other) }, keyfile.ErrUnsafe},
		"a link to nothing":    {func() error { return os.Symlink("nowhere", other) }, keyfile.ErrUnsafe},
		"a directory":          {func() error { return os.Mkdir(other, 0o700) }, keyfile.ErrUnsafe},
		"a named pipe":         {func() error { return unix.Mkfifo(other, 0o600) }, keyfile.ErrUnsafe},
		"nothing":              {func() error { return nil }, keyfile.ErrMissing},
	} {
		if err := test.make(); err != nil {
			t.Fatal(err)
		}
		if _, err := keyfile.Read(other); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
		_ = os.Remove(other)
	}
	if err := os.WriteFile(other, make([]byte, keys.SealedSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keyfile.Read(other); err == nil {
		t.Error("a file larger than any key was read")
	}
	if _, err := keyfile.Read("/dev/null"); !errors.Is(err, keyfile.ErrUnsafe) {
		t.Errorf("a device: got %v, want ErrUnsafe", err)
	}
}

func TestAKeyOfWrongSizeIsNotWritten(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []int{0, keys.SealedSize + 1} {
		if err := keyfile.Create(filepath.Join(dir, "k"), make([]byte, n)); err == nil {
			t.Errorf("%d bytes were written as a key", n)
		}
	}
	mustHold(t, dir)
}

func TestADestroyedKeyIsGoneAndItsBytesAreOverwritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.secret")
	if err := keyfile.Create(path, payload); err != nil {
		t.Fatal(err)
	}
	second := filepath.Join(dir, "kept") // a second name shows what became of the bytes
	if err := os.Link(path, second); err != nil {
		t.Fatal(err)
	}
	if err := keyfile.Destroy(path); err != nil {
		t.Fatal(err)
	}
	mustHold(t, dir, "kept")
	if b, err := os.ReadFile(second); err != nil || !bytes.Equal(b, make([]byte, len(payload))) {
		t.Errorf("the bytes are still there: %x, %v", b, err)
	}
	if err := keyfile.Destroy(path); !errors.Is(err, keyfile.ErrMissing) {
		t.Errorf("got %v, want ErrMissing", err)
	}
}

func TestDestroyingDoesNotFollowALink(t *testing.T) {
	dir := t.TempDir()
	key, other := filepath.Join(dir, "key"), filepath.Join(dir, "other")
	if err := keyfile.Create(key, payload); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(key, other); err != nil {
		t.Fatal(err)
	}
	if err := keyfile.Destroy(other); err == nil {
		t.Error("a link was destroyed as if it were a key")
	}
	if b, err := keyfile.Read(key); err != nil || !bytes.Equal(b, payload) {
		t.Errorf("the key behind the link is not what it was: %v", err)
	}
}
