package postgres

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// account is the operating system user that the server's processes run as.
type account struct {
	name     string
	uid, gid uint32
	drop     bool // differs from our own: processes change to it, files are given to it
}

// unprivileged are the users that a server started by root runs as, in order of preference.
// PostgreSQL refuses to run as root, and initdb looks its user up in passwd, so a bare number
// will not do.
var unprivileged = []string{"veil", "postgres", "nobody"}

// serverAccount decides who runs the server: ourselves, or for root the named user, or the
// first of the unprivileged ones that the machine knows.
func serverAccount(name string) (account, error) {
	if os.Geteuid() != 0 {
		return account{name: strconv.Itoa(os.Geteuid()), uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}, nil
	}
	names := unprivileged
	if name != "" {
		names = []string{name}
	}
	for _, n := range names {
		u, err := user.Lookup(n)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 != nil || err2 != nil || uid == 0 {
			continue
		}
		return account{name: n, uid: uint32(uid), gid: uint32(gid), drop: true}, nil
	}
	return account{}, fmt.Errorf("PostgreSQL does not run as root and this machine has none of the users %s to run it as; create one with `useradd --system veil`",
		strings.Join(names, ", "))
}

// credential is nil where no change of user is needed. The supplementary groups are left
// empty, so the server keeps none of root's.
func (a account) credential() *syscall.Credential {
	if !a.drop {
		return nil
	}
	return &syscall.Credential{Uid: a.uid, Gid: a.gid}
}

// own gives path to the account.
func (a account) own(path string) error {
	if !a.drop {
		return nil
	}
	return os.Lchown(path, int(a.uid), int(a.gid))
}

// canReach says whether the account may enter dir and every folder above it. For our own
// account the answer is left to the operation itself.
func (a account) canReach(dir string) error {
	if !a.drop {
		return nil
	}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	for p := dir; ; p = filepath.Dir(p) {
		info, err := os.Stat(p)
		if err != nil {
			return err
		}
		if !a.mayEnter(info) {
			return fmt.Errorf("the user %s may not enter %s, and PostgreSQL would run as that user", a.name, p)
		}
		if p == filepath.Dir(p) {
			return nil
		}
	}
}

// mayEnter applies the classic permission bits; access control lists are not looked at.
func (a account) mayEnter(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return true
	}
	switch perm := info.Mode().Perm(); {
	case st.Uid == a.uid:
		return perm&0o100 != 0
	case st.Gid == a.gid:
		return perm&0o010 != 0
	default:
		return perm&0o001 != 0
	}
}
