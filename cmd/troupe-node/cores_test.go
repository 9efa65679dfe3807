package main

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

const processors = "go_sched_gomaxprocs_threads"

// Nodes of one machine take their part of its cores, and those that stay what others leave.
func TestCoresAreShared(t *testing.T) {
	cores := runtime.NumCPU()
	if cores == 1 || cores != runtime.GOMAXPROCS(0) {
		t.Skip("one core, or GOMAXPROCS or a limit says how many")
	}
	nodes := 3
	c := cluster.StartT(t, cluster.Options{Nodes: nodes, Env: []string{"GOMAXPROCS="}})
	takes := func(n *cluster.Node, want int) {
		until(t, fmt.Sprintf("%d nodes share %d cores", nodes, cores), func() error {
			if got := gauges(t, n, processors)[0]; int(got) != want {
				return fmt.Errorf("%v processors, want %d", got, want)
			}
			return nil
		})
	}
	for i := range nodes {
		takes(c.Node(i), (cores+1)/2) // half as many again as a third
	}
	for i := 1; i < nodes; i++ {
		if err := c.Node(i).Kill9(); err != nil {
			t.Fatal(err)
		}
	}
	takes(c.Node(0), cores)
}
