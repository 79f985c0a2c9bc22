package postgres

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// recoverySync is how recovery makes the data durable that it finds: all of the file system in
// one call, where a call for each of a thousand files takes a second or more.
const recoverySync = "syncfs"

// serverProcesses are those that run a program called postgres in the folder data, which is
// where PostgreSQL's processes work. Those that we may not look at are nobody's we started.
func serverProcesses(data string) []int {
	list, _ := filepath.Glob("/proc/[0-9]*/cwd") // the pattern is constant, so it is well formed
	var pids []int
	for _, cwd := range list {
		proc := filepath.Dir(cwd)
		if dir, err := os.Readlink(cwd); err != nil || dir != data {
			continue
		}
		exe, err := os.Readlink(filepath.Join(proc, "exe"))
		if err != nil || filepath.Base(strings.TrimSuffix(exe, " (deleted)")) != "postgres" { // an upgrade replaces the file
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(proc)); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
