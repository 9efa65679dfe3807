package replica

import (
	"fmt"
	"strings"
	"testing"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/wire"
)

// queued is how many packets are on their way between any nodes.
func (w *network) queued() (n int) {
	for i := range w.links {
		n += len(w.links[i].queue)
	}
	return n
}

// cross delivers what the nodes have sent, before any of them sees an answer, so many times.
func (c *cluster) cross(rounds int) {
	for range rounds {
		for c.sched.Step() {
		}
		for range c.net.queued() {
			c.net.deliverOne()
		}
	}
	for c.sched.Step() {
	}
}

// Both survivors campaign at the same time, and each has voted for itself when the other one asks: they do not
// wait for an election timeout until they try again.
func TestSplitVoteIsRepeatedSoon(t *testing.T) {
	c, lead := group(t, 3, 3)
	c.set(lead, "v")
	c.tick(heartbeatTicks)
	c.kill(lead)
	c.lost(lead)
	for range 1 + 2*staggerTicks { // until it was the turn of both
		c.tickOnce()
		for c.sched.Step() {
		}
	}
	c.cross(3) // the votes before the vote, their answers, the votes
	c.settle()
	a := c.other(lead)
	b := c.other(a)
	if v, w := a.handle.Gauges.View(), b.handle.Gauges.View(); v.Role != RoleCandidate || w.Role != RoleCandidate || v.Term != w.Term {
		t.Fatalf("no split vote: %s | %s", status(a), status(b))
	}
	ticks := 0
	for ; c.leader() == nil && ticks < 2*electionTicks; ticks++ {
		c.tick(1)
	}
	if ticks > electionTicks/2 {
		t.Fatalf("a leader after %d ticks", ticks)
	}
	c.set(c.leader(), "w")
}

// A voter that notices later than the candidate that the leader's link is lost ignores the candidate until then. It is
// asked again: where it lacks a part of the log, nobody else can be elected.
func TestVoterThatNoticesLateIsAskedAgain(t *testing.T) {
	c, lead := group(t, 3, 3)
	c.tick(heartbeatTicks)
	soon := c.other(lead)
	late := c.other(soon)
	c.net.cut(lead, late)
	c.set(lead, "v")
	c.kill(lead)
	notice := func(n *node) { n.system.Root.Send(n.handle.PID, &PeerDown{Node: lead.id}) }
	notice(soon)
	c.tick(2 * deferTicks)
	if c.leader() != nil {
		t.Fatal("it is elected by one that believes in another")
	}
	notice(late)
	ticks := 0
	for ; c.leader() == nil && ticks < 2*electionTicks; ticks++ {
		c.tick(1)
	}
	if ticks > 2*deferTicks {
		t.Fatalf("a leader after %d ticks", ticks)
	}
	c.set(c.leader(), "w")
}

// replaying makes a group with a follower that has just started, with more of its log to replay than it keeps in memory.
func replaying(t *testing.T) (c *cluster, lead, back *node) {
	c, lead = group(t, 3, 3)
	value := strings.Repeat("v", 512<<10)
	for range 2 * DefaultBacklog / len(value) {
		c.set(lead, value)
	}
	c.tick(heartbeatTicks)
	back = c.other(lead)
	c.kill(back)
	c.start(back)
	return c, lead, back
}

// A voter that replays a long log after a restart takes it in pieces, and does not search the rest of it for
// configuration changes, as raft does before a campaign: in that turn the vote would wait that the other one needs.
func TestReplayingVoterVotesMeanwhile(t *testing.T) {
	c, lead, back := replaying(t)
	for range 3 * electionTicks { // more than it takes raft to campaign
		c.tickOnce(back)
	}
	c.kill(lead)
	c.lost(lead)
	for i := 0; c.leader() == nil && i < 100_000; i++ {
		if i%10 == 0 {
			c.tickOnce()
		}
		before := back.disk.read
		c.step()
		if n := back.disk.read - before; n > 2*maxRead {
			t.Fatalf("%d bytes read in one turn", n)
		}
	}
	if back.disk.read < DefaultBacklog {
		t.Fatalf("only %d bytes were replayed", back.disk.read)
	}
	c.set(c.leader(), "w")
}

// said delivers a message of raft as if a replica on the node from had sent it.
func (c *cluster) said(from, to *node, kind raftpb.MessageType, by uint64) {
	c.deliver(from, to, &raftpb.Message{Type: &kind, From: &by, Term: new(to.handle.Gauges.Term.Load())})
}

func (c *cluster) deliver(from, to *node, m *raftpb.Message) {
	m.To = new(to.handle.Gauges.Replica)
	to.system.Root.Send(to.handle.PID, &link.Inbound{From: from.id, Message: &wire.Raft{Message: m}})
}

// A replica that replays its log does not take over: it asks the leader to stay what it is.
func TestReplayingReplicaDoesNotTakeOver(t *testing.T) {
	c, lead, back := replaying(t)
	term := lead.handle.Gauges.Term.Load()
	c.said(lead, back, raftpb.MsgTimeoutNow, lead.handle.Gauges.Replica)
	c.tick(heartbeatTicks)
	if c.leader() != lead || lead.handle.Gauges.Term.Load() != term {
		t.Fatalf("it took over: %s", status(back))
	}
	c.said(lead, back, raftpb.MsgTimeoutNow, lead.handle.Gauges.Replica)
	c.tick(heartbeatTicks)
	if c.leader() != back {
		t.Fatalf("nor when it has caught up: %s", status(back))
	}
}

// What is asked of a leader in the turn in which it steps down waits for the next one, which may be itself.
func TestWritesWaitWhereTheLeaderStepsDown(t *testing.T) {
	for name, again := range map[string]bool{"another leads": false, "the same leads again": true} {
		t.Run(name, func(t *testing.T) {
			c, lead := group(t, 3, 3)
			next := c.other(lead)
			to, id, term := lead.handle.Gauges.Replica, next.handle.Gauges.Replica, lead.handle.Gauges.Term.Load()
			c.deliver(next, lead, &raftpb.Message{
				Type: new(raftpb.MsgVote), From: &id, Term: new(term + 1), Index: new(uint64(1 << 20)), LogTerm: &term, Context: []byte("CampaignTransfer"),
			})
			one, two := c.send(lead, kindWrite, "append", "key", "a"), c.send(lead, kindWrite, "append", "key", "b")
			c.settle()
			if one.answer != nil || two.answer != nil || lead.handle.Gauges.Term.Load() != term+1 {
				t.Fatalf("answered %v, %v, %s", one, two, status(lead))
			}
			if !again {
				c.said(lead, next, raftpb.MsgTimeoutNow, to)
				c.must(one, fmt.Sprintf("moved n%d", next.i))
				c.must(two, fmt.Sprintf("moved n%d", next.i))
				return
			}
			c.said(next, lead, raftpb.MsgTimeoutNow, id)
			c.must(one, ":1")
			c.must(two, ":2")
			c.must(c.send(lead, kindRead, "get", "key"), "$2 ab")
		})
	}
}

// A leader that is asked to stay what it is proposes again at once.
func TestDeclinedHandOverEnds(t *testing.T) {
	c, lead := group(t, 3, 3)
	gone := c.other(lead)
	id := gone.handle.Gauges.Replica
	c.kill(gone)
	lead.system.Root.Send(lead.handle.PID, &Transfer{To: id})
	c.settle()
	p := c.send(lead, kindWrite, "set", "key", "v")
	c.settle()
	if p.answer != nil {
		t.Fatal("no hand-over goes on")
	}
	c.said(c.other(gone), lead, raftpb.MsgTransferLeader, lead.handle.Gauges.Replica)
	c.settle()
	if p.answer != nil {
		t.Fatal("another than was asked has ended it")
	}
	c.said(gone, lead, raftpb.MsgTransferLeader, lead.handle.Gauges.Replica)
	c.tick(2)
	c.must(p, "+OK")
}

// One that was asked to stay, but leads no more, does not ask its successor for the leadership.
func TestDeclinedHandOverComesLate(t *testing.T) {
	c, lead := group(t, 3, 3)
	next := c.other(lead)
	lead.system.Root.Send(lead.handle.PID, &Transfer{To: next.handle.Gauges.Replica})
	c.tick(heartbeatTicks)
	if c.leader() != next {
		t.Fatalf("n%d leads", c.leader().i)
	}
	c.said(next, lead, raftpb.MsgTransferLeader, lead.handle.Gauges.Replica)
	c.tick(heartbeatTicks)
	if c.leader() != next {
		t.Fatal("it took the leadership back")
	}
}
