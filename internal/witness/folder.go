package witness

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/veilschema/veil/internal/keyfile"
)

// The names in a folder. A state file is named by the hash of its log's origin, with stateSuffix.
const (
	lockFile, keyFile = "lock", "witness.key"
	stateSuffix       = ".checkpoint"
)

// folder is a witness's folder, which this process has alone.
type folder struct {
	dir  string
	lock *os.File
}

// openFolder makes a folder where there is none, and locks it.
func openFolder(dir string) (*folder, error) {
	if err := makeFolder(dir); err != nil {
		return nil, fmt.Errorf("the witness's folder %s was not made: %w; choose another one", dir, err)
	}
	if err := checkFolder(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, lockFile)
	lock, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, fileMode)
	if err != nil {
		return nil, fmt.Errorf("the lock %s cannot be opened: %w", path, err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrLocked
		}
		return nil, errors.Join(fmt.Errorf("%s: %w", dir, err), lock.Close())
	}
	return &folder{dir, lock}, nil
}

// makeFolder makes a folder's name durable, too: a power cut must not leave a witness without what it cosigned.
func makeFolder(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return err
	}
	return keyfile.SyncDir(filepath.Dir(filepath.Clean(dir)))
}

// checkFolder refuses a folder in which others may put or read files.
func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("the witness's folder %s cannot be looked at: %w", dir, err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return fmt.Errorf("%w: %s is no folder; choose another name", ErrConfig, dir)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%w: the folder %s has mode %04o, so that others may have used it; change it to 0700, if they did not", ErrUnsafe, dir, info.Mode().Perm())
	case !ok || int(owner.Uid) != os.Geteuid():
		return fmt.Errorf("%w: the folder %s belongs to another user; run the witness as its owner", ErrUnsafe, dir)
	}
	return nil
}

// release gives the folder back. Closing the lock is not enough: a child that is being started has it open for a moment, too.
func (f *folder) release() error {
	return errors.Join(unix.Flock(int(f.lock.Fd()), unix.LOCK_UN), f.lock.Close())
}

// key reads the witness's key, or makes it at the first start.
func (f *folder) key(name string) (signingKey, error) {
	k, err := readKey(f.dir)
	if !errors.Is(err, ErrNoKey) {
		return k, err
	}
	if err := f.refuseOrphans(); err != nil {
		return signingKey{}, err
	}
	text, err := newKeyText(rand.Reader, name)
	if err != nil {
		return signingKey{}, err
	}
	if k, err = parseKey(text); err != nil {
		return signingKey{}, err
	}
	path := filepath.Join(f.dir, keyFile)
	if _, err := replace(path, []byte(text)); err != nil {
		return signingKey{}, fmt.Errorf("the witness's key %s was not written: %w", path, err)
	}
	return k, nil
}

// refuseOrphans refuses to make a key where checkpoints of an earlier one lie.
func (f *folder) refuseOrphans() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return fmt.Errorf("the witness's folder %s cannot be read: %w", f.dir, err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), stateSuffix) {
			return fmt.Errorf("%s has checkpoints, and the key %s is missing: %w", f.dir, keyFile, ErrDamaged)
		}
	}
	return nil
}

// readKey reads the key of the witness of a folder, which may run.
func readKey(dir string) (signingKey, error) {
	path := filepath.Join(dir, keyFile)
	text, err := readOwn(path, maxKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return signingKey{}, fmt.Errorf("%s: %w", dir, ErrNoKey)
	}
	if err != nil {
		return signingKey{}, err
	}
	k, err := parseKey(string(text))
	if err != nil {
		return signingKey{}, fmt.Errorf("%s cannot be used (%w): %w", path, err, ErrDamaged)
	}
	return k, nil
}

// readOwn reads a file that nobody else may have read or written.
func readOwn(path string, limit int64) ([]byte, error) {
	// O_NONBLOCK: opening a named pipe must not wait for its writer.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, unix.ELOOP) {
		return nil, fmt.Errorf("%w: %s is a symbolic link; put the file itself there", ErrUnsafe, path)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w: %s is no regular file; put the file back", ErrUnsafe, path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("%w: %s has mode %04o, so that others may have read it; change it to 0600, if they did not", ErrUnsafe, path, info.Mode().Perm())
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read: %w", path, err)
	case int64(len(b)) > limit:
		return nil, fmt.Errorf("%s is longer than such a file can be: %w", path, ErrDamaged)
	}
	return b, nil
}

// replace writes a file in place of the one of this name and returns when the disk has it. Where it fails, the name has the old file or the new one, as
// a whole; surely says that it is the old one. The new file has one name of its own until then, so that a crash leaves one at most.
func replace(path string, b []byte) (surely bool, err error) {
	fresh := path + ".new"
	if err := writeSynced(fresh, b); err != nil {
		return true, err
	}
	if err := os.Rename(fresh, path); err != nil {
		return false, err
	}
	return false, keyfile.SyncDir(filepath.Dir(path))
}

func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW|unix.O_NONBLOCK, fileMode)
	if err != nil {
		return err
	}
	err = f.Chmod(fileMode) // a umask may have taken bits away
	if err == nil {
		_, err = f.Write(b)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return errors.Join(err, os.Remove(path)) // a full disk needs the room
	}
	return nil
}
