package postgres

import "syscall"

// childAttr detaches a child from our terminal, gives it the account, and has the kernel send
// it sig when the thread that started it ends.
func childAttr(a account, sig syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Credential: a.credential(), Pdeathsig: sig}
}
