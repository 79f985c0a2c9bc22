package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrNoBinaries is the cause of Find's error when the machine has no usable PostgreSQL.
var ErrNoBinaries = errors.New("no PostgreSQL server binaries")

// Binaries names the programs of one PostgreSQL installation.
type Binaries struct {
	Dir     string // folder that holds postgres and initdb, absolute
	Major   int    // 15, 16, ...
	Version string // as the server says it, for example "15.18 (Debian 15.18-0+deb12u1)"
}

// systemDirs are where distributions put the server's binaries, which most of them leave out
// of PATH.
var systemDirs = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/usr/libexec/postgresql*",
	"/usr/local/pgsql/bin",
	"/opt/homebrew/opt/postgresql@*/bin",
}

// Find looks for a PostgreSQL server of version 15 or newer. A binDir that is not empty is the
// only place looked at; otherwise PATH and the distributions' folders are, and the newest
// wins. The error is one sentence that names the command which installs PostgreSQL here.
func Find(binDir string) (Binaries, error) {
	if binDir != "" {
		b, err := probe(binDir)
		if err != nil {
			return Binaries{}, fmt.Errorf("%w: the configured folder %s cannot be used: %w; configure another, or none and install PostgreSQL with `%s`",
				ErrNoBinaries, binDir, err, installCommand())
		}
		return b, nil
	}
	all := FindAll()
	if len(all) == 0 {
		return Binaries{}, fmt.Errorf("no PostgreSQL %d or newer was found in PATH or in the system's folders; install it with `%s`: %w",
			minMajor, installCommand(), ErrNoBinaries)
	}
	return all[0], nil
}

// FindAll lists every usable server in dirs, PATH and the distributions' folders, one for each
// major version (the first found), newest first.
func FindAll(dirs ...string) []Binaries {
	if p, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			p = real
		}
		dirs = append(dirs, filepath.Dir(p))
	}
	for _, pattern := range systemDirs {
		hits, _ := filepath.Glob(pattern) // the patterns are constants, so they are well formed
		dirs = append(dirs, hits...)
	}
	var all []Binaries
	for _, dir := range dirs {
		b, err := probe(dir)
		if err != nil || slices.ContainsFunc(all, func(o Binaries) bool { return o.Major == b.Major }) {
			continue
		}
		all = append(all, b)
	}
	slices.SortStableFunc(all, func(a, b Binaries) int { return cmp.Compare(b.Major, a.Major) })
	return all
}

// probe asks the server in dir for its version and checks that initdb stands next to it.
func probe(dir string) (Binaries, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Binaries{}, err
	}
	b := Binaries{Dir: dir}
	for _, name := range []string{"postgres", "initdb"} {
		info, err := os.Stat(b.path(name))
		if err != nil {
			return Binaries{}, fmt.Errorf("it has no %s (%w)", name, errors.Unwrap(err))
		}
		if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
			return Binaries{}, fmt.Errorf("%s is no program", b.path(name))
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, b.path("postgres"), "--version").Output()
	if err != nil {
		return Binaries{}, fmt.Errorf("%s --version failed: %w", b.path("postgres"), err)
	}
	if err := b.parseVersion(string(out)); err != nil {
		return Binaries{}, err
	}
	return b, nil
}

// parseVersion reads the line that `postgres --version` prints.
func (b *Binaries) parseVersion(line string) error {
	_, v, ok := strings.Cut(strings.TrimSpace(line), "(PostgreSQL) ")
	if !ok {
		return fmt.Errorf("%s printed %q, which is no PostgreSQL version", b.path("postgres"), line)
	}
	digits := v[:len(v)-len(strings.TrimLeft(v, "0123456789"))]
	major, err := strconv.Atoi(digits)
	if err != nil {
		return fmt.Errorf("%s printed %q, which is no PostgreSQL version", b.path("postgres"), line)
	}
	if major < minMajor {
		return fmt.Errorf("it is PostgreSQL %s; %d or newer is needed", v, minMajor)
	}
	b.Major, b.Version = major, v
	return nil
}

func (b Binaries) path(name string) string { return filepath.Join(b.Dir, name) }

// installCommand is what a person types on this machine to get a server.
func installCommand() string {
	sudo := "sudo "
	if os.Geteuid() == 0 {
		sudo = ""
	}
	for _, m := range []struct{ tool, command string }{
		{"apt-get", sudo + "apt-get install postgresql"},
		{"dnf", sudo + "dnf install postgresql-server postgresql-contrib"},
		{"apk", sudo + "apk add postgresql postgresql-contrib"},
		{"brew", "brew install postgresql@17"},
	} {
		if _, err := exec.LookPath(m.tool); err == nil {
			return m.command
		}
	}
	return sudo + "apt-get install postgresql"
}
