package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// small mounts a file system of a size in MiB, which goes with the test.
func small(t *testing.T, mib int) string {
	t.Helper()
	if !canMount() {
		t.Skip("a file system cannot be mounted here")
	}
	dir := filepath.Join(sharedTemporary(t), "small")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("veil-test", dir, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=0755", mib)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// fill leaves no byte free in a folder, and returns how to make room again.
func fill(t *testing.T, dir string) (empty func()) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	if out, err := exec.Command("dd", "if=/dev/zero", "of="+path, "bs=64k").CombinedOutput(); err == nil || !strings.Contains(string(out), "No space") {
		t.Fatalf("the disk is not full: %v %s", err, out)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

func TestAFullDiskOfTheServiceLosesNothing(t *testing.T) {
	t.Parallel()
	dir := small(t, 400)
	data := filepath.Join(dir, "data")
	s := serve(t, nil, "--data", data)
	sh := enlist(t, s)
	sh.run(exitDeviates, checking)
	empty := fill(t, dir)
	code, says := sh.runAny(checking, exitDeviates, exitUnavailable) // PostgreSQL writes on for a while where its files have room
	t.Logf("with a full disk the check exits with %d: %s", code, says)
	empty()
	if s.dead() {
		s = s.restart(t, nil, "--data", data)
	}
	deadline := time.Now().Add(time.Minute)
	for code := -1; code != exitDeviates; {
		if time.Now().After(deadline) {
			t.Fatalf("with room on the disk, nothing is compared: %s", s.stderr.String())
		}
		code, _ = sh.runAny(checking, exitDeviates, exitUnavailable)
		if s.dead() {
			s = s.restart(t, nil, "--data", data)
		}
	}
	list, _ := sh.run(exitDone, "veil comparisons list --token-file tenant.token")
	if strings.Count(list, "disclosed") != strings.Count(list, "clinic@1") {
		t.Errorf("the comparisons:\n%s", list)
	}
	sh.env = nil
	if says, _ := sh.run(exitDone, "veil admin doctor --data "+data); strings.Contains(says, "BAD") {
		t.Errorf("the doctor says\n%s", says)
	}
}

// dead says whether the process has ended.
func (s *serving) dead() bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestAFullDiskOfTheTenantLosesNothing(t *testing.T) {
	t.Parallel()
	_, sh := tenanted(t)
	dir := small(t, 1)
	sh.env = append(sh.env, "VEIL_TENANT_STATE="+dir)
	empty := fill(t, dir)
	sh.says(exitUnavailable, checking, "no space left")
	empty()
	sh.run(exitDeviates, checking)
	list, _ := sh.run(exitDone, "veil comparisons list --token-file tenant.token")
	if strings.Count(list, "disclosed") != 1 || strings.Count(list, "clinic@1") != 1 {
		t.Errorf("the comparisons:\n%s", list)
	}
}
