package postgres

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Names in an instance's folder.
const (
	holderName  = "veil-postgres.lock"
	serverName  = "server.lock"
	secretsName = "passwords.json"
	logName     = "server.log"
	dataName    = "data"
	newDataName = "data.new"
	runName     = "run"
)

// home is the folder of an instance:
//
//	DIR/                      ours, 0700 (0710 when the server is another user, who passes through)
//	├── veil-postgres.lock    flock held as long as our process has the instance; says who we are
//	├── server.lock           flock held by the server's processes, which inherit it: free when all have ended
//	├── passwords.json        0600, ours: those of the three roles
//	├── server.log, .1        0600, ours: what the server says, bounded
//	├── data/                 0700, the server's: the cluster, complete as soon as it has this name
//	├── data.new/             0700, the server's: a cluster that initdb is making, or did not finish
//	└── run/                  0700, the server's: the socket; or a link to a folder with a shorter path
type home struct {
	path string // absolute and without symbolic links
	run  string // folder of the socket, set by placeSocket
	acct account
	lock *os.File
}

func (h *home) in(name string) string { return filepath.Join(h.path, name) }
func (h *home) data() string          { return h.in(dataName) }

// instanceAccount decides who runs the server on the data in dir. Where nobody is asked for,
// root runs it as the one who did so before.
func instanceAccount(name, dir string) (account, error) {
	if os.Geteuid() == 0 && name == "" {
		if info, err := os.Lstat(filepath.Join(dir, dataName)); err == nil {
			if u, err := user.LookupId(strconv.FormatUint(uint64(owner(info)), 10)); err == nil && owner(info) != 0 {
				name = u.Username
			}
		}
	}
	return serverAccount(name)
}

func owner(info os.FileInfo) uint32 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Uid
	}
	return uint32(os.Geteuid())
}

// openHome makes or finds the folder and takes it for our process.
func openHome(dir string, a account) (*home, error) {
	unusable := func(err error) error {
		return fmt.Errorf("the folder %s cannot hold the data of a private PostgreSQL: %w", dir, err)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, unusable(err)
	}
	if err := makeFolder(dir, a); err != nil {
		return nil, unusable(err)
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, unusable(err)
	}
	h := &home{path: real, acct: a}
	if err := h.adopt(); err != nil {
		return nil, unusable(err)
	}
	if err := h.hold(); err != nil {
		return nil, err
	}
	if err := h.checkData(); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

// makeFolder makes dir and the folders above it that are missing. The server's user can pass
// through those.
func makeFolder(dir string, a account) error {
	var missing []string
	for p := dir; ; p = filepath.Dir(p) {
		_, err := os.Stat(p)
		if err == nil {
			if p == dir {
				if p, err = filepath.EvalSymlinks(p); err != nil {
					return err
				}
				p = filepath.Dir(p)
			}
			if err := a.canReach(p); err != nil {
				return fmt.Errorf("%w; choose a folder in a place that every user may enter, such as /var/lib/veil", err)
			}
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		missing = append(missing, p)
	}
	mode := os.FileMode(0o700)
	if a.drop {
		mode = 0o711
	}
	slices.Reverse(missing)
	for _, p := range missing {
		if err := os.Mkdir(p, mode); err != nil {
			return err
		}
		if err := os.Chmod(p, mode); err != nil { // whatever the umask
			return err
		}
	}
	return nil
}

// adopt makes sure that the folder is ours, and not one with somebody's files, and closes it
// to others.
func (h *home) adopt() error {
	info, err := os.Lstat(h.path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return errors.New("it is no folder; choose another")
	}
	if !ours(info) {
		return fmt.Errorf("it belongs to the user %s, and this process runs as %s; run it as that user or choose another folder",
			userName(owner(info)), userName(uint32(os.Geteuid())))
	}
	list, err := os.ReadDir(h.path)
	if err != nil {
		return err
	}
	isHolder := func(e fs.DirEntry) bool { return e.Name() == holderName }
	if len(list) > 0 && !slices.ContainsFunc(list, isHolder) {
		return fmt.Errorf("it has other files in it (%s); choose a new or an empty one", list[0].Name())
	}
	mode := os.FileMode(0o700)
	if h.acct.drop {
		mode = 0o710
		if err := os.Lchown(h.path, os.Geteuid(), int(h.acct.gid)); err != nil {
			return err
		}
	}
	return os.Chmod(h.path, mode)
}

// hold takes the folder for our process, or says who has it.
func (h *home) hold() error {
	f, err := os.OpenFile(h.in(holderName), os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("the private PostgreSQL in %s cannot be locked: %w", h.path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer func() { _ = f.Close() }() // it was only read
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("the private PostgreSQL in %s is %w by %s; stop that one first, or configure another folder", h.path, ErrInUse, holder(f))
		}
		return fmt.Errorf("the private PostgreSQL in %s cannot be locked: %w", h.path, err)
	}
	h.lock = f
	line := fmt.Sprintf("%d %s\n", os.Getpid(), filepath.Base(os.Args[0]))
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt([]byte(line), 0)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%s cannot be written: %w", f.Name(), err), h.close())
	}
	return nil
}

// holder reads from the lock file who has the lock.
func holder(f *os.File) string {
	b, err := io.ReadAll(io.LimitReader(f, maxSmallFileBytes))
	pid, name, ok := strings.Cut(strings.TrimSpace(string(b)), " ")
	if _, bad := strconv.Atoi(pid); err != nil || bad != nil || !ok {
		return "another process"
	}
	return fmt.Sprintf("process %s (%s)", pid, excerpt(name))
}

// close removes the socket's folder and lets the instance go. The lock is undone by hand: a child that is just being started may
// hold a copy of the file for a moment longer.
func (h *home) close() error {
	var err error
	if h.run != "" {
		err = h.dropSocket(h.in(runName))
	}
	return errors.Join(err, syscall.Flock(int(h.lock.Fd()), syscall.LOCK_UN), h.lock.Close())
}

// checkData makes sure that existing data belong to the server's user, as PostgreSQL insists.
func (h *home) checkData() error {
	info, err := os.Lstat(h.data())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the data of the private PostgreSQL cannot be read: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no folder; to keep the data elsewhere, move all of %s and link that", h.data(), h.path)
	}
	if got := owner(info); got != h.acct.uid {
		return fmt.Errorf("the data in %s belong to the user %s, and PostgreSQL would run as %s; run it as the first, or give the data to the second with `chown -R %s %s`",
			h.data(), userName(got), userName(h.acct.uid), userName(h.acct.uid), h.data())
	}
	return nil
}

// major is the version that made the data; 0 means that there are none.
func (h *home) major() (int, error) {
	if _, err := os.Lstat(h.data()); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	b, err := readSmall(filepath.Join(h.data(), "PG_VERSION"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("the version of the data in %s cannot be read: %w", h.data(), err)
	}
	if err != nil {
		return 0, fmt.Errorf("%s is no complete PostgreSQL cluster, and was one; restore it from a backup, or move it away to start with empty data: %w", h.data(), err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || major < 1 {
		return 0, fmt.Errorf("%s is no complete PostgreSQL cluster, and was one: PG_VERSION holds %q; restore it from a backup", h.data(), excerpt(string(b)))
	}
	return major, nil
}

// readSmall reads one of the folder's own files.
func readSmall(path string) (b []byte, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(io.LimitReader(f, maxSmallFileBytes))
}

// userName is for error texts: the name, or the number where there is none.
func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}
