package postgres

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	workPrefix = "veil-pg-"      // of a server's folder, once its lock is held
	newPrefix  = ".veil-pg-new-" // of a folder that is still being made
	lockName   = "lock"
	idLength   = 10 // of the random end of a folder's name, 50 bits
)

// janitorScript waits until the pipe on its standard input closes, which the kernel does for
// us however our process ends, and then removes the folder under either of its names. The
// server may still be writing its last bytes, hence the patience (20 s).
const janitorScript = `read -r _
i=0
while [ "$i" -lt 100 ]; do
  rm -rf -- "$1" "$2" 2>/dev/null && exit 0
  sleep 0.2
  i=$((i+1))
done`

// workdir is the folder of one server:
//
//	veil-pg-XXXX/       ours; others may pass through it only when the server is another user
//	├── lock            flock held as long as our process lives
//	├── data/           0700, the server's: the cluster
//	└── run/            0700, the server's: the socket
//
// It goes away on remove. When our process ends without getting there, the janitor, a shell
// holding the other end of a pipe, removes it; when that was killed too, the next server's
// sweep does. The janitor is there before the folder, so that no moment is without either.
type workdir struct {
	path    string
	lock    *os.File
	janitor *exec.Cmd
	pipe    *os.File // its write end is ours alone
}

func (w *workdir) data() string { return filepath.Join(w.path, "data") }
func (w *workdir) run() string  { return filepath.Join(w.path, "run") }

// newWorkdir makes the folder under parent, or where parent is empty under the first
// temporary folder that the server's user can reach, after sweeping what dead processes left.
// A memory file system must have room bytes free.
func newWorkdir(parent string, room int64, a account) (*workdir, error) {
	if parent != "" {
		mode := os.FileMode(0o700)
		if a.drop {
			mode = 0o711 // the server's user passes through
		}
		if err := os.MkdirAll(parent, mode); err != nil {
			return nil, fmt.Errorf("the folder for a private PostgreSQL could not be made: %w", err)
		}
		return makeWorkdir(parent, a)
	}
	var first error
	for _, dir := range temporaryDirs(room) {
		w, err := makeWorkdir(dir, a)
		if err == nil {
			return w, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, fmt.Errorf("no temporary folder can hold a private PostgreSQL: %w", first)
}

// temporaryDirs are the places to try. A memory file system with room to spare comes first:
// making the 11,000 files of a large schema takes 4 s less there than on ext4.
func temporaryDirs(room int64) []string {
	dirs := []string{os.TempDir(), "/tmp", "/var/tmp"}
	const shm = "/dev/shm"
	var fs syscall.Statfs_t
	if os.Getenv("TMPDIR") == "" && syscall.Statfs(shm, &fs) == nil && int64(fs.Bavail) > room/int64(fs.Bsize) { //nolint:unconvert // the types differ between systems
		return append([]string{shm}, dirs...)
	}
	return dirs
}

func makeWorkdir(parent string, a account) (*workdir, error) {
	parent, err := filepath.Abs(parent)
	if err != nil {
		return nil, err
	}
	if err := a.canReach(parent); err != nil {
		return nil, err
	}
	if n := len(parent) + len("/veil-pg-0123456789/run/.s.PGSQL.5432"); n > maxUnixPathBytes {
		return nil, fmt.Errorf("the folder %s has too long a path for a socket (%d bytes, at most %d); choose a shorter one", parent, n, maxUnixPathBytes)
	}
	sweep(parent)
	w := new(workdir)
	if err := w.create(parent); err != nil {
		return nil, fmt.Errorf("a folder for a private PostgreSQL could not be made in %s: %w", parent, errors.Join(err, w.remove()))
	}
	if err := w.furnish(a); err != nil {
		return nil, errors.Join(fmt.Errorf("the folder %s for a private PostgreSQL could not be prepared: %w", w.path, err), w.remove())
	}
	return w, nil
}

// create makes an empty folder and takes its lock before it gets the name that a sweep
// looks for, so that no sweep can find it without an owner.
func (w *workdir) create(parent string) error {
	id := strings.ToLower(rand.Text()[:idLength])
	fresh, final := filepath.Join(parent, newPrefix+id), filepath.Join(parent, workPrefix+id)
	if err := w.hire(fresh, final); err != nil {
		return err
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		_ = w.janitor.Process.Kill() // should the name be somebody else's
		return err
	}
	w.path = fresh
	var err error
	w.lock, err = os.OpenFile(filepath.Join(fresh, lockName), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		err = syscall.Flock(int(w.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err == nil {
		err = os.Rename(fresh, final)
	}
	if err == nil {
		w.path = final
	}
	return err
}

// furnish adds the server's two folders.
func (w *workdir) furnish(a account) error {
	if a.drop { // the server's user passes through; it can list or change nothing here
		if err := os.Chmod(w.path, 0o711); err != nil { //nolint:gosec // the folders in it are 0700
			return err
		}
	}
	for _, dir := range []string{w.data(), w.run()} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		if err := a.own(dir); err != nil {
			return err
		}
	}
	return nil
}

// hire starts the janitor of a folder that is still to be made.
func (w *workdir) hire(fresh, final string) error {
	r, pipe, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd := exec.Command("/bin/sh", "-c", janitorScript, "veil-janitor", final, fresh)
	cmd.Stdin, cmd.Dir = r, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C goes to the terminal's group only
	err = cmd.Start()
	if err := errors.Join(err, r.Close()); err != nil {
		return errors.Join(err, pipe.Close())
	}
	w.janitor, w.pipe = cmd, pipe
	return nil
}

// remove deletes the folder, as much of it as there is, and dismisses the janitor.
func (w *workdir) remove() error {
	var err error
	if w.path != "" {
		err = os.RemoveAll(w.path)
	}
	if w.janitor != nil {
		err = errors.Join(err, w.pipe.Close())
		_ = w.janitor.Wait() // how it ended is of no interest: the folder is gone
	}
	if w.lock != nil {
		err = errors.Join(err, w.lock.Close())
	}
	return err
}

// sweep removes the folders of processes that died together with their janitor: those with
// our name and owner whose lock is free. Failing to is no reason not to start.
func sweep(parent string) {
	found, _ := filepath.Glob(filepath.Join(parent, workPrefix+"*"))
	for _, dir := range found {
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() || !ours(info) {
			continue
		}
		lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|syscall.O_NOFOLLOW, 0)
		if err != nil {
			continue // another sweep, or a janitor, is at it
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(dir)
		}
		_ = lock.Close()
	}
}

func ours(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

// tail keeps the last bytes written to it: the server's final words.
type tail struct{ b []byte }

var _ io.Writer = (*tail)(nil)

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if n := len(t.b) - maxStderrBytes; n > 0 {
		t.b = append(t.b[:0], t.b[n:]...)
	}
	return len(p), nil
}
