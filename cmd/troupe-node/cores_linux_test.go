package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

const processors = "go_sched_gomaxprocs_threads"

// A node takes fewer processors while others crowd the machine's cores.
func TestProcessorsOfACrowdedMachine(t *testing.T) {
	if _, err := os.Stat("/proc/self/schedstat"); err != nil {
		t.Skip("this kernel does not tell how long threads wait: ", err)
	}
	n := cluster.StartT(t, cluster.Options{Nodes: 1, Env: []string{"GOMAXPROCS="}}).Node(0)
	all := gauges(t, n, processors)[0]
	if all == 1 {
		t.Skip("one core")
	}
	for range 4 * runtime.NumCPU() {
		burn(t)
	}
	until(t, "the cores are crowded", func() error {
		for range 1000 {
			ask(t, n, "PING")
		}
		if p := gauges(t, n, processors)[0]; p >= all {
			return fmt.Errorf("%v processors of %v", p, all)
		}
		return nil
	})
}

// burn starts a process that takes a core, until the test ends.
func burn(t *testing.T) {
	t.Helper()
	c := exec.Command("sh", "-c", "while :; do :; done")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
}

func TestGOMAXPROCSIsHeeded(t *testing.T) {
	n := cluster.StartT(t, cluster.Options{Nodes: 1, Env: []string{"GOMAXPROCS=3"}}).Node(0)
	if p := gauges(t, n, processors)[0]; p != 3 {
		t.Errorf("%v processors, 3 were asked for", p)
	}
}
