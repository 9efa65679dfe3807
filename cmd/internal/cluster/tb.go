package cluster

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// TB is what is used of *testing.T.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
	Cleanup(func())
	Failed() bool
	Context() context.Context
}

// readyTime is how long a test waits for its cluster.
const readyTime = time.Minute

// StartT starts a cluster for a test, waits until it is healthy and closes it at the end. When the test
// fails, the ends of the logs are shown.
func StartT(tb TB, opts Options) *Cluster {
	tb.Helper()
	c, err := Start(tb.Context(), opts)
	if err != nil {
		tb.Fatalf("starting a cluster: %v", err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			for _, n := range c.Nodes() {
				tb.Logf("log of %s:\n%s", n.Name, n.LogTail(20))
			}
		}
		if err := c.Close(); err != nil {
			tb.Logf("closing the cluster: %v", err)
		}
	})
	ctx, cancel := context.WithTimeout(tb.Context(), readyTime)
	defer cancel()
	if err := c.WaitReady(ctx); err != nil {
		tb.Fatalf("the cluster is not ready: %v", err)
	}
	return c
}

// ProcessesWith returns the command lines of this machine that name a directory: none on a system without /proc.
func ProcessesWith(tb TB, dir string) (found []string) {
	tb.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(all) == 0 {
		tb.Logf("this system does not show its processes: %v", err)
	}
	for _, path := range all {
		if line, err := os.ReadFile(path); err == nil && bytes.Contains(line, []byte(dir)) {
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

// InterruptAt runs a program until it prints a line with some text, sends it Ctrl-C, and returns its exit code.
func InterruptAt(tb TB, cmd *exec.Cmd, text string) int {
	tb.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatalf("%v", err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatalf("%v", err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), text) {
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		tb.Fatalf("%v", err)
	}
	for lines.Scan() {
	}
	_ = cmd.Wait() // the exit code says it
	return cmd.ProcessState.ExitCode()
}
