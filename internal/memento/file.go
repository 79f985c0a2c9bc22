package memento

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/veilschema/veil/internal/keyfile"
)

// File is a new file in a run's folder. It gets its name only by [File.Commit], whole and durable; [File.Close] without that throws it away.
type File struct {
	f         *os.File
	w         *bufio.Writer
	dir, name string
	temporary string
	done      bool
}

var _ io.WriteCloser = (*File)(nil)

// ErrExists says that a file of this name is in the run's folder already; none is ever overwritten.
var ErrExists = errors.New("a file of this name is there already, and none is ever overwritten")

// CreateFile begins a new file in the run's folder. Its name is letters, digits, '_', '-' and '.', which it does not begin with.
func (j *Journal) CreateFile(name string) (*File, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(filepath.Join(j.dir, name)); err == nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(j.dir, name), ErrExists)
	}
	f, err := newFile(j.dir, name)
	if err != nil {
		return nil, fmt.Errorf("the file %s was not made: %w", filepath.Join(j.dir, name), err)
	}
	return f, nil
}

// newFile makes the file under a name that no reader looks at.
func newFile(dir, name string) (*File, error) {
	temporary := filepath.Join(dir, "."+name+"."+rand.Text())
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, fileMode)
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(fileMode); err != nil { // a umask may have taken bits away
		return nil, errors.Join(err, f.Close(), os.Remove(temporary))
	}
	return &File{f: f, w: bufio.NewWriterSize(f, 1<<18), dir: dir, name: name, temporary: temporary}, nil
}

// Write adds bytes; the disk has them after Commit.
func (f *File) Write(p []byte) (int, error) { return f.w.Write(p) }

// Commit gives the file its name and returns when the disk has it. It fails with [ErrExists] if anything got the name meanwhile. Nothing is
// left of the file where it fails.
func (f *File) Commit() error {
	if f.done {
		return fs.ErrClosed
	}
	path := filepath.Join(f.dir, f.name)
	err := f.w.Flush()
	if err == nil {
		err = f.f.Sync()
	}
	if err == nil {
		err = os.Link(f.temporary, path) // which fails where the name is taken
	}
	closeErr := f.Close()
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s: %w", path, ErrExists)
	case err != nil:
		return fmt.Errorf("the file %s was not written: %w", path, err)
	}
	if err := errors.Join(closeErr, keyfile.SyncDir(f.dir)); err != nil {
		return fmt.Errorf("the file %s is not durable: %w", path, errors.Join(err, os.Remove(path)))
	}
	return nil
}

// Close throws the file away unless it was committed. It may be called again.
func (f *File) Close() error {
	if f.done {
		return nil
	}
	f.done = true
	return errors.Join(f.f.Close(), os.Remove(f.temporary))
}

// OpenFile opens a file of the run's folder for reading. It fails with [ErrUnsafe] for a file that others may have changed.
func (j *Journal) OpenFile(name string) (io.ReadCloser, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	return openPrivate(filepath.Join(j.dir, name))
}

// WriteFile writes a whole new file, durably.
func (j *Journal) WriteFile(name string, b []byte) error {
	f, err := j.CreateFile(name)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was committed, or the error is another
	if _, err := f.Write(b); err != nil {
		return fmt.Errorf("the file %s was not written: %w", filepath.Join(j.dir, name), err)
	}
	return f.Commit()
}

// ReadFile reads a whole file of the run's folder.
func (j *Journal) ReadFile(name string) ([]byte, error) {
	f, err := j.OpenFile(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	return io.ReadAll(f)
}

// StructureBefore reads the structure before the run, which must be the one that the run names: it fails with
// [ErrDamaged] for another.
func (j *Journal) StructureBefore() ([]byte, error) {
	b, err := j.ReadFile(StructureFile)
	if err != nil {
		return nil, err
	}
	if Digest(b) != j.Run().Structure {
		return nil, fmt.Errorf("%s: %w", filepath.Join(j.dir, StructureFile), ErrDamaged)
	}
	return b, nil
}
