package replica

import (
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/troupedb/troupe/actors/clock"
)

// watcher checks what must hold at every moment, whatever goes wrong around it: at most one leader a
// term, which has that term on its disk; the same entry, state and clock at the same index on every replica;
// a clock that never runs backwards and, where most wall clocks are right, is not ahead by more than is
// promised.
type watcher struct {
	c       *cluster
	leaders map[uint64]uint64 // term -> replica
	at      map[uint64]*seen  // index -> what the first replica that came there saw
	members Membership        // newest that any replica applied
	changes int
}

// seen is what a replica saw when it had applied an index.
type seen struct {
	by    string
	term  uint64
	data  uint64 // hash of the entry; 0 where a snapshot stood in for it
	state uint64 // hash of the state
	now   int64
}

func newWatcher(c *cluster) *watcher {
	return &watcher{c: c, leaders: map[uint64]uint64{}, at: map[uint64]*seen{}}
}

// look checks the roles after a turn.
func (w *watcher) look() {
	for _, n := range w.c.nodes {
		if n.handle == nil || Role(n.handle.Gauges.Role.Load()) != RoleLeader {
			continue
		}
		term, id := n.handle.Gauges.Term.Load(), n.handle.Gauges.Replica
		if other, ok := w.leaders[term]; ok && other != id {
			w.c.fail("term %d has two leaders: replicas %d and %d", term, other, id)
		}
		w.leaders[term] = id
		if hard := n.disk.synced.hard; hard.GetTerm() < term {
			w.c.fail("n%d leads in term %d, and its disk knows of term %d", n.i, term, hard.GetTerm())
		}
	}
}

// applied gives the hook of a node's applier.
func (w *watcher) applied(n *node) func(*Applied) {
	var last int64
	return func(a *Applied) {
		who := fmt.Sprintf("replica %d on n%d", a.Replica, n.i)
		s := &seen{by: who, term: a.Term, state: a.State.Hash(), now: a.Now}
		if e := a.Entry; e != nil {
			s.data = xxhash.Sum64(append([]byte{byte(e.GetType())}, e.GetData()...))
		}
		if a.Now < last {
			w.c.fail("%s: the clock runs back from %d to %d at index %d", who, last, a.Now, a.Index)
		}
		if ahead := a.Now - w.c.wall; w.c.onTime && ahead > 2*clock.Tolerance+rightWithin {
			w.c.fail("%s: the clock is %d ms ahead at index %d", who, ahead, a.Index)
		}
		last, n.time = a.Now, a.Now
		w.compare(a.Index, s)
		if a.Members.Index > w.members.Index {
			w.members = a.Members
			w.changes++
		}
	}
}

func (w *watcher) compare(index uint64, s *seen) {
	was, ok := w.at[index]
	if !ok {
		w.at[index] = s
		return
	}
	switch {
	case was.term != s.term || was.data != 0 && s.data != 0 && was.data != s.data:
		w.c.fail("index %d: %s applied another entry than %s (terms %d and %d)", index, s.by, was.by, s.term, was.term)
	case was.now != s.now:
		w.c.fail("index %d: the clock is %d at %s and %d at %s", index, s.now, s.by, was.now, was.by)
	case was.state != s.state:
		w.c.fail("index %d: the state of %s differs from that of %s", index, s.by, was.by)
	}
	if was.data == 0 {
		was.data = s.data
	}
}

// durable counts the nodes whose disks would still hold what a node has at index, if all crashed now.
func (w *watcher) durable(at *node, index uint64) (n int) {
	term := at.disk.now.term(index)
	for _, node := range w.c.nodes {
		l := &node.disk.synced
		if cut, _ := l.trunc(); l.replica != 0 && (index <= cut || l.load().Last >= index && l.term(index) == term) {
			n++
		}
	}
	return n
}

// term is that of the entry at index, 0 where a snapshot has taken its place.
func (l *logState) term(index uint64) uint64 {
	if cut, _ := l.trunc(); index > cut {
		return l.entries[index-cut-1].GetTerm()
	}
	return 0
}
