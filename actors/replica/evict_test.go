package replica

import (
	"fmt"
	"testing"

	"github.com/troupedb/troupe/actors/keyspace"
)

const testLimit = 14_000

// TestEvictionAcrossLeaders: whoever leads, whatever is lost on the way, the shard stays within its limit and goes
// on evicting. That the replicas stay equal is the watcher's to check.
func TestEvictionAcrossLeaders(t *testing.T) {
	for seed := range uint64(8) {
		c := newCluster(t, seed, 3, 3)
		for i, n := range c.nodes {
			n.limit = testLimit
			n.rules = keyspace.Eviction{Policy: keyspace.AllKeysLRU + keyspace.Policy(i), Samples: 5, LogFactor: 10, DecayMinutes: 1}
		}
		c.startAll()
		for round := range 6 {
			leader := c.elect()
			evicted := leader.handle.Gauges.Evicted.Load()
			c.fillUp(leader, round)
			if got := leader.handle.Gauges.Evicted.Load() - evicted; got < 100 {
				t.Fatalf("seed %d round %d: %d keys evicted", seed, round, got)
			}
			if got := leader.handle.Gauges.Bytes.Load(); got > testLimit {
				t.Fatalf("seed %d round %d: %d bytes are left", seed, round, got)
			}
			// The next leader begins while this one is evicting.
			c.send(leader, kindWrite, "set", fmt.Sprint("big", round), string(make([]byte, testLimit/2)))
			for range c.rng.IntN(12) {
				c.step()
			}
			c.kill(leader)
			c.start(leader)
		}
	}
}

// TestVainEvictionIsDry: a leader whose choice was modified before it could go counts as dry, until one goes.
func TestVainEvictionIsDry(t *testing.T) {
	c := newCluster(t, 1, 3, 3)
	c.startAll()
	leader := c.elect()
	c.send(leader, kindWrite, "set", "k", "v")
	c.settle()
	leader.disk.held = true
	c.send(leader, kindWrite, "set", "k", "w")
	c.settle()
	leader.limit, leader.rules = 1, keyspace.Eviction{Policy: keyspace.AllKeysLRU, Samples: 5}
	c.tick(1)
	leader.disk.release()
	g, dry := leader.handle.Gauges, false
	for c.step() {
		dry = dry || g.Dry.Load()
	}
	if !dry || g.Dry.Load() || g.Evicted.Load() != 1 || g.Keys.Load() != 0 {
		t.Errorf("was dry: %t, is: %t, %d evicted, %d left", dry, g.Dry.Load(), g.Evicted.Load(), g.Keys.Load())
	}
}

// fillUp writes more than the limit allows, and lets everything settle.
func (c *cluster) fillUp(leader *node, round int) {
	for i := range 300 {
		c.send(leader, kindWrite, "set", fmt.Sprintf("k%d:%d", round, i), "v")
		if i%20 == 0 {
			c.settle()
		}
	}
	c.settle()
}
