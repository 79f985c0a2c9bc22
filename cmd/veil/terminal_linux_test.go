package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/veilschema/veil/internal/postgres"
)

// onTerminal runs veil with its output on a terminal of a width, and returns what
// a person sees there.
func onTerminal(t *testing.T, columns uint16, env []string, args ...string) string {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no pseudo-terminals here: %v", err)
	}
	defer person.Close() //nolint:errcheck // of a test
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0)
	}
	var tty *os.File
	if err == nil {
		tty, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
	}
	if err != nil {
		t.Skipf("there are no pseudo-terminals here: %v", err)
	}
	veil := exec.Command("veil", args...)
	veil.Env = append(os.Environ(), append([]string{"TMPDIR=" + sharedTemporary(t), "HOME=" + t.TempDir(), "TERM=xterm-256color", "NO_COLOR="}, env...)...)
	veil.Stdout, veil.Stderr = tty, tty
	if err := veil.Start(); err != nil {
		t.Fatal(err)
	}
	_ = tty.Close()               // the process has its own
	seen, _ := io.ReadAll(person) // ends with EIO when the process does
	_ = veil.Wait()
	return string(seen)
}

func TestATerminalSeesProgressAndAReportOfItsWidth(t *testing.T) {
	if _, err := postgres.Find(""); errors.Is(err, postgres.ErrNoBinaries) {
		t.Skip(err)
	}
	dir := t.TempDir()
	standard, ours := filepath.Join(dir, "standard.sql"), filepath.Join(dir, "ours.sql")
	for path, sql := range map[string]string{standard: "CREATE TABLE a (b int NOT NULL); CREATE TABLE c (d int);", ours: "CREATE TABLE a (b int);"} {
		if err := os.WriteFile(path, []byte(sql), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := []string{"check", "--template-ddl", standard, "--ddl", ours}
	const color = "\x1b["
	report := func(seen string) string { return seen[max(0, strings.Index(seen, "DOES NOT CONFORM")):] }

	seen := onTerminal(t, 100, nil, check...)
	for _, step := range []string{"reading the template", "reading the tenant's schema"} {
		if !strings.Contains(seen, step) {
			t.Errorf("no progress says %q in %q", step, seen)
		}
	}
	if !strings.Contains(report(seen), color) {
		t.Errorf("the report has no color: %q", report(seen))
	}
	if narrow := onTerminal(t, 50, []string{"NO_COLOR=1"}, check...); strings.Contains(report(narrow), color) {
		t.Errorf("NO_COLOR is set and the report has color: %q", report(narrow))
	} else {
		for line := range strings.SplitSeq(report(narrow), "\r\n") {
			if len([]rune(line)) > 50 && !strings.Contains(line, "digest") {
				t.Errorf("the terminal has 50 columns, and a line has %d: %q", len([]rune(line)), line)
			}
		}
	}
	if dumb := onTerminal(t, 80, []string{"TERM=dumb"}, check...); strings.Contains(report(dumb), color) {
		t.Errorf("the terminal is dumb and the report has color: %q", report(dumb))
	}
}
