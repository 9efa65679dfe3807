package replica

import (
	"fmt"
	"testing"
)

// status is the line that INFO shows, for the figures that a test is about.
func status(n *node) string {
	if n.handle == nil {
		return "down"
	}
	v := n.handle.Gauges.View()
	return fmt.Sprintf("role=%v,last=%d,commit=%d,applied=%d", v.Role, v.Last, v.Commit, v.Applied)
}

// The example of the textbooks: the leader is at entry 100, its followers at 89 and 88. A majority holds
// entry 89, so it is committed; 90 to 100 are on one disk, and visible nowhere. The leader dies. The
// follower at 88 cannot win an election, the one at 89 can, and what it then serves is exactly what was
// acknowledged.
func TestTextbookExample(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { textbook(t, seed) })
	}
}

func textbook(t *testing.T, seed uint64) {
	c := newCluster(t, seed, 3, 3)
	c.startAll()
	leader := c.elect()
	at89, at88 := c.nodes[leader.i%3], c.nodes[(leader.i+1)%3]
	set := func(i uint64) *pending { return c.send(leader, kindWrite, "set", "key", fmt.Sprint(i)) }

	last := func(n *node) uint64 { return n.handle.Gauges.View().Last }
	for last(leader) < 88 {
		if p := set(last(leader) + 1); true {
			c.settle()
			if p.String() != "+OK" {
				t.Fatalf("write: %v", p)
			}
		}
	}
	c.tick(heartbeatTicks) // the followers learn the commit index
	c.net.cut(leader, at88)
	acked := set(89)
	c.settle()
	c.net.cut(leader, at89)
	var open []*pending
	for i := uint64(90); i <= 100; i++ {
		open = append(open, set(i))
		c.tick(1, leader) // what comes while an entry is under way waits so long for company
	}
	if acked.String() != "+OK" || last(leader) != 100 || last(at89) != 89 || last(at88) != 88 {
		t.Fatalf("no such state: %v; %s | %s | %s", acked, status(leader), status(at89), status(at88))
	}
	if got := status(leader); got != "role=leader,last=100,commit=89,applied=89" {
		t.Fatalf("leader: %s", got)
	}
	for i, p := range open {
		if p.answer != nil {
			t.Fatalf("entry %d is on one disk of three, and was answered: %v", 90+i, p)
		}
	}
	if p := c.send(leader, kindRead, "get", "key"); true {
		c.settle()
		if p.answer != nil {
			t.Fatalf("a leader without a majority answers a read: %v", p)
		}
	}

	c.kill(leader)
	c.net.cut(at88, at89)
	c.lost(leader)
	c.settle()
	c.net.healAll()

	// The follower at 88 stands first, and again and again: it cannot win.
	c.tick(4*electionTicks, at88)
	if v := at88.handle.Gauges.View(); v.Role == RoleLeader || v.Last != 88 {
		t.Fatalf("the follower at 88 won: %s", status(at88))
	}
	for i := 0; c.leader() == nil && i < 6*electionTicks; i++ {
		c.tick(1, at88, at89)
	}
	if c.leader() != at89 {
		t.Fatalf("89: %s, 88: %s", status(at89), status(at88))
	}
	expect := func(n *node, k kind) {
		t.Helper()
		p := c.send(n, k, "get", "key")
		c.tick(2*heartbeatTicks, at88, at89)
		if p.String() != "$2 89" {
			t.Fatalf("n%d reads %v, and 89 was acknowledged last", n.i, p)
		}
	}
	expect(at89, kindRead)
	expect(at88, kindFollower)

	// The old leader comes back with its eleven entries, which nobody ever acknowledged. They go.
	c.start(leader)
	c.tick(3 * heartbeatTicks)
	expect(at89, kindRead)
	if v := leader.handle.Gauges.View(); v.Role != RoleFollower || v.Last != last(at89) || v.Commit != v.Last {
		t.Fatalf("the old leader: %s, the new one: %s", status(leader), status(at89))
	}
}
