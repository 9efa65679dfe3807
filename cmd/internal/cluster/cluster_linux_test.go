package cluster

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestChildrenDieWithTheirParent(t *testing.T) {
	cmd := exec.Command(os.Args[0], "__parent", filepath.Join(t.TempDir(), "c"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	pid, convErr := strconv.Atoi(strings.TrimSpace(line))
	if err := errors.Join(err, convErr, cmd.Process.Kill()); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if err := Until(within(t), 10*time.Millisecond, func() error { return gone(pid) }); err != nil {
		t.Error(err)
	}
}

// gone returns nil if a process is no more, or a zombie that its new parent has yet to fetch.
func gone(pid int) error {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil || strings.Contains(string(stat), ") Z ") {
		return nil
	}
	return fmt.Errorf("process %d lives: %s", pid, stat)
}
