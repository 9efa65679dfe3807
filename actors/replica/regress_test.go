package replica

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// group makes a running group with a leader.
func group(t *testing.T, nodes, voters int) (*cluster, *node) {
	t.Helper()
	c := newCluster(t, 1, nodes, voters)
	c.startAll()
	return c, c.elect()
}

// must settles, and demands an answer.
func (c *cluster) must(p *pending, want string) {
	c.t.Helper()
	c.settle()
	if p.String() != want {
		c.t.Fatalf("n%d answers %v, want %s", p.node.i, p, want)
	}
}

func (c *cluster) set(n *node, v string) {
	c.t.Helper()
	c.must(c.send(n, kindWrite, "set", "key", v), "+OK")
}

func (c *cluster) other(n *node) *node { return c.nodes[n.i%len(c.nodes)] }

// change asks for a configuration change and lets it happen.
func (c *cluster) change(n *node, ch Change) {
	c.t.Helper()
	before := c.watch.members.Index
	n.system.Root.Send(n.handle.PID, &ch)
	c.tick(2 * heartbeatTicks)
	if c.watch.members.Index == before {
		c.t.Fatalf("the change %+v did not happen", ch)
	}
}

// A single voter does not know after a restart how much of its log it has acknowledged. A learner that
// asks it in that moment must not be told less.
func TestLearnerReadsNothingOldFromRestartedLeader(t *testing.T) {
	c, lead := group(t, 2, 1)
	learner := c.nodes[1]
	c.change(lead, Change{Add: []slotmap.NodeID{learner.id}})
	c.set(lead, "old")
	c.tick(2 * heartbeatTicks)
	c.net.cutOneWay(lead, learner)
	c.set(lead, "new")
	c.kill(lead)
	c.start(lead)
	for i := 0; lead.handle.Gauges.View().Role != RoleLeader; i++ {
		if !c.step() && i > 1000 {
			t.Fatal("it does not lead its group of one")
		}
	}
	lead.disk.held = true
	c.net.healAll()
	p := c.send(learner, kindFollower, "get", "key")
	c.tick(2)
	if p.answer != nil {
		t.Fatalf("before its leader has committed anything, the learner reads %v", p)
	}
	lead.disk.release()
	c.tick(6 * heartbeatTicks)
	c.must(p, "$3 new")
}

// A follower that installs a snapshot answers no read by the state that it had before, though the index
// of the read is covered by the snapshot.
func TestFollowerReadsNothingOldWhileItInstalls(t *testing.T) {
	c, lead := group(t, 3, 3)
	f := c.other(lead)
	c.every = 20
	c.set(lead, "old")
	c.tick(2 * heartbeatTicks)
	c.net.cutOneWay(lead, f)
	lead.handle = restartWith(c, lead, 20)
	lead = c.leaderAmong(f)
	c.net.healAll()
	c.net.cutOneWay(lead, f)
	for range 60 {
		c.set(lead, "new")
	}
	c.tick(2)
	p := c.send(f, kindFollower, "get", "key")
	c.net.healAll()
	f.disk.held = true // the snapshot arrives, and is not durable yet
	c.tick(3 * heartbeatTicks)
	if p.answer != nil {
		t.Fatalf("before the snapshot is installed the follower reads %v", p)
	}
	f.disk.release()
	c.tick(3 * heartbeatTicks)
	c.must(p, "$3 new")
}

// restartWith restarts a node with another length of log between snapshots.
func restartWith(c *cluster, n *node, every uint64) *Handle {
	c.every = every
	c.kill(n)
	c.start(n)
	return n.handle
}

// leaderAmong waits for a leader other than the given node.
func (c *cluster) leaderAmong(not *node) *node {
	c.t.Helper()
	for range 500 {
		c.tick(1)
		if n := c.leader(); n != nil && n != not && n.handle.Gauges.Ready.Load() {
			return n
		}
	}
	c.t.Fatal("no leader")
	return nil
}

// A read at a follower ends, though the follower hears its leader and the leader does not hear it.
func TestFollowerReadEndsUnderOneWayCut(t *testing.T) {
	c, lead := group(t, 3, 3)
	f := c.other(lead)
	c.net.cutOneWay(f, lead)
	p := c.send(f, kindFollower, "get", "key")
	c.tick(unknownTicks + 1)
	c.must(p, "down")
}

// So does one whose index is known, and whose entries do not come.
func TestFollowerReadEndsWithoutItsEntries(t *testing.T) {
	c, lead := group(t, 3, 3)
	f := c.other(lead)
	c.tick(heartbeatTicks)
	c.net.tamper = func(from, to *node, m wire.Message) wire.Message {
		if r, ok := m.(*wire.Raft); ok && to == f && r.Message.GetType() == raftpb.MsgApp {
			return nil
		}
		return m
	}
	c.set(lead, "new")
	p := c.send(f, kindFollower, "get", "key")
	c.tick(unknownTicks + 1)
	c.must(p, "down")
}

// A write that waits for hung disks is refused before long: it was never proposed. Where only the leader's hangs,
// another will lead, see testdata/slow_disk.txt.
func TestWriteIsRefusedBehindHungDisks(t *testing.T) {
	c, lead := group(t, 3, 3)
	for _, n := range c.nodes {
		n.disk.held = true
	}
	c.send(lead, kindWrite, "append", "key", "x")
	c.settle()
	behind := c.send(lead, kindWrite, "append", "key", "x")
	c.settle()
	c.tick(parkTicks + 1)
	c.must(behind, "tryagain")
}

// Low disk space stops writes. A read that meets an expired key goes on, though its time has to be
// committed first.
func TestExpiredKeyIsReadOnLowDisk(t *testing.T) {
	c, lead := group(t, 1, 1)
	c.must(c.send(lead, kindWrite, "set", "key", "v", "px", "100"), "+OK")
	lead.disk.low = true
	c.must(c.send(lead, kindRead, "get", "key"), "$1 v")
	c.tick(10)
	c.must(c.send(lead, kindWrite, "set", "key", "w"), "misconf")
	c.must(c.send(lead, kindRead, "get", "key"), "$-1")
}

// Keys that expire all at once are gone some ticks later: a leader at rest works them off in slices of many.
func TestManyKeysExpireAtOnce(t *testing.T) {
	c, lead := group(t, 1, 1)
	const keys = 2*expirePerIdleEntry + 1
	var sent []*pending
	for i := range keys {
		sent = append(sent, c.send(lead, kindWrite, "set", fmt.Sprint("key", i), "v", "px", "100"))
	}
	for _, p := range sent {
		c.must(p, "+OK")
	}
	for range 40 {
		if lead.handle.Gauges.Keys.Load() < keys {
			break
		}
		c.tick(1)
	}
	c.tick(3)
	if n := lead.handle.Gauges.Keys.Load(); n != 0 {
		t.Errorf("%d of %d keys are left", n, keys)
	}
}

// A peer's answer to a heartbeat with an odd context ends no leader.
func TestOddHeartbeatAnswer(t *testing.T) {
	c, lead := group(t, 3, 3)
	f := c.other(lead)
	v := lead.handle.Gauges.View()
	lead.system.Root.Send(lead.handle.PID, &link.Inbound{From: f.id, Message: &wire.Raft{Shard: testShard, Message: &raftpb.Message{
		Type: raftpb.MsgHeartbeatResp.Enum(), From: new(f.handle.Gauges.Replica), To: new(v.Replica), Term: new(v.Term), Context: []byte("odd"),
	}}})
	c.set(lead, "v")
}

// Replicas that come to lead after a restart go on from the shard's clock, though their wall clocks lie
// behind it.
func TestClockGoesOnAfterRestart(t *testing.T) {
	c, lead := group(t, 1, 1)
	lead.skew = time.Hour.Milliseconds()
	c.every = 2
	lead.handle = restartWith(c, lead, 2)
	lead = c.leaderAmong(nil)
	for range 4 {
		c.set(lead, "v")
		c.tick(2)
	}
	c.must(c.send(lead, kindWrite, "set", "short", "v", "px", "2000"), "+OK")
	c.tick(5)
	for lead.handle.Gauges.Snapshot.Load() < lead.handle.Gauges.Applied.Load() {
		c.set(lead, "v")
		c.tick(2)
	}
	lead.skew = 0
	c.kill(lead)
	c.start(lead)
	lead = c.leaderAmong(nil)
	c.tick(int(3 * time.Second / TickInterval))
	c.must(c.send(lead, kindRead, "get", "short"), "$-1")
}

// A candidate asks for votes only once its own is on disk. Else it could lead by the votes of the others,
// forget that in a crash, and lead once more in the same term, with other entries at the same places.
func TestNobodyLeadsOneTermTwice(t *testing.T) {
	c, lead := group(t, 3, 3)
	twice, third := c.other(lead), c.other(c.other(lead))
	c.set(lead, "first")
	c.tick(heartbeatTicks)
	twice.disk.held = true
	c.net.cut(lead, third)
	lead.system.Root.Send(lead.handle.PID, &Transfer{To: twice.handle.Gauges.Replica})
	for twice.handle.Gauges.View().Role != RoleLeader && c.step() {
	}
	if twice.handle.Gauges.View().Role == RoleLeader {
		c.net.cut(twice, third)
		p := c.send(twice, kindWrite, "set", "key", "x")
		c.tick(1, twice)
		c.kill(twice)
		c.net.cut(twice, lead)
		if p.answer != nil {
			t.Fatalf("a write on one disk of three was answered: %v", p)
		}
	} else {
		c.kill(twice)
	}
	c.start(twice)
	c.net.heal(twice, third)
	twice.disk.held = false
	for i := 0; i < 3*electionTicks && c.leader() != twice; i++ {
		c.tick(1, twice)
	}
	if c.leader() == twice {
		c.set(twice, "y")
	}
	c.net.healAll()
	c.tick(4 * electionTicks)
	c.set(c.leader(), "z") // and every replica applied the same, or the cluster would have said so
	c.tick(heartbeatTicks)
}

// A group cannot be told to remove its last voter: no replica could apply that, not even after a restart.
func TestLastVoterStays(t *testing.T) {
	c, lead := group(t, 3, 3)
	lead.system.Root.Send(lead.handle.PID, &Change{Remove: []uint64{1, 2, 3}})
	c.tick(heartbeatTicks)
	if m := c.watch.members; m.Index != 1 {
		t.Fatalf("it changed to %v", m.Conf)
	}
	c.set(lead, "v")
}

// Nor may a majority of the voters be such that the group would stand still.
func TestChangeNeedsReplicasThatCanCarryIt(t *testing.T) {
	c, lead := group(t, 5, 3)
	add := c.nodes[3:]
	c.net.isolate(add[0])
	c.net.isolate(add[1])
	c.change(lead, Change{Add: []slotmap.NodeID{add[0].id, add[1].id}})
	before := c.watch.members.Index
	lead.system.Root.Send(lead.handle.PID, &Change{Promote: []uint64{4, 5}, Remove: []uint64{c.other(lead).handle.Gauges.Replica}})
	c.tick(heartbeatTicks)
	if c.watch.members.Index != before {
		t.Fatalf("two of four voters have nothing, and it changed to %v", c.watch.members.Conf)
	}
}

// Whoever sent a request to a replica that ends gets an answer, and the budget back.
func TestEndedReplicaAnswers(t *testing.T) {
	c, lead := group(t, 3, 3)
	f := c.other(lead)
	h := f.handle
	f.system.Root.Send(h.PID, &Destroy{Reason: "test"})
	var ps []*pending
	for i := 0; f.handle != nil && i < 1000; i++ {
		if p := c.send(f, kindFollower, "get", "key"); p.answer == nil {
			ps = append(ps, p)
		}
		c.tickOnce()
		c.step()
		c.step()
	}
	c.settle()
	if f.handle != nil || f.disk.now.tombstone != h.Gauges.Replica {
		t.Fatal("it does not end")
	}
	for i, p := range ps {
		if p.answer == nil {
			t.Fatalf("request %d of %d has no answer", i, len(ps))
		}
	}
	if v := h.Gauges.View(); v.Role != RoleFollower || v.Ready {
		t.Fatalf("it is shown as %v", v.Role)
	}
}

// A joint configuration is left though raft's only attempt falls into a transfer of the leadership that
// comes to nothing, and though nobody writes.
func TestJointConfigurationIsLeft(t *testing.T) {
	c, lead := group(t, 4, 3)
	gone := c.other(c.other(lead))
	c.change(lead, Change{Add: []slotmap.NodeID{c.nodes[3].id}})
	c.tick(20)
	c.kill(gone)
	id := memberOn(c.watch.members, gone.id)
	lead.system.Root.Send(lead.handle.PID, &Change{Promote: []uint64{4}, Remove: []uint64{id}})
	for !c.watch.members.Joint() && c.step() {
		if c.watch.members.Index > 0 && lead.handle.Gauges.Last.Load() > lead.handle.Gauges.Commit.Load() {
			lead.system.Root.Send(lead.handle.PID, &Transfer{To: id})
			break
		}
	}
	c.tick(3 * electionTicks)
	if m := c.watch.members; m.Joint() || m.Has(id) {
		t.Fatalf("after three seconds it is %v", m.Conf)
	}
}

// The leader is being removed, and a write goes on behind that to one of the two that stay. The removed
// leader then gives its vote to the other one, whose log is shorter than its own: that must not cost the
// write, if it was acknowledged.
func TestVoteOfRemovedLeaderCostsNothing(t *testing.T) {
	c, lead := group(t, 3, 3)
	has, misses := c.other(lead), c.other(c.other(lead))
	c.tick(heartbeatTicks)
	lead.system.Root.Send(lead.handle.PID, &Change{Remove: []uint64{lead.handle.Gauges.Replica}})
	at := lead.handle.Gauges.Last.Load()
	for lead.handle.Gauges.Last.Load() == at && c.step() {
	}
	c.net.tamper = func(_, to *node, m wire.Message) wire.Message {
		if e := raftOf(m).GetEntries(); to == misses && len(e) > 0 && e[len(e)-1].GetIndex() > at+1 {
			return nil
		}
		return m
	}
	// Both entries come to the one follower, and both acknowledgements to the leader, at the same time.
	has.disk.held, misses.disk.held = true, true
	p := c.send(lead, kindWrite, "set", "key", "v")
	c.settle()
	has.disk.release()
	for c.sched.Step() {
	}
	for c.net.deliverOne() {
	}
	c.settle()
	acked := p.String() == "+OK"
	misses.disk.release()
	c.settle()
	c.net.isolate(has)
	c.tick(4*electionTicks, lead, misses)
	c.net.tamper = nil
	c.net.healAll()
	c.tick(6 * electionTicks)
	if got := c.send(c.leader(), kindRead, "get", "key"); acked {
		c.must(got, "$1 v")
	}
}

// The leader of two is removed, and the other one does not hear that the change is committed. By what it knows
// it needs the vote of the removed one, whose log is longer by a write that will never be committed.
func TestRemovedLeaderStandsInNobodysWay(t *testing.T) {
	c, lead := group(t, 2, 2)
	stays := c.other(lead)
	c.set(lead, "v")
	c.tick(heartbeatTicks)
	lead.system.Root.Send(lead.handle.PID, &Change{Remove: []uint64{lead.handle.Gauges.Replica}})
	leave := lead.handle.Gauges.Last.Load() + 2 // the joint configuration, and its end
	for lead.handle.Gauges.Last.Load() < leave && c.step() {
	}
	c.net.tamper = func(_, to *node, m wire.Message) wire.Message {
		if r := raftOf(m); to == stays && (r.GetCommit() >= leave || len(r.GetEntries()) > 0 && r.Entries[0].GetIndex() > leave) {
			return nil
		}
		return m
	}
	p := c.send(lead, kindWrite, "set", "key", "w")
	for c.sched.Step() {
	}
	c.settle()
	if v := lead.handle.Gauges.View(); v.Role == RoleLeader || v.Last <= leave || stays.handle.Gauges.Commit.Load() >= leave {
		t.Fatalf("no such state: %s | %s", status(lead), status(stays))
	}
	c.net.tamper = nil
	c.tick(4 * electionTicks)
	if c.leader() != stays {
		t.Fatalf("%s | %s", status(lead), status(stays))
	}
	c.must(p, fmt.Sprintf("moved n%d", stays.i)) // it sees another entry committed in that place
	c.must(c.send(stays, kindRead, "get", "key"), "$1 v")
}

// A follower dies while it waits for the answer to a read's question, and is back before the answer, which tells
// the index of a time before a write that was acknowledged meanwhile. It is not the answer to the question of a
// read that came after the write.
func TestAnswerToAnEarlierLifeConfirmsNoRead(t *testing.T) {
	c, lead := group(t, 3, 3)
	f := c.other(lead)
	c.set(lead, "old")
	c.tick(2 * heartbeatTicks)
	c.net.isolate(c.other(f))
	c.settle()
	toFollower, toLeader := c.net.pipe(lead.i, f.i, false), c.net.pipe(f.i, lead.i, false)
	toFollower.stuck = true
	if p := c.send(f, kindFollower, "get", "key"); p.answer != nil {
		t.Fatalf("answered without the leader: %v", p)
	}
	c.settle()
	c.kill(f)
	toFollower.queue, toLeader.queue = nil, nil
	c.start(f)
	c.settle()
	toFollower.stuck, toLeader.stuck = false, true
	c.tick(heartbeatTicks, lead)
	w := c.send(lead, kindWrite, "set", "key", "new")
	c.settle()
	toFollower.stuck, toLeader.stuck = true, false
	c.settle()
	c.must(w, "+OK")
	p := c.send(f, kindFollower, "get", "key")
	c.settle()
	for len(toFollower.queue) > 0 && p.answer == nil {
		next := toFollower.queue[0]
		toFollower.queue = toFollower.queue[1:]
		c.net.carry(lead, f, next, false)
		for c.sched.Step() {
		}
	}
	if p.answer != nil {
		c.must(p, "$3 new")
	}
}

// Messages of a peer that cannot prove who it is do not end a node, whatever they say of the log.
func TestForgedWordOfTheLogIsRefused(t *testing.T) {
	c := newCluster(t, 1, 3, 3)
	c.untrusted = true
	c.startAll()
	lead := c.elect()
	f := c.other(lead)
	c.set(lead, "v")
	forge := func(from, to *node, kind raftpb.MessageType, m *raftpb.Message) {
		m.Type, m.Term = &kind, new(lead.handle.Gauges.Term.Load())
		m.From, m.To = new(from.handle.Gauges.Replica), new(to.handle.Gauges.Replica)
		to.system.Root.Send(to.handle.PID, &link.Inbound{From: from.id, Message: &wire.Raft{Shard: testShard, Message: m}})
		c.settle()
	}
	forge(lead, f, raftpb.MsgHeartbeat, &raftpb.Message{Commit: new(uint64(1_000_000_000))})
	forge(f, lead, raftpb.MsgAppResp, &raftpb.Message{Index: new(uint64(1_000_000_000))})
	c.must(c.send(lead, kindWrite, "set", "key", "w"), "+OK")
	c.must(c.send(f, kindFollower, "get", "key"), "$1 w")
}

// A snapshot for which the disk has no room is not begun. It is tried again, not at every tick, and taken once
// there is room.
func TestSnapshotWaitsForRoom(t *testing.T) {
	c, lead := group(t, 1, 1)
	lead.disk.noRoom = true
	for i := range int(later(c.every, snapshotPlaces)) {
		c.set(lead, fmt.Sprint(i))
	}
	c.tick(3)
	if n := lead.disk.compacted; n != 0 {
		t.Fatalf("%d snapshots without room", n)
	}
	lead.disk.noRoom = false
	c.tick(3)
	if n := lead.disk.compacted; n != 0 {
		t.Fatal("tried again at once")
	}
	c.tick(snapRetryTicks)
	if n := lead.disk.compacted; n != 1 {
		t.Fatalf("%d snapshots with room", n)
	}
	if lead.disk.claims != 0 {
		t.Fatalf("%d claims are not given back", lead.disk.claims)
	}
}

// What does not fit into the replies of a batch is answered by an error, and what was asked is done all the same.
func TestRepliesAreBounded(t *testing.T) {
	c := newCluster(t, 1, 1, 1)
	c.maxReplies = 100
	c.startAll()
	lead := c.elect()
	c.set(lead, strings.Repeat("v", 60))
	c.must(c.send(lead, kindRead, "get", "key"), "$60 "+strings.Repeat("v", 60))
	c.must(c.send(lead, kindRead, "mget", "key", "key"), "-"+errLargeReply)
	c.must(c.send(lead, kindWrite, "append", "key", strings.Repeat("w", 60)), ":120")
	c.must(c.send(lead, kindWrite, "set", "key", "x", "get"), "-"+errLargeReply)
	c.must(c.send(lead, kindRead, "get", "key"), "$1 x")
}
