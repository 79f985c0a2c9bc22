package memento

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/veilschema/veil/internal/keyfile"
)

// Errors that a caller may want to tell apart.
var (
	ErrNoRun  = errors.New("there is no run of this id: list the runs, and check the id")
	ErrUnsafe = errors.New("it is not kept as rows must be")
	ErrBroken = errors.New("nothing more is recorded since a write failed: mend the disk and start again")
)

const (
	runFile   = "run.json"
	runFolder = "provision"
)

// Journal is the folder of one run. Its methods may be called from several goroutines. It takes no lock: hold [LockDatabase] meanwhile.
type Journal struct {
	dir string
	id  string

	mu     sync.Mutex
	last   Run   // guarded by mu; as it stands in run.json, zero before the first
	broken error // guarded by mu; why nothing is written any more
}

// Create makes the folder of a new run below the folder state, which is made where it is missing. Nothing is recorded of the run before
// the first [Journal.Save]; a folder without that is no run.
func Create(state string, now time.Time) (*Journal, error) {
	id := newID(now)
	parent := filepath.Join(state, runFolder)
	dir := filepath.Join(parent, id)
	err := os.MkdirAll(parent, dirMode)
	if err == nil {
		err = os.Mkdir(dir, dirMode)
	}
	if err == nil {
		err = os.Chmod(dir, dirMode) // a umask may have taken bits away
	}
	if err == nil {
		err = errors.Join(keyfile.SyncDir(parent), keyfile.SyncDir(state))
	}
	if err != nil {
		return nil, fmt.Errorf("the folder of the run was not made in %s: %w", parent, err)
	}
	return &Journal{dir: dir, id: id}, nil
}

// newID is the time to the millisecond and 50 random bits.
func newID(now time.Time) string {
	now = now.UTC()
	return fmt.Sprintf("%s%03dz-%s", now.Format("20060102t150405"), now.Nanosecond()/1e6, strings.ToLower(rand.Text()[:10]))
}

// Open opens the folder of a run as its last [Journal.Save] left it. It fails with [ErrNoRun] where there is none, with
// [ErrDamaged] where run.json is not what was written, and with [ErrUnsafe] where others may write or read it.
func Open(state, id string) (*Journal, error) {
	if !idPattern.MatchString(id) {
		return nil, fmt.Errorf("%q: %w", id, ErrNoRun)
	}
	j := &Journal{dir: filepath.Join(state, runFolder, id), id: id}
	r, err := readRun(j.dir)
	if err != nil {
		return nil, err
	}
	if r.ID != id {
		return nil, fmt.Errorf("%s is that of another run: %w", filepath.Join(j.dir, runFile), ErrDamaged)
	}
	j.last = r
	return j, nil
}

// List returns all runs below the folder state, the oldest first. Runs that cannot be read are left out and named by the error, which comes with
// those that can.
func List(state string) ([]Run, error) {
	parent := filepath.Join(state, runFolder)
	entries, err := os.ReadDir(parent) // sorted by name, which begins with the time
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the runs in %s cannot be listed: %w", parent, err)
	}
	var (
		runs []Run
		errs []error
	)
	for _, entry := range entries {
		if !entry.IsDir() || !idPattern.MatchString(entry.Name()) {
			continue
		}
		r, err := readRun(filepath.Join(parent, entry.Name()))
		switch {
		case errors.Is(err, ErrNoRun): // it ended before anything was recorded
		case err != nil:
			errs = append(errs, err)
		default:
			runs = append(runs, r)
		}
	}
	return runs, errors.Join(errs...)
}

// ID is the run's id.
func (j *Journal) ID() string { return j.id }

// Dir is the path of the run's folder.
func (j *Journal) Dir() string { return j.dir }

// Run is the run as it was saved last; its zero value before that.
func (j *Journal) Run() Run {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last
}

// Save replaces run.json as a whole and returns when the disk has it: whatever ends the process, or the machine, the file is the one
// before or this one. Its ID may be left empty. A run goes through its states in their order; those in which it ends are never
// left. Where the new file may stand there without being durable, nobody knows which of the two a crash would leave, and every
// further Save fails with [ErrBroken]; after other errors the one before stands.
func (j *Journal) Save(r Run) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return fmt.Errorf("%w (%w)", ErrBroken, j.broken)
	}
	if r.ID == "" {
		r.ID = j.id
	}
	before := j.last
	before.ID = j.id
	err := r.follows(before)
	var b []byte
	if err == nil {
		b, err = encodeRun(r)
	}
	if err != nil {
		return fmt.Errorf("the run %s was not recorded: %w", j.id, err)
	}
	path := filepath.Join(j.dir, runFile)
	if replaced, err := replaceFile(path, b); err != nil {
		if replaced {
			j.broken = err
		}
		return fmt.Errorf("the run was not recorded in %s: %w", path, err)
	}
	j.last = r
	return nil
}

// replaceFile puts a whole file in the place of another, durably. With an error it says whether it may have.
func replaceFile(path string, b []byte) (replaced bool, err error) {
	dir, name := filepath.Split(path)
	f, err := newFile(dir, name)
	if err != nil {
		return false, err
	}
	_, err = f.f.Write(b)
	if err == nil {
		err = f.f.Sync()
	}
	if err != nil {
		return false, errors.Join(err, f.Close())
	}
	if err := os.Rename(f.temporary, path); err != nil {
		return true, errors.Join(err, f.Close())
	}
	return true, errors.Join(f.f.Close(), keyfile.SyncDir(dir))
}

// readRun reads run.json, and no file that others may have written.
func readRun(dir string) (Run, error) {
	path := filepath.Join(dir, runFile)
	f, err := openPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Run{}, fmt.Errorf("%s: %w", filepath.Base(dir), ErrNoRun)
	}
	if err != nil {
		return Run{}, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	b, err := io.ReadAll(io.LimitReader(f, maxRunBytes+1))
	if err != nil {
		return Run{}, fmt.Errorf("%s cannot be read: %w", path, err)
	}
	r, err := decodeRun(b)
	if err != nil {
		return Run{}, fmt.Errorf("%s cannot be used: %w", path, err)
	}
	return r, nil
}

// openPrivate opens a regular file that nobody else may read or write, and follows no link to it.
func openPrivate(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.EMLINK) { // EMLINK is FreeBSD's
			return nil, fmt.Errorf("%s is a symbolic link: %w", path, ErrUnsafe)
		}
		return nil, fmt.Errorf("%s cannot be opened: %w", path, err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		err = fmt.Errorf("%s cannot be looked at: %w", path, err)
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%s is no regular file: %w", path, ErrUnsafe)
	case info.Mode().Perm()&0o077 != 0:
		err = fmt.Errorf("%s has mode %04o, so that others may have changed it; look into it, then change it to 0600: %w", path, info.Mode().Perm(), ErrUnsafe)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// namePattern is what a file in a run's folder may be called.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

func checkName(name string) error {
	if !namePattern.MatchString(name) || len(name) > maxNameBytes || name == runFile {
		return fmt.Errorf("%q is no name for a file of a run", name)
	}
	return nil
}
