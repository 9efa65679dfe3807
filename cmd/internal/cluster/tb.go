package cluster

import (
	"context"
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
