package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// A node begins anew with relaxed timers, under the pid that it was started with.
func TestTimersAreRelaxed(t *testing.T) {
	n := cluster.StartT(t, cluster.Options{Nodes: 1}).Node(0)
	got, err := os.ReadFile(fmt.Sprintf("/proc/%d/timerslack_ns", n.PID()))
	if errors.Is(err, fs.ErrPermission) {
		t.Skip("may not read the timer slack of another process (CAP_SYS_NICE)")
	}
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(got)) != "1000000" {
		t.Fatalf("timer slack of %s ns", got)
	}
}
