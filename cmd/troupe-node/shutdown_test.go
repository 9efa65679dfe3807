package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/cluster"
)

// TestShutdown: a client ends a node, which exits with 0 and answers nothing; what it had acknowledged is there again.
func TestShutdown(t *testing.T) {
	n := cluster.StartT(t, cluster.Options{Nodes: 1}).Node(0)
	ask(t, n, "SET", "k", "v")
	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"NOSAVE", "NOW"} {
		cmd := cluster.NodeCommand(t.Context(), flagsOf(n, n.DataDir())...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "the key is there", func() error {
			r, err := client.Ask(t.Context(), n.Client, 5*time.Second, "GET", "k")
			if err == nil && r.String() != "v" {
				err = fmt.Errorf("GET: %s %s", r, r.Err())
			}
			return err
		})
		if r, err := client.Ask(t.Context(), n.Client, patience, "SHUTDOWN", how); err == nil {
			t.Errorf("SHUTDOWN %s is answered: %s", how, r)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("SHUTDOWN %s: %v", how, err)
		}
	}
}
