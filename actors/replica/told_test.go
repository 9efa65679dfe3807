package replica

import (
	"testing"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// A write costs each follower an append and its answer: what is committed is told by the next append, or by a heartbeat.
func TestCommitIsToldByTheNextMessage(t *testing.T) {
	c, lead := group(t, 3, 3)
	c.set(lead, "v")
	n := map[raftpb.MessageType]int{}
	c.net.tamper = func(_, _ *node, m wire.Message) wire.Message {
		n[raftOf(m).GetType()]++
		return m
	}
	for range 10 {
		c.set(lead, "v")
	}
	if n[raftpb.MsgApp] != 20 || n[raftpb.MsgAppResp] != 20 || len(n) != 2 {
		t.Errorf("ten writes took %v", n)
	}
	follower := c.other(lead)
	commit := func(n *node) uint64 { return n.handle.Gauges.Commit.Load() }
	if commit(follower) != commit(lead)-1 {
		t.Errorf("the leader has committed %d, a follower knows of %d", commit(lead), commit(follower))
	}
	c.tick(heartbeatTicks)
	if commit(follower) != commit(lead) {
		t.Errorf("after a heartbeat a follower knows of %d of %d", commit(follower), commit(lead))
	}
}

// Who reads at a follower does not wait for that.
func TestFollowerIsToldWhatItAsksFor(t *testing.T) {
	c, lead := group(t, 3, 3)
	for _, v := range []string{"1", "2", "3"} {
		c.set(lead, v)
		c.must(c.send(c.other(lead), kindFollower, "get", "key"), "$1 "+v)
	}
}

// A learner beside a single voter too, of whom raft asks nobody.
func TestLearnerIsToldWhatItAsksFor(t *testing.T) {
	c, lead := group(t, 2, 1)
	c.change(lead, Change{Add: []slotmap.NodeID{c.nodes[1].id}})
	for _, v := range []string{"1", "2", "3"} {
		c.set(lead, v)
		c.must(c.send(c.nodes[1], kindFollower, "get", "key"), "$1 "+v)
	}
}

// An empty append is also how a leader finds out that entries were lost on their way. That is not held back, nor does
// another write that waits for the leader's disk take its place.
func TestLostAppendIsFoundWithoutAnother(t *testing.T) {
	for _, waiting := range []bool{false, true} {
		c, lead := group(t, 3, 3)
		c.set(lead, "v")
		follower, down := c.other(lead), c.other(c.other(lead))
		c.net.isolate(down)
		lost := 0
		c.net.tamper = func(_, _ *node, m wire.Message) wire.Message {
			if r := raftOf(m); r.GetType() == raftpb.MsgApp && len(r.GetEntries()) > 0 && lost == 0 {
				lost++
				return nil
			}
			return m
		}
		lead.disk.held = waiting
		p := c.send(lead, kindWrite, "set", "key", "w")
		c.settle()
		if waiting {
			c.send(lead, kindWrite, "set", "key", "x")
			c.settle()
		}
		if p.answer != nil || lost != 1 {
			t.Fatalf("%v with %d lost appends", p, lost)
		}
		c.tick(heartbeatTicks)
		if got, want := follower.handle.Gauges.Last.Load(), lead.handle.Gauges.Last.Load(); got != want {
			t.Errorf("another write waits (%v): the follower's log ends at %d, the leader's at %d", waiting, got, want)
		}
		lead.disk.release()
		c.must(p, "+OK")
	}
}

// A new leader tells at once that it has committed something: who waits at the old one wants to know.
func TestNewLeaderTellsAtOnce(t *testing.T) {
	c, lead := group(t, 3, 3)
	c.set(lead, "v")
	c.tick(heartbeatTicks)
	next := c.other(lead)
	lead.system.Root.Send(lead.handle.PID, &Transfer{To: uint64(next.i)})
	c.settle()
	want := next.handle.Gauges.Last.Load()
	for _, n := range c.nodes {
		if got := n.handle.Gauges.Commit.Load(); got != want || c.leader() != next {
			t.Errorf("n%d has committed %d of %d", n.i, got, want)
		}
	}
}
