package replica

import (
	"math/rand/v2"
	"slices"
	"time"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// trouble is what a seed has in store. Every seed has only some kinds of it, so that rare kinds meet
// each other in quiet surroundings as well.
type trouble struct {
	rate  float64
	kinds []func(*sim)
	moves bool  // the membership changes
	dead  *node // a wiped node whose replica is to be replaced
	fresh *node // the node that takes its place
}

func drawTrouble(rng *rand.Rand) trouble {
	all := []func(*sim){
		(*sim).cutHalf, (*sim).cutOne, (*sim).cutDirection, (*sim).muteOne, (*sim).stall, (*sim).healSome, (*sim).healSome,
		(*sim).evidence, (*sim).killOne, (*sim).restartOne, (*sim).restartOne, (*sim).holdDisk, (*sim).releaseDisk,
		(*sim).lowDisk, (*sim).transfer, (*sim).handOver, (*sim).jumpClock, (*sim).weather, (*sim).waitQuery, (*sim).blinkOne, (*sim).riot, (*sim).riot,
	}
	t := trouble{rate: 0.02 + 0.2*rng.Float64(), moves: rng.IntN(2) == 0}
	for _, k := range all {
		if rng.IntN(3) > 0 {
			t.kinds = append(t.kinds, k)
		}
	}
	return t
}

// replacing reports whether a wiped replica is not replaced yet.
func (t *trouble) replacing() bool { return t.dead != nil }

// stir makes trouble, perhaps.
func (s *sim) stir() {
	if len(s.trouble.kinds) > 0 && s.rng.Float64() < s.trouble.rate {
		s.trouble.kinds[s.rng.IntN(len(s.trouble.kinds))](s)
	}
	if s.trouble.moves && s.rng.IntN(10) == 0 {
		s.drive(false)
	}
	if s.trouble.moves && s.trouble.dead == nil && s.rng.IntN(300) == 0 {
		s.wipeOne()
	}
}

func (s *sim) any() *node { return s.nodes[s.rng.IntN(len(s.nodes))] }

func (s *sim) anyOrLeader() *node {
	if lead := s.leader(); lead != nil && s.rng.IntN(2) == 0 {
		return lead
	}
	return s.any()
}

func (s *sim) cutHalf() {
	side := s.rng.Uint32()
	for i, a := range s.nodes {
		for j, b := range s.nodes[:i] {
			if (side>>i^side>>j)&1 == 1 {
				s.net.cut(a, b)
			}
		}
	}
}

func (s *sim) cutOne() {
	n := s.anyOrLeader()
	s.net.isolate(n)
	if s.rng.IntN(3) > 0 {
		s.lost(n)
	}
}

func (s *sim) cutDirection() {
	if a, b := s.any(), s.any(); a != b {
		s.net.cutOneWay(a, b)
	}
}

// muteOne keeps a replica from the others, whose nodes are in touch with its own all the same.
func (s *sim) muteOne() { s.net.mute[s.anyOrLeader().i] = true }

// stall holds back what travels between two nodes, to deliver it late.
func (s *sim) stall() {
	if a, b := s.any(), s.any(); a != b {
		s.net.both(a.i, b.i, func(p *pipe) { p.stuck = true })
	}
}

func (s *sim) healSome() {
	if s.rng.IntN(2) == 0 {
		s.net.healAll()
		return
	}
	if a, b := s.any(), s.any(); a != b {
		s.net.heal(a, b)
	}
}

// evidence tells everyone that a link broke, true or not.
func (s *sim) evidence() { s.lost(s.any()) }

func (s *sim) killOne() {
	n := s.anyOrLeader()
	if n.life == nil {
		return
	}
	s.end(n)
	if s.rng.IntN(2) == 0 {
		s.lost(n)
	}
}

func (s *sim) end(n *node) {
	s.kill(n)
	s.buried()
	s.tally.kills++
}

// blink kills a node that is back at once.
func (s *sim) blink(n *node) {
	if n.life != nil {
		s.end(n)
		s.start(n)
	}
}

func (s *sim) blinkOne() { s.blink(s.any()) }

// riot makes two nodes stand for election at the same moment, and blinks the others meanwhile.
func (s *sim) riot() {
	who := s.rng.Perm(len(s.nodes))
	if lead := s.leader(); lead != nil { // it comes last: it would not stand
		slices.SortFunc(who, func(a, b int) int { return btoi(a == lead.i-1) - btoi(b == lead.i-1) })
	}
	for _, i := range who[:2] {
		if n := s.nodes[i]; n.handle != nil {
			v := n.handle.Gauges.View()
			n.system.Root.Send(n.handle.PID, &link.Inbound{From: n.id, Message: &wire.Raft{Shard: testShard, Message: &raftpb.Message{
				Type: raftpb.MsgTimeoutNow.Enum(), From: new(v.Replica), To: new(v.Replica), Term: new(v.Term),
			}}})
		}
	}
	for range 1 + s.rng.IntN(3) {
		for range s.rng.IntN(30) {
			s.step()
		}
		s.blink(s.nodes[who[2+s.rng.IntN(len(who)-2)]])
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (s *sim) restartOne() {
	for _, n := range s.nodes {
		if n.life == nil && !n.wiped {
			s.start(n)
			return
		}
	}
}

func (s *sim) holdDisk() { s.any().disk.held = true }

func (s *sim) releaseDisk() {
	for _, n := range s.nodes {
		if n.disk.held {
			n.disk.release()
		}
	}
}

func (s *sim) lowDisk() {
	n := s.any()
	n.disk.low = !n.disk.low
}

func (s *sim) transfer() {
	if lead := s.leader(); lead != nil {
		for id := range s.someMember() {
			lead.system.Root.Send(lead.handle.PID, &Transfer{To: id})
		}
	}
}

// someMember yields one replica id of the newest membership, if there is any.
func (s *sim) someMember() func(func(uint64) bool) {
	ids := s.watch.members.Members()
	return func(yield func(uint64) bool) {
		if len(ids) > 0 {
			yield(ids[s.rng.IntN(len(ids))].Replica)
		}
	}
}

func (s *sim) handOver() {
	if lead := s.leader(); lead != nil {
		lead.system.Root.Send(lead.handle.PID, HandOver{})
	}
}

// jumpClock sets a wall clock a little off, or far: but most clocks stay right.
func (s *sim) jumpClock() {
	n := s.anyOrLeader()
	n.skew = int64(s.rng.IntN(2*rightWithin+1)) - rightWithin
	wrong, nodes := 0, 0
	for _, o := range s.nodes {
		if !o.wiped {
			nodes++
			wrong += btoi(o.wrongClock())
		}
	}
	if s.rng.IntN(2) == 0 && 2*(wrong+1) < nodes {
		n.skew = (int64(s.rng.IntN(4001)) - 2000) * []int64{1, 1000}[s.rng.IntN(2)]
	}
}

func (s *sim) weather() {
	s.net.drop, s.net.double = 0.1*s.rng.Float64()*float64(s.rng.IntN(2)), 0.1*s.rng.Float64()
}

// waitQuery asks for the followers that hold everything up to the newest acknowledged write.
func (s *sim) waitQuery() {
	n := s.any()
	if n.handle == nil {
		return
	}
	q := &waitCall{life: n.life}
	s.waits = append(s.waits, q)
	n.system.Root.Send(n.handle.PID, &WaitQuery{
		Index: s.floor, Need: s.rng.IntN(4), Timeout: time.Duration(1+s.rng.IntN(500)) * time.Millisecond,
		Reply: func(int, bool) {
			if q.answered || q.life.Over() {
				s.fail("n%d answers a WAIT twice, or after its end", n.i)
			}
			q.answered = true
		},
	})
}

// waitCall is a WAIT on its way.
type waitCall struct {
	life     *mailbox.Life
	answered bool
}

func (s *sim) waiting() bool {
	return slices.ContainsFunc(s.waits, func(q *waitCall) bool { return !q.answered && !q.life.Over() })
}

// drive stands in for placement: it changes the group step by step. With tidy, only what has to be done.
func (s *sim) drive(tidy bool) {
	lead := s.leader()
	if lead == nil || lead.facts == nil || !lead.facts.Leads || lead.facts.Joint {
		return
	}
	var c Change
	switch {
	case s.trouble.dead != nil:
		c = s.replace(lead)
	case tidy:
		return
	default:
		c = s.change(lead)
	}
	if len(c.Add)+len(c.Promote)+len(c.Remove) > 0 {
		lead.system.Root.Send(lead.handle.PID, &c)
	}
}

// learners are those whom the leader may promote.
func (s *sim) learners(lead *node) (ready []uint64) {
	for _, m := range s.watch.members.Members() {
		i := slices.IndexFunc(lead.facts.Progress, func(p Progress) bool { return p.Replica == m.Replica })
		if m.Learner && i >= 0 && lead.facts.Progress[i].CaughtUp {
			ready = append(ready, m.Replica)
		}
	}
	return ready
}

func (s *sim) change(lead *node) (c Change) {
	m := s.watch.members
	switch s.rng.IntN(4) {
	case 0:
		for _, n := range s.nodes {
			if n.life != nil && n.handle == nil && len(m.Nodes) < 6 && s.rng.IntN(2) == 0 {
				c.Add = append(c.Add, n.id)
			}
		}
	case 1, 2:
		c.Promote = s.learners(lead)
		if s.rng.IntN(2) == 0 && len(m.Conf.GetVoters()) > 1 {
			c.Remove = append(c.Remove, m.Conf.GetVoters()[s.rng.IntN(len(m.Conf.GetVoters()))])
		}
	case 3:
		if len(m.Conf.GetVoters()) > 3 || s.rng.IntN(4) == 0 && len(m.Nodes) > 1 {
			for id := range s.someMember() {
				c.Remove = append(c.Remove, id)
			}
		}
	}
	if len(c.Remove) > 0 && len(m.Conf.GetVoters())+len(c.Promote) == 1 {
		c.Remove = nil
	}
	return c
}

// wipeOne destroys the disk of a voter for good, once the group is healthy enough to bear it.
func (s *sim) wipeOne() {
	s.repair()
	if !s.within(300, s.sound) || s.failed != "" {
		return
	}
	m := s.watch.members
	if len(m.Conf.GetVoters()) < 3 || len(s.nodes) >= maxNodes-1 {
		return
	}
	victim := m.Nodes[m.Conf.GetVoters()[s.rng.IntN(len(m.Conf.GetVoters()))]]
	n := s.nodes[victim[0]-1]
	s.wipe(n)
	s.buried()
	s.lost(n)
	s.trouble.dead, s.trouble.fresh = n, s.addNode()
	s.start(s.trouble.fresh)
}

// replace takes the wiped replica out of the group and puts a fresh one in.
func (s *sim) replace(lead *node) (c Change) {
	m := s.watch.members
	dead, fresh := memberOn(m, s.trouble.dead.id), memberOn(m, s.trouble.fresh.id)
	switch {
	case dead != 0:
		c.Remove = []uint64{dead}
	case fresh == 0:
		c.Add = []slotmap.NodeID{s.trouble.fresh.id}
	case slices.Contains(m.Conf.GetVoters(), fresh):
		s.trouble.dead, s.trouble.fresh = nil, nil
	default:
		c.Promote = s.learners(lead)
	}
	return c
}

func memberOn(m Membership, node slotmap.NodeID) uint64 {
	for id, n := range m.Nodes {
		if n == node {
			return id
		}
	}
	return 0
}
