package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/cluster"
)

const gcPercent = "go_gc_gogc_percent"

// A node with little data has room for garbage, one with much collects as Go does.
func TestRoomForGarbage(t *testing.T) {
	n := cluster.StartT(t, cluster.Options{Nodes: 1, Env: []string{"GOGC="}}).Node(0)
	if p := gauges(t, n, gcPercent)[0]; p < 200 {
		t.Errorf("GOGC is %v of an empty node", p)
	}
	value := strings.Repeat("v", 1<<20)
	keys := 0
	until(t, "data are written", func() error {
		ask(t, n, "SET", fmt.Sprint(keys), value)
		keys++
		if p := gauges(t, n, gcPercent)[0]; p != 100 {
			return fmt.Errorf("GOGC is %v with %d MiB of data", p, keys)
		}
		return nil
	})
	if keys < 8 { // each is live twice or more: its entry is kept for the followers
		t.Errorf("GOGC is 100 with %d MiB of data", keys)
	}
}

func TestGOGCIsHeeded(t *testing.T) {
	n := cluster.StartT(t, cluster.Options{Nodes: 1, Env: []string{"GOGC=150"}}).Node(0)
	if p := gauges(t, n, gcPercent)[0]; p != 150 {
		t.Errorf("GOGC is %v, 150 was asked for", p)
	}
}
