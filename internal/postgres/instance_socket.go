package postgres

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// shortPrefix begins the names of socket folders outside their instance's.
const shortPrefix = "veil-run-"

// placeSocket decides where the socket is: in DIR/run, or where the path of that is too long
// for a socket, or has characters that would need quoting, in a folder of a random name with a
// short path. DIR/run is then a link to it, by which the next process finds and removes it.
func (h *home) placeSocket() error {
	link := h.in(runName)
	if err := h.dropSocket(link); err != nil {
		return fmt.Errorf("the socket folder that an earlier process left cannot be removed: %w", err)
	}
	if goodSocketDir(link) {
		h.run = link
		return h.clearRun()
	}
	var first error
	for _, parent := range shortParents(h.acct) {
		dir := filepath.Join(parent, shortPrefix+strings.ToLower(rand.Text()[:idLength]))
		if !goodSocketDir(dir) || h.acct.canReach(parent) != nil {
			continue
		}
		// The link comes first, so that no crash leaves a folder that nobody knows of.
		err := errors.Join(h.dropSocket(link), os.Symlink(dir, link))
		if err == nil {
			h.run = dir
			err = h.clearRun()
		}
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return errors.Join(fmt.Errorf("the path of %s is too long or too unusual for a socket (at most %d bytes), and no temporary folder with a shorter one can be used; configure another folder",
		h.path, maxUnixPathBytes-len("/run/.s.PGSQL.5432")), first)
}

// dropSocket removes the socket folder at path, and what path links to where it is one of ours.
func (h *home) dropSocket(path string) error {
	target, err := os.Readlink(path)
	if err == nil && strings.HasPrefix(filepath.Base(target), shortPrefix) {
		info, err := os.Lstat(target)
		if err == nil && info.IsDir() && owner(info) == h.acct.uid {
			if err := os.RemoveAll(target); err != nil {
				return err
			}
		}
	}
	return os.RemoveAll(path)
}

// shortParents are places for a socket folder.
func shortParents(a account) []string {
	list := []string{os.TempDir(), "/tmp", "/var/tmp"}
	if own := os.Getenv("XDG_RUNTIME_DIR"); own != "" && !a.drop {
		return append([]string{own}, list...)
	}
	return append([]string{"/run"}, list...)
}

// goodSocketDir says whether a socket in dir can be bound and named in a DSN as it is.
func goodSocketDir(dir string) bool {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@~"
	return filepath.IsAbs(dir) && strings.Trim(dir, plain) == "" && len(dir)+len("/.s.PGSQL.5432") <= maxUnixPathBytes
}

// clearRun makes the socket's folder, or empties it of what a dead server left. The socket's
// lock file names a process, and another one may have its number by now.
func (h *home) clearRun() error {
	err := os.Mkdir(h.run, 0o700)
	if err == nil {
		return h.acct.own(h.run)
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(h.run)
	if err != nil {
		return err
	}
	if !info.IsDir() || owner(info) != h.acct.uid || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s is not the private folder of %s that it should be; remove it", h.run, h.acct.name)
	}
	list, err := os.ReadDir(h.run)
	for _, e := range list {
		err = errors.Join(err, os.RemoveAll(filepath.Join(h.run, e.Name())))
	}
	return err
}
