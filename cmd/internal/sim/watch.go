package sim

import (
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
)

// watch checks what must hold at every moment, whatever goes wrong.
type watch struct {
	s       *Sim
	groups  map[slotmap.ShardID]*group
	clocks  map[life]int64
	members map[life]uint64         // index of the membership
	dead    map[slotmap.NodeID]bool // nodes whose disk is lost
	closer  bool                    // compare the states at every index, not now and then
}

// group is what is known of a shard's group.
type group struct {
	leaders map[uint64]leader // by term
	votes   map[ballot]uint64 // for whom
	made    map[uint64]string // memberships, by the index that made them
	at      map[uint64]*seen  // by index
	top     uint64            // newest index that a replica has applied
	topTerm uint64            // of its entry
	members replica.Membership
	runs    []slotmap.Run // owned as of top, or a little before
}

type leader struct {
	node    slotmap.NodeID
	replica uint64
}

// life is one run of a replica.
type life struct {
	p     *process
	shard slotmap.ShardID
	id    uint64
}

// seen is what the first replica saw that applied an index.
type seen struct {
	by    string
	term  uint64
	data  uint64 // hash of the entry; 0 where a snapshot stood in for it
	state uint64 // hash of the state; 0 where nobody took it
	now   int64
}

func newWatch(s *Sim) *watch {
	return &watch{s: s, groups: map[slotmap.ShardID]*group{}, clocks: map[life]int64{}, members: map[life]uint64{}, dead: map[slotmap.NodeID]bool{}}
}

func (w *watch) group(shard slotmap.ShardID) *group {
	g := w.groups[shard]
	if g == nil {
		g = &group{leaders: map[uint64]leader{}, votes: map[ballot]uint64{}, made: map[uint64]string{}, at: map[uint64]*seen{}}
		w.groups[shard] = g
	}
	return g
}

func shardOf(actor string) (slotmap.ShardID, bool) {
	rest, ok := strings.CutPrefix(actor, "shard/")
	n := 0
	for _, c := range rest {
		n = 10*n + int(c-'0')
	}
	return slotmap.ShardID(n), ok
}

// Every so many indexes the states of the replicas are compared; it takes a walk over all keys.
const compareEvery = 16

// applied sees a state machine after an entry or a restore.
func (w *watch) applied(p *process, a *replica.Applied) {
	g := w.group(a.Shard)
	s := &seen{by: p.name(), term: a.Term, now: a.Now}
	if e := a.Entry; e != nil {
		w.s.tally.Applied++
		s.data = xxhash.Sum64(e.GetData()) ^ uint64(e.GetType()) + 1
	}
	if a.Entry == nil || a.Index%compareEvery == 0 || w.closer {
		s.state = a.State.Hash()
		w.owns(a.Shard, g, a)
		if n := a.State.Strays(); n > 0 {
			w.s.fail("shard %d, index %d: %d keys of %s lie in slots that the shard does not own", a.Shard, a.Index, n, p.name())
		}
	}
	if a.State.Panics() > 0 {
		w.s.fail("shard %d: a command panicked at index %d", a.Shard, a.Index)
	}
	w.ticks(life{p, a.Shard, a.Replica}, a)
	w.compare(a, g, s)
	if a.Index > g.top {
		g.top, g.topTerm = a.Index, a.Term
	}
	w.membership(p, a, g)
}

func (w *watch) ticks(of life, a *replica.Applied) {
	if a.Now < w.clocks[of] {
		w.s.fail("shard %d: the clock of %s runs back from %d to %d at index %d", a.Shard, of.p.name(), w.clocks[of], a.Now, a.Index)
	}
	w.clocks[of] = a.Now
}

func (w *watch) compare(a *replica.Applied, g *group, s *seen) {
	was := g.at[a.Index]
	if was == nil {
		g.at[a.Index] = s
		return
	}
	switch {
	case was.term != s.term || was.data != 0 && s.data != 0 && was.data != s.data:
		w.s.fail("shard %d, index %d: %s applied another entry than %s (terms %d and %d)", a.Shard, a.Index, s.by, was.by, s.term, was.term)
	case was.now != s.now:
		w.s.fail("shard %d, index %d: the clock is %d at %s and %d at %s", a.Shard, a.Index, s.now, s.by, was.now, was.by)
	case was.state != 0 && s.state != 0 && was.state != s.state:
		w.s.fail("shard %d, index %d: the state of %s differs from that of %s", a.Shard, a.Index, s.by, was.by)
	}
	was.data, was.state = max(was.data, s.data), max(was.state, s.state)
}

// owns checks that no slot has two owners, each shard as far as its newest replica is.
func (w *watch) owns(shard slotmap.ShardID, g *group, a *replica.Applied) {
	if a.Index < g.top {
		return
	}
	runs := a.State.Slots()
	if slices.Equal(runs, g.runs) {
		return
	}
	g.runs = runs
	for other, o := range w.groups {
		for _, r := range o.runs {
			if other != shard && slices.ContainsFunc(runs, func(q slotmap.Run) bool { return q.First <= r.Last && r.First <= q.Last }) {
				w.s.fail("shards %d and %d both own slots of %v", shard, other, r)
			}
		}
	}
}

// turned sees a replica after each of its turns.
func (w *watch) turned(p *process, shard slotmap.ShardID) {
	if p.node == nil || p.over {
		return
	}
	h := p.node.Routes().Handles[shard]
	if h == nil || replica.Role(h.Gauges.Role.Load()) != replica.RoleLeader {
		return
	}
	g, term, id := w.group(shard), h.Gauges.Term.Load(), leader{p.node.Routes().Self.ID, h.Gauges.Replica}
	was, known := g.leaders[term]
	switch {
	case known && was != id:
		w.s.fail("shard %d: term %d has two leaders, replica %d on %v and replica %d on %v", shard, term, was.replica, was.node, id.replica, id.node)
	case known:
		return
	case term > g.topTerm && h.Gauges.Last.Load() < g.top:
		w.s.fail("shard %d: %s leads in term %d with a log that ends at %d, and %d is committed", shard, p.name(), term, h.Gauges.Last.Load(), g.top)
	}
	w.voted(p, shard, ballot{id.replica, term}, id.replica)
	g.leaders[term] = id
	w.s.tally.Elections++
	w.s.note("shard %d is led by %s in term %d", shard, p.name(), term)
}

// ended forgets the replicas of a process.
func (w *watch) ended(p *process) {
	for of := range w.clocks {
		if of.p == p {
			delete(w.clocks, of)
			delete(w.members, of)
		}
	}
}

// bearsLossOf reports whether a machine's disk may be lost: in every group that has it, a majority of the
// voters must have theirs.
func (w *watch) bearsLossOf(m *machine) bool {
	if m.node.IsZero() || len(w.groups) < w.s.plan.shards {
		return false
	}
	for _, g := range w.groups {
		gone, concerned := 1, false
		for _, node := range g.members.Nodes {
			if node == m.node {
				concerned = true
			} else if w.dead[node] {
				gone++
			}
		}
		for _, voters := range [][]uint64{g.members.Conf.GetVoters(), g.members.Conf.GetVotersOutgoing()} {
			if concerned && len(voters) > 0 && 2*gone >= len(voters) {
				return false
			}
		}
	}
	return true
}

func (w *watch) wiped(m *machine) { w.dead[m.node] = true }
