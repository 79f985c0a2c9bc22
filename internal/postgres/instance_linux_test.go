package postgres_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/veilschema/veil/internal/postgres"
)

func TestAFullDiskIsExplainedAndHarmless(t *testing.T) {
	dir := filepath.Dir(instanceDir(t))
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=20m,mode=755"); errors.Is(err, unix.EPERM) {
		t.Skip("no file system may be mounted here")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	o := postgres.InstanceOptions{Dir: filepath.Join(dir, "db"), NoSync: true}
	refused(t, o, "disk", "is full", "free some space")
	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, "size=200m,mode=755"); err != nil {
		t.Fatal(err)
	}
	i := openInstance(t, o)
	run(t, dial(t, i.OwnerDSN()), "CREATE TABLE kept AS SELECT 7 AS n")
	closeInstance(t, i)
	filler := filepath.Join(dir, "filler")
	fill(t, filler)
	refused(t, o, "disk", "is full", "free some space")
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if n := count(t, dial(t, openInstance(t, o).OwnerDSN()), "SELECT n FROM kept"); n != 7 {
		t.Errorf("got %d, want 7", n)
	}
}

// fill writes to the file until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for block := make([]byte, 1<<20); len(block) > 0; {
		if _, err := f.Write(block); err != nil {
			block = block[:len(block)/2]
		}
	}
}
