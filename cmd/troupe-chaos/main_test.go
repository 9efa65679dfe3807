package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/chaos"
	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/daemon"
)

func TestMain(m *testing.M) {
	cluster.MaybeRunNode(daemon.Main)
	if len(os.Args) > 1 && os.Args[1] == "__main" {
		os.Exit(chaos.Main(os.Args[2:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// TestARealClusterKeepsItsPromises is the program on real nodes, for some seconds.
func TestARealClusterKeepsItsPromises(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for some seconds")
	}
	var out, errs bytes.Buffer
	dir := filepath.Join(t.TempDir(), "run")
	code := chaos.Main([]string{"--duration", "6s", "--kill-every", "2s", "--clients", "2", "--dir", dir}, &out, &errs)
	t.Logf("%s%s", &out, &errs)
	if code != 0 || !strings.Contains(out.String(), "verdict            ok") {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(dir); code == 0 && err == nil {
		t.Error("the directory is still there")
	}
}

// TestCtrlCLeavesNothingBehind interrupts a run, and looks for its nodes.
func TestCtrlCLeavesNothingBehind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	cmd := exec.Command(os.Args[0], "__main", "--duration", "1h", "--clients", "1", "--dir", dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "ops/s") {
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the directory is still there")
	}
	if left := processesWith(t, dir); len(left) > 0 {
		t.Errorf("processes are left: %q", left)
	}
}

// processesWith returns the command lines that name a directory.
func processesWith(t *testing.T, dir string) (left []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(all) == 0 {
		t.Skip("this system does not show its processes", fmt.Sprint(err))
	}
	for _, path := range all {
		if line, err := os.ReadFile(path); err == nil && bytes.Contains(line, []byte(dir)) {
			left = append(left, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return left
}
