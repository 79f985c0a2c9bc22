package keyfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Errors that a caller may want to tell apart.
var (
	ErrExists  = errors.New("keys are never overwritten: move it away or choose another name")
	ErrMissing = errors.New("there is no key file of this name: check the name, or make the key first")
	ErrUnsafe  = errors.New("this file is not kept as a key must be")
)

// Create writes a sealed key into a new file of mode 0600 and makes it durable, with the directories above it where
// they are missing. It fails with [ErrExists] if anything has the name already, and leaves no file
// behind whenever it fails.
func Create(path string, sealed []byte) error {
	if len(sealed) == 0 || len(sealed) > maxFile {
		return fmt.Errorf("the key file %s was not written: it would have %d bytes, got more than 0 and at most %d", path, len(sealed), maxFile)
	}
	if err := absent(path); err != nil {
		return err
	}
	dir, name := filepath.Split(filepath.Clean(path))
	if dir == "" {
		dir = "."
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return fmt.Errorf("the directory of the key file %s was not made: %w", path, err)
	}
	temporary := filepath.Join(dir, "."+name+"."+rand.Text())
	if err := writeNew(temporary, sealed); err != nil {
		return fmt.Errorf("the key file %s was not written: %w", path, err)
	}
	err := os.Link(temporary, path)
	if rmErr := os.Remove(temporary); rmErr != nil && err == nil {
		err = errors.Join(rmErr, os.Remove(path))
	}
	switch {
	case errors.Is(err, fs.ErrExist): // between the first look and now
		return fmt.Errorf("%s is there already, and %w", path, ErrExists)
	case err != nil:
		return fmt.Errorf("the key file %s was not written: %w", path, err)
	}
	if err := SyncDir(dir); err != nil {
		return errors.Join(fmt.Errorf("the key file %s is not durable: %w", path, err), os.Remove(path))
	}
	return nil
}

// absent asks for the name before a person is asked for a passphrase. What has the name is not
// followed: a link into nowhere has it too.
func absent(path string) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return fmt.Errorf("%s is there already, and %w", path, ErrExists)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("nothing can be written to %s: %w", path, err)
	}
	return nil
}

// writeNew writes a file that was not there, durably, and removes it again if that fails.
func writeNew(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, fileMode)
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
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// Read returns the bytes of a key file. It fails with [ErrMissing] where there is none, and with [ErrUnsafe] for a symbolic
// link, for what is no regular file, and for a file to which group or others have any right.
func Read(path string) ([]byte, error) {
	// O_NONBLOCK: opening a named pipe must not wait for its writer.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s", ErrMissing, path)
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.EMLINK): // EMLINK is FreeBSD's
		return nil, fmt.Errorf("%w: %s is a symbolic link, name the file itself", ErrUnsafe, path)
	case err != nil:
		return nil, fmt.Errorf("the key file %s cannot be opened: %w", path, err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	if err := checkOpened(f); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, int64(maxFile)+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the key file %s cannot be read: %w", path, err)
	case len(b) > maxFile:
		return nil, fmt.Errorf("%s is no key file: a sealed key has %d bytes", path, maxFile)
	}
	return b, nil
}

// checkOpened looks at the file that is open, and not at the name, behind which another may come.
func checkOpened(f *os.File) error {
	info, err := f.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("the key file %s cannot be looked at: %w", f.Name(), err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: %s is no regular file", ErrUnsafe, f.Name())
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%w: %s has mode %04o, so that others may have read it: change it to 0600, and the key if they may",
			ErrUnsafe, f.Name(), info.Mode().Perm())
	}
	return nil
}

// Destroy overwrites a key file with zeros and removes it, durably. It fails with [ErrMissing] where there is none. The
// overwriting is best effort: solid state disks and file systems that copy on write keep
// old blocks for a while, as do backups.
func Destroy(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s", ErrMissing, path)
	case err != nil:
		return fmt.Errorf("the key file %s cannot be removed: %w", path, err)
	}
	err = overwrite(f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if rmErr := os.Remove(path); rmErr != nil {
		return fmt.Errorf("the key file %s was not removed: %w", path, errors.Join(err, rmErr))
	}
	if err := errors.Join(err, SyncDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("the key file %s was removed, and this may not outlast a crash: %w", path, err)
	}
	return nil
}

func overwrite(f *os.File) error {
	if err := checkOpened(f); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err := f.Write(make([]byte, min(info.Size(), int64(maxFile)))); err != nil {
		return err
	}
	return f.Sync()
}

// SyncDir makes the names in a directory durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	return err
}
