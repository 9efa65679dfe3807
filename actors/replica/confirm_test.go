package replica

import (
	"math"
	"slices"
	"testing"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// latePeer is after how many ticks others are asked than the node that answers soonest.
const latePeer = 4

// asking notes whom a group's leader asks whether it leads still.
type asking struct {
	*cluster
	lead *node
	no   bool  // nobody confirms anything
	deaf bool  // nobody hears of package confirm, as nodes of before it
	of   []int // nodes that were asked
	raft int   // heartbeats that confirm reads
}

func newAsking(t *testing.T, nodes int) *asking {
	c, lead := group(t, nodes, nodes)
	a := &asking{cluster: c, lead: lead}
	c.net.tamper = func(_, to *node, m wire.Message) wire.Message {
		switch m := m.(type) {
		case *wire.Confirm:
			if a.deaf {
				return nil
			}
			if len(m.Leads) > 0 {
				a.of = append(a.of, to.i)
			}
		case *wire.Confirmed:
			if a.no {
				return &wire.Confirmed{ID: m.ID, Not: []uint32{0}}
			}
		case *wire.Raft:
			if beat(m.Message) != 0 {
				a.raft++
			}
		}
		return m
	}
	c.set(lead, "v")
	return a
}

// read reads once, and returns who was asked.
func (a *asking) read() []int {
	a.t.Helper()
	a.of = nil
	a.must(a.send(a.lead, kindRead, "get", "key"), "$1 v")
	slices.Sort(a.of)
	return a.of
}

// known reads until it is known who answers soonest, and returns whom the leader asks then.
func (a *asking) known() []int {
	a.t.Helper()
	a.read()
	a.tick(1)
	return slices.Clone(a.read())
}

func TestReadsAskAMajority(t *testing.T) {
	for _, nodes := range []int{3, 5} {
		a := newAsking(t, nodes)
		all, some := slices.Clone(a.read()), a.known()
		if len(all) != nodes-1 || len(some) != nodes/2 {
			t.Errorf("%d nodes: %v and then %v were asked", nodes, all, some)
		}
		for range 10 {
			if again := a.read(); !slices.Equal(again, some) {
				t.Errorf("%d nodes: %v were asked after %v", nodes, again, some)
			}
		}
		if a.raft > 0 {
			t.Errorf("%d nodes: raft has read too", nodes)
		}
	}
}

// Reads that come while a round is under way share the next one.
func TestReadsOfManyTurnsShareAMessage(t *testing.T) {
	a := newAsking(t, 3)
	asked := a.known()[0]
	there := a.net.pipe(a.lead.i, asked, false)
	there.stuck = true
	a.of = nil
	var open []*pending
	for range 5 {
		open = append(open, a.send(a.lead, kindRead, "get", "key"))
		a.settle()
	}
	there.stuck = false
	a.settle()
	for _, p := range open {
		a.must(p, "$1 v")
	}
	if len(a.of) != 2 {
		t.Errorf("%d messages for reads of five turns, the first of which had left: %v", len(a.of), a.of)
	}
}

// One that does not answer costs a few ticks, one whose node is known to be gone none, and neither is asked again.
func TestReadsGoOnWithoutTheirConfirmer(t *testing.T) {
	for _, known := range []bool{false, true} {
		a := newAsking(t, 3)
		confirmer := a.nodes[a.known()[0]-1]
		a.net.cut(a.lead, confirmer)
		p := a.send(a.lead, kindRead, "get", "key")
		a.settle()
		if p.String() == "$1 v" {
			t.Fatal("the round was confirmed without its confirmer")
		}
		if known {
			a.lost(confirmer)
		} else {
			a.tick(latePeer)
		}
		a.must(p, "$1 v")
		if next := a.read(); len(next) != 1 || next[0] == confirmer.i {
			t.Errorf("after n%d was cut off %v are asked", confirmer.i, next)
		}
	}
}

// Where nobody answers, as nodes that do not know the question, raft confirms the reads, until it is tried again.
func TestReadsGoOnWithoutConfirmers(t *testing.T) {
	a := newAsking(t, 3)
	a.deaf = true
	p := a.send(a.lead, kindRead, "get", "key")
	follower := a.send(a.other(a.lead), kindFollower, "get", "key")
	a.settle()
	if a.raft > 0 {
		t.Fatal("raft was asked at once")
	}
	a.tick(readRetryTicks + 1)
	a.must(p, "$1 v")
	if a.raft == 0 {
		t.Error("raft has not read")
	}
	a.tick(readRetryTicks)
	a.must(follower, "$1 v")
	a.must(a.send(a.lead, kindRead, "get", "key"), "$1 v")
	a.deaf = false
	a.tick(distrustTicks)
	before := a.raft
	if again := a.read(); len(again) == 0 || a.raft > before {
		t.Errorf("%v asked, and %d heartbeats of raft, after a while", again, a.raft-before)
	}
}

// A follower's question for a read index is answered without a round of raft's, and not before a voter has confirmed.
func TestFollowersAskThroughTheirLeader(t *testing.T) {
	a := newAsking(t, 3)
	asked := a.nodes[a.known()[0]-1]
	reader := a.nodes[6-a.lead.i-asked.i-1]
	there := a.net.pipe(a.lead.i, asked.i, false)
	there.stuck = true
	p := a.send(reader, kindFollower, "get", "key")
	a.settle()
	if p.answer != nil {
		t.Fatal("answered without a voter's word")
	}
	there.stuck = false
	a.must(p, "$1 v")
	if a.raft > 0 {
		t.Errorf("%d heartbeats of raft", a.raft)
	}
}

// A leader that was deposed without its knowledge gets no reads confirmed, by whichever voter: those who have elected
// another one say no, the others do not hear it.
func TestDeposedLeaderIsNotConfirmed(t *testing.T) {
	a := newAsking(t, 3)
	a.known()
	next := a.other(a.lead)
	third := a.other(next)
	// The old leader hears nobody of the others' consensus, but asks and is answered.
	tamper := a.net.tamper
	a.net.tamper = func(from, to *node, m wire.Message) wire.Message {
		if _, raft := m.(*wire.Raft); raft && (to == a.lead || from == a.lead) {
			return nil
		}
		return tamper(from, to, m)
	}
	a.tick(4*electionTicks, next, third)
	if next.disk.now.hard.GetTerm() <= a.lead.disk.now.hard.GetTerm() || Role(a.lead.handle.Gauges.Role.Load()) != RoleLeader {
		t.Fatalf("no such state: %s | %s | %s", status(a.lead), status(next), status(third))
	}
	now := next
	if Role(third.handle.Gauges.Role.Load()) == RoleLeader {
		now = third
	}
	a.set(now, "w")
	p := a.send(a.lead, kindRead, "get", "key")
	a.settle()
	if p.answer != nil {
		t.Errorf("a deposed leader answers %v", p)
	}
}

// Nobody confirms for a majority that is no more.
func TestReadsAskTheVotersOfTheMoment(t *testing.T) {
	a := newAsking(t, 4)
	some := a.known()
	if len(some) != 2 {
		t.Fatalf("%v were asked", some)
	}
	gone := a.nodes[some[0]-1]
	a.change(a.lead, Change{Remove: []uint64{uint64(gone.i)}})
	if left := a.read(); slices.Contains(left, gone.i) || len(left) == 0 {
		t.Errorf("%v were asked once n%d had gone", left, gone.i)
	}
}

// The log may acknowledge a vote while the turn goes on in which it was asked for: a snapshot's arrival has raft's Ready
// handled there and then. The vote must not leave before its term is shown, which outbound checks.
func TestTermIsShownBeforeAVoteLeaves(t *testing.T) {
	c := newCluster(t, 1, 5, 5)
	c.every, c.keep, c.instant = 20, 2, true
	c.startAll()
	lead := c.elect()
	voter := c.other(lead)
	candidate := c.other(voter)
	c.net.isolate(voter)
	for range 60 {
		c.set(lead, "v")
		c.tick(1)
	}
	files := c.net.pipe(lead.i, voter.i, true)
	c.net.healAll()
	files.stuck = true
	for i := 0; i < 200 && len(files.queue) == 0; i++ {
		c.tick(1)
	}
	if len(files.queue) == 0 {
		t.Fatal("no snapshot is sent")
	}
	term := voter.handle.Gauges.Term.Load()
	voter.system.Root.Send(voter.handle.PID, &link.Inbound{From: candidate.id, Message: &wire.Raft{Shard: testShard, Message: &raftpb.Message{
		Type: raftpb.MsgVote.Enum(), From: new(uint64(candidate.i)), To: new(uint64(voter.i)), Term: new(term + 1),
		LogTerm: new(term), Index: new(uint64(math.MaxUint32)), Context: []byte(consented),
	}}})
	if err := c.net.handOver(lead, voter, files.queue[0].file); err != nil {
		t.Fatal(err)
	}
	files.queue = nil
	voted := false
	c.net.tamper = func(from, _ *node, m wire.Message) wire.Message {
		r := raftOf(m)
		voted = voted || from == voter && r.GetType() == raftpb.MsgVoteResp && r.GetTerm() == term+1 && !r.GetReject()
		return m
	}
	c.settle()
	if !voted {
		t.Fatal("it has not voted")
	}
}

// Nodes that do not know the question cost their leader less and less.
func TestTrustIsLostForLonger(t *testing.T) {
	a := newAsking(t, 3)
	a.deaf = true
	late := func(ticks int) (n int) {
		for range ticks {
			p := a.send(a.lead, kindRead, "get", "key")
			if a.settle(); p.answer == nil {
				n++
			}
			a.tick(1)
		}
		return n
	}
	late(20)
	first, then := late(6*distrustTicks), late(6*distrustTicks)
	if first == 0 || then > first/2 {
		t.Errorf("%d reads had to wait in a time, and then %d", first, then)
	}
	a.deaf = false
	for i := 0; len(a.read()) == 0; i++ {
		if i > maxDistrustTicks {
			t.Fatal("it is not tried again")
		}
		a.tick(1)
	}
	a.deaf = true
	late(readRetryTicks + 2)
	if again := late(6 * distrustTicks); again < first/2 {
		t.Errorf("%d reads had to wait once there had been answers, %d before", again, first)
	}
}

// Where no voter confirms, raft answers what followers ask at once: they need not ask again.
func TestQuestionsGoToRaft(t *testing.T) {
	a := newAsking(t, 3)
	a.known()
	a.no = true
	p := a.send(a.other(a.lead), kindFollower, "get", "key")
	a.must(p, "$1 v")
	if a.raft == 0 {
		t.Error("raft was not asked")
	}
}

// A follower is told the index of all that is committed, also of what it has not got.
func TestFollowersAreToldWhatIsCommitted(t *testing.T) {
	a := newAsking(t, 3)
	a.known()
	f := a.other(a.lead)
	tamper := a.net.tamper
	a.net.tamper = func(from, to *node, m wire.Message) wire.Message {
		if t := raftOf(m).GetType(); to == f && (t == raftpb.MsgApp || t == raftpb.MsgHeartbeat) {
			return nil
		}
		return tamper(from, to, m)
	}
	a.set(a.lead, "w")
	p := a.send(f, kindFollower, "get", "key")
	a.settle()
	if p.answer != nil {
		t.Fatalf("n%d answers %v, and has nothing of the newest write", f.i, p)
	}
	a.net.tamper = tamper
	a.tick(2 * heartbeatTicks)
	a.must(p, "$1 w")
}

// In a joint configuration, and for who has no vote, raft knows whose word counts.
func TestElectors(t *testing.T) {
	nodes := map[uint64]slotmap.NodeID{1: {1}, 2: {2}, 3: {3}, 4: {4}}
	for _, tt := range []struct {
		conf *raftpb.ConfState
		want []uint64
	}{
		{&raftpb.ConfState{Voters: []uint64{1, 2, 3}, Learners: []uint64{4}}, []uint64{2, 3}},
		{&raftpb.ConfState{Voters: []uint64{1}}, nil},
		{&raftpb.ConfState{Voters: []uint64{2, 3}, Learners: []uint64{1}}, nil},
		{&raftpb.ConfState{Voters: []uint64{1, 2, 4}, VotersOutgoing: []uint64{1, 2, 3}}, nil},
	} {
		r := &replica{cfg: &Config{Replica: 1}, members: Membership{Nodes: nodes, Conf: tt.conf}}
		r.findElectors()
		var got []uint64
		for _, v := range r.electors {
			if got = append(got, v.Replica); v.Node != nodes[v.Replica] {
				t.Errorf("%v: %v", tt.conf, v)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, want %v", tt.conf, got, tt.want)
		}
	}
}
