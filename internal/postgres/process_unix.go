//go:build unix && !linux

package postgres

import "syscall"

// childAttr detaches a child from our terminal and gives it the account. There is no
// parent-death signal here: the server ends within a minute after the janitor removed its
// folder, when it misses its lock file.
func childAttr(a account, _ syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Credential: a.credential()}
}
