package replica

import (
	"strings"
	"testing"
)

// A snapshot is due when as many bytes were logged as the last one has, and not at each small bound; what a
// replica finds in its log when it starts counts as well.
func TestSnapshotIsDueBySizeOfTheLast(t *testing.T) {
	c := newCluster(t, 1, 1, 1)
	c.bytes = 1000
	c.startAll()
	n := c.elect()
	c.set(n, strings.Repeat("v", 50_000))
	c.tick(heartbeatTicks)
	if n.disk.compacted != 1 {
		t.Fatalf("%d snapshots after 50 kB", n.disk.compacted)
	}
	log := func(times int) {
		for range times {
			c.must(c.send(n, kindWrite, "set", "other", strings.Repeat("w", 1000)), "+OK")
			c.tick(1)
		}
	}
	log(30)
	c.kill(n)
	c.start(n)
	c.elect()
	if n.disk.compacted != 1 {
		t.Fatalf("%d snapshots after 30 kB more", n.disk.compacted)
	}
	log(30)
	c.tick(heartbeatTicks)
	if n.disk.compacted != 2 {
		t.Fatalf("%d snapshots after 60 kB more", n.disk.compacted)
	}
}
