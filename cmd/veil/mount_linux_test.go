package main

import (
	"os"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// canMount says whether this process may mount file systems.
func canMount() bool {
	dir, err := os.MkdirTemp("", "veil-mount-")
	if err != nil {
		return false
	}
	defer os.Remove(dir) //nolint:errcheck // of a test
	return unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4k") == nil && unix.Unmount(dir, 0) == nil
}

// mount implements "mount SIZE FOLDER": a file system of that size in an existing
// folder, until "mount 0 FOLDER" or the end of the script.
func mount(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mount SIZE FOLDER")
	}
	dir := ts.MkAbs(args[1])
	if args[0] == "0" {
		ts.Check(unix.Unmount(dir, 0))
		return
	}
	ts.Check(unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=0755,size="+args[0]))
	ts.Defer(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
}
