package replica

import (
	"fmt"
	"slices"
	"testing"
)

// Events and counts of entries are those of the leader of their term: a restart that replays them, and a new leader
// that applies what an earlier one proposed, tell them to nobody.
func TestEventsAndCountsAreOfOneTerm(t *testing.T) {
	for _, voters := range []int{1, 3} {
		c := newCluster(t, 1, voters, voters)
		c.events = []string{}
		c.startAll()
		lead := c.elect()
		for range 3 {
			c.set(lead, "v")
			c.must(c.send(lead, kindWrite, "get", "key"), "$1 v")
		}
		c.must(c.send(lead, kindWrite, "del", "key"), ":1")
		set, del := name(lead)+" set key", name(lead)+" del key"
		once := []string{name(lead) + " new key", set, set, set, del}
		if got := published(c); !slices.Equal(got, once) || lead.handle.Gauges.Hits.Load() != 3 {
			t.Fatalf("%d voters: %q, %d hits", voters, got, lead.handle.Gauges.Hits.Load())
		}
		for _, n := range c.nodes {
			c.kill(n)
		}
		c.startAll()
		next := c.elect()
		c.tick(2 * heartbeatTicks)
		if got := published(c); !slices.Equal(got, once) {
			t.Errorf("%d voters: after a restart %q", voters, got[len(once):])
		}
		c.set(next, "w")
		if got := published(c); !slices.Equal(got[len(once):], []string{name(next) + " new key", name(next) + " set key"}) {
			t.Errorf("%d voters: the next term tells %q", voters, got[len(once):])
		}
		for _, n := range c.nodes {
			if hits := n.handle.Gauges.Hits.Load(); hits != 0 {
				t.Errorf("%d voters: n%d counts %d hits of an earlier life", voters, n.i, hits)
			}
		}
	}
}

// published is what was published, without what reads missed.
func published(c *cluster) []string {
	return slices.DeleteFunc(slices.Clone(c.events), func(e string) bool { return e[3:] == "keymiss key" })
}

// A read that is asked again once a later time is committed counts once.
func TestReadThatWaitsForTheClockCountsOnce(t *testing.T) {
	c, lead := group(t, 1, 1)
	c.set(lead, "v")
	c.must(c.send(lead, kindWrite, "pexpire", "key", "50"), ":1")
	g := lead.handle.Gauges
	hits, misses := g.Hits.Load(), g.Misses.Load()
	c.wall += 60 // the key's time is over, and no entry says so
	c.must(c.sendBatch(lead, kindRead, nil, []string{"get", "key"}, []string{"get", "key"}), "$-1 $-1")
	if h, m := g.Hits.Load()-hits, g.Misses.Load()-misses; h != 0 || m != 2 || g.Expired.Load() != 1 {
		t.Errorf("%d hits, %d misses, %d expired", h, m, g.Expired.Load())
	}
}

func name(n *node) string { return fmt.Sprintf("n%d", n.i) }
