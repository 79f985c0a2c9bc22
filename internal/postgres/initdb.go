package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// command is a program of the installation, run as the account in a folder that the account can
// enter, with nothing of our environment. The kernel sends it sig when the thread that starts
// it ends.
func (b Binaries) command(ctx context.Context, a account, folder string, sig syscall.Signal, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = folder
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + b.Dir + ":/usr/bin:/bin"}
	cmd.SysProcAttr = childAttr(a, sig)
	cmd.WaitDelay = stopTimeout
	return cmd
}

// newCluster is what initdb needs to know.
type newCluster struct {
	acct         account
	folder       string     // that initdb runs in
	data         string     // folder of the cluster, empty and the account's
	passwordFile string     // made for initdb and removed afterwards
	secret       string     // password of the superuser, adminRole
	flags        []string   // more flags of initdb
	hold         []*os.File // open in initdb and its children as long as they live
}

// initCluster makes a cluster. Every connection to it needs a password, so that even a program
// running as the server's user, or SQL that finds a way to open a socket, gets no further.
func (b Binaries) initCluster(ctx context.Context, n newCluster) (err error) {
	if err := errors.Join(os.WriteFile(n.passwordFile, []byte(n.secret+"\n"), 0o600), n.acct.own(n.passwordFile)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(n.passwordFile)) }()
	args := append([]string{
		"--pgdata", n.data, "--no-instructions", "--username", adminRole, "--pwfile", n.passwordFile,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C",
	}, n.flags...)
	cmd := b.command(ctx, n.acct, n.folder, syscall.SIGKILL, b.path("initdb"), args...)
	var out tail
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = &out, &out, n.hold
	onOwnThread(func() { err = cmd.Run() })
	if err != nil {
		return fmt.Errorf("initdb of PostgreSQL %s failed: %w: %s", b.Version, err, complaint(out.b))
	}
	return nil
}
