package keyfile_test

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/veilschema/veil/internal/keyfile"
)

// childDir names the directory in which this test binary, started again, writes a key within a limit.
const childDir = "KEYFILE_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(createWithinLimit(dir))
	}
	os.Exit(m.Run())
}

// createWithinLimit writes a key although no file may grow beyond 50 bytes, which breaks off in the
// middle of the write, and exits with 0 if that failed as it should.
func createWithinLimit(dir string) int {
	signal.Ignore(syscall.SIGXFSZ)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 50, Max: 50}); err != nil {
		return 3
	}
	err := keyfile.Create(filepath.Join(dir, "tenant.key"), payload)
	if !errors.Is(err, unix.EFBIG) {
		return 4
	}
	return 0
}

func TestAWriteThatBreaksOffLeavesNoFile(t *testing.T) {
	dir := t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("got %v, want a write that fails with EFBIG (%s)", err, out)
	}
	mustHold(t, dir)
}

func TestAFullDiskLeavesNoFile(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4k"); err != nil {
		t.Skipf("a file system of 4 kB cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Errorf("the file system of the test stays mounted at %s: %v", dir, err)
		}
	})
	if err := os.WriteFile(filepath.Join(dir, "fill"), make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := keyfile.Create(filepath.Join(dir, "tenant.key"), payload); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("got %v, want ENOSPC", err)
	}
	mustHold(t, dir, "fill")
}
