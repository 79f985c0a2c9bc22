//go:build unix && !linux

package postgres

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// recoverySync is how recovery makes the data durable that it finds: file by file, for there is
// no other way here.
const recoverySync = "fsync"

// serverProcesses is the postmaster that postmaster.pid names, if that process is one on the
// folder data. Its children end soon after it.
func serverProcesses(data string) []int {
	b, err := readSmall(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return nil
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid < 2 {
		return nil
	}
	line, err := exec.Command("ps", "-ww", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	if err != nil || !strings.Contains(string(line), "postgres") || !strings.Contains(string(line), data) {
		return nil
	}
	return []int{pid}
}
