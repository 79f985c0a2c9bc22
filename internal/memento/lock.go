package memento

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// ErrLocked says that another process changes the database at this moment.
var ErrLocked = errors.New("another process is changing this database from this state folder: wait until it ends")

// Lock is the right to change a database.
type Lock struct{ f *os.File }

// LockDatabase takes the right to change a database, for all that use the folder state. It fails with [ErrLocked] while another
// process has it, or this one. It ends with the process, however that ends. It is on this machine and this folder only; other tools
// hold no such lock.
func LockDatabase(state string, s Server) (*Lock, error) {
	dir := filepath.Join(state, runFolder)
	sum := sha256.Sum256([]byte(s.SystemID + "/" + strconv.FormatUint(uint64(s.OID), 10) + "/" + s.Database))
	path := filepath.Join(dir, "lock-"+hex.EncodeToString(sum[:8]))
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, fmt.Errorf("the folder %s was not made: %w", dir, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, fileMode)
	if err != nil {
		return nil, fmt.Errorf("the lock %s cannot be opened: %w", path, err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrLocked
		}
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return &Lock{f}, nil
}

// Release gives the right back. The file stays: removing it would let two processes lock two files of one name. Closing it is not enough:
// a child that is being started has it open for a moment, too.
func (l *Lock) Release() error {
	return errors.Join(unix.Flock(int(l.f.Fd()), unix.LOCK_UN), l.f.Close())
}
