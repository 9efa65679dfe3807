package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/cmd/internal/history"
	"github.com/troupedb/troupe/slotmap"
)

// Spans of the end of a run.
const (
	wholeWithin = 120 * time.Second // after the last trouble
	auditWithin = 30 * time.Second
	decideTime  = 3 * time.Second // of real time, for one history
)

// play is a run from its beginning to its end.
func (s *Sim) play() {
	for range s.plan.machines {
		s.addMachine()
	}
	s.begin()
	for range s.plan.clients {
		s.worker()
	}
	s.channels.listen()
	until := s.now + s.plan.troubled
	s.stir(until)
	s.inspect()
	s.advance(until - s.now)
	s.finish()
}

// begin starts the machines, with one list of addresses to join.
func (s *Sim) begin() {
	for _, m := range s.machines[:min(3, len(s.machines))] {
		s.join = append(s.join, address(m.i, gossipPort))
	}
	for _, m := range s.machines {
		s.after(s.rngSpan(500*time.Millisecond), func() { s.back(m) })
	}
}

// inspect compares the logs on the disks now and then.
func (s *Sim) inspect() {
	s.after(10*time.Second, func() {
		if !s.mended {
			s.compareLogs()
			s.inspect()
		}
	})
}

// finish mends everything, demands that the cluster gets over it, and judges.
func (s *Sim) finish() {
	s.note("MENDED")
	s.mend()
	s.advance(5 * time.Second)
	for _, c := range s.clients {
		c.stopped = true
	}
	if !s.until(wholeWithin, func() bool { return s.lacks() == "" }) {
		s.fail("%v after the last trouble: %s%s", wholeWithin, s.lacks(), s.describe())
		return
	}
	s.watch.closer = true
	s.readAll()
	s.compareLogs()
	s.judge()
}

// lacks says what the cluster lacks to be whole, "" for nothing.
func (s *Sim) lacks() string {
	var digest uint64
	for _, m := range s.machines {
		switch {
		case m.run == nil || m.run.node == nil:
			return fmt.Sprintf("n%d does not run", m.i)
		case !m.run.node.Routes().Served():
			return fmt.Sprintf("n%d does not see every slot served", m.i)
		}
		d := m.run.node.Routes().Map.Digest()
		if digest != 0 && d != digest {
			return fmt.Sprintf("n%d has another map", m.i)
		}
		digest = d
	}
	for shard := slotmap.ShardID(1); int(shard) <= s.plan.shards; shard++ {
		if why := s.groupLacks(shard); why != "" {
			return fmt.Sprintf("shard %d: %s", shard, why)
		}
	}
	for _, c := range s.clients {
		if c.busy {
			return fmt.Sprintf("client %d waits for an answer", c.id)
		}
	}
	return ""
}

// groupLacks says what the group of a shard lacks.
func (s *Sim) groupLacks(shard slotmap.ShardID) string {
	g := s.watch.group(shard)
	voters, conf := g.members.Conf.GetVoters(), g.members.Conf
	want := s.plan.replicas
	if len(s.machines) < want {
		want = len(voters) | 1
	}
	if len(voters) != want || len(conf.GetLearners()) > 0 || g.members.Joint() {
		return fmt.Sprintf("its members are %v", conf)
	}
	var all []*replica.Handle
	for _, m := range s.machines {
		h := m.run.node.Routes().Handles[shard]
		if h == nil {
			continue
		}
		if g.members.Nodes[h.Gauges.Replica] != m.node {
			return fmt.Sprintf("n%d has replica %d, which is no member", m.i, h.Gauges.Replica)
		}
		all = append(all, h)
	}
	if len(all) != len(voters) {
		return fmt.Sprintf("%d of %d replicas are there", len(all), len(voters))
	}
	return uneven(all)
}

// uneven tells of what the replicas of a group do not agree.
func uneven(all []*replica.Handle) string {
	leads, first := 0, all[0].Gauges.View()
	for _, h := range all {
		v := h.Gauges.View()
		ops, bytes := h.Budget.InUse()
		switch {
		case v.Term != first.Term || v.Leader != first.Leader || v.Leader == 0:
			return fmt.Sprintf("replicas %d and %d see other leaders: %d in term %d, %d in term %d", first.Replica, v.Replica, first.Leader, first.Term, v.Leader, v.Term)
		case v.Applied != first.Last || v.Last != first.Last:
			return fmt.Sprintf("replica %d has applied %d of %d; replica %d has %d", v.Replica, v.Applied, v.Last, first.Replica, first.Last)
		case ops != 0 || bytes != 0:
			return fmt.Sprintf("replica %d: %d operations and %d bytes of the budget are still taken", v.Replica, ops, bytes)
		case v.Role == replica.RoleLeader:
			leads++
		}
	}
	if leads != 1 {
		return fmt.Sprintf("%d leaders", leads)
	}
	return ""
}

// readAll writes once more to every shard, and reads every key that was ever written.
func (s *Sim) readAll() {
	left := 0
	for _, w := range s.ledger.Writers() {
		for seq := range w.Len() {
			left++
			s.again = append(s.again, &audit{once{nil, w, seq}, &left})
		}
	}
	for _, kind := range []string{"register", "counter", "swap", "pair"} {
		for _, k := range s.recorder[kind].Keys() {
			left++
			s.again = append(s.again, &lastRead{kind: kind, hist: k, left: &left})
		}
	}
	for _, log := range s.logs.keys {
		left++
		s.again = append(s.again, &lastRead{log: log, left: &left})
	}
	for _, l := range slices.Concat(s.queues.closings(), s.ranks.closings(), s.relays.closings(), s.groups.closings()) {
		left++
		l.open = &left
		s.again = append(s.again, l)
	}
	slices.SortStableFunc(s.again, func(a, b task) int { return slotOf(a) - slotOf(b) })
	for range 4 {
		s.reader()
	}
	if !s.until(auditWithin, func() bool { return left == 0 }) {
		s.fail("%d of the last reads are not answered %v after they were asked for", left, auditWithin)
	}
}

func slotOf(t task) int { return int(slotmap.Slot([]byte(t.(interface{ key() string }).key()))) }

// reader is a client that takes what is left to be read.
func (s *Sim) reader() {
	c := s.addClient(func(c *client) task {
		if len(s.again) == 0 {
			return nil
		}
		t := s.again[0]
		s.again = s.again[1:]
		return t.(interface{ by(*client) task }).by(c)
	})
	s.plan.pipeline, s.plan.think, s.plan.readonly = 32, time.Millisecond, false
	c.think()
}

// judge checks the histories.
func (s *Sim) judge() {
	if s.failure != "" {
		return
	}
	for _, kind := range []string{"register", "counter", "swap", "pair"} {
		for _, k := range s.recorder[kind].Keys() {
			s.tally.Histories++
			switch j := k.Check(decideTime); j.Verdict {
			case history.Linearizable:
			case history.Undecided:
				s.tally.Undecided++
			default:
				s.fail("%s: the history of %d operations is %v", k.Name, j.Ops, j.Verdict)
			}
		}
	}
	for _, l := range s.logs.keys {
		if wrong := l.Check(); wrong != "" {
			s.fail("%s", wrong)
		}
	}
	s.brief.check(decideTime)
	s.queues.check()
	s.ranks.check()
	s.relays.check()
	s.groups.check()
	s.tally.Histories += len(s.logs.keys) + len(s.brief.keys) + len(s.queues.keys) + len(s.ranks.keys) + len(s.relays.keys) + len(s.groups.keys)
}

// compareLogs holds the logs on all disks against what was applied: what a node takes for committed must be
// that.
func (s *Sim) compareLogs() {
	for _, m := range s.machines {
		if m.run == nil || m.run.node == nil {
			continue
		}
		for shard, g := range s.watch.groups {
			s.compareLog(m, shard, g)
		}
	}
}

func (s *Sim) compareLog(m *machine, shard slotmap.ShardID, g *group) {
	log := m.run.node.Log()
	st, err := log.Load(shard)
	if err != nil {
		s.fail("n%d: the log of shard %d: %v", m.i, shard, err)
		return
	}
	if st.Replica == 0 || st.Hard.GetCommit() < st.First {
		return
	}
	entries, err := log.Entries(shard, st.First, st.Hard.GetCommit()+1, 1<<30)
	if err != nil {
		s.fail("n%d: the log of shard %d from %d: %v", m.i, shard, st.First, err)
		return
	}
	for _, e := range entries {
		was := g.at[e.GetIndex()]
		data := xxhash.Sum64(e.GetData()) ^ uint64(e.GetType()) + 1
		if was != nil && (was.term != e.GetTerm() || was.data != 0 && was.data != data) {
			s.fail("n%d has another entry %d of shard %d committed on its disk than %s applied", m.i, e.GetIndex(), shard, was.by)
			return
		}
	}
}

// lastRead reads a key of a history once more.
type lastRead struct {
	c    *client
	kind string
	hist *history.Key
	log  *history.Log
	left *int
	task task
}

func (l *lastRead) key() string {
	switch {
	case l.log != nil:
		return l.log.Name
	case l.kind == "pair":
		return "{" + l.hist.Name + "}"
	}
	return l.hist.Name
}

// by makes the read of a client's.
func (l *lastRead) by(c *client) task {
	l.c = c
	if l.log != nil {
		l.task = &logged{c, l.log, history.Entry{Client: c.id, Call: c.s.moment()}}
		return l
	}
	r := register{c: c, hist: l.hist, op: history.Op{Client: int32(c.id), Call: c.s.moment()}}
	l.task = &r
	if l.kind == "pair" {
		l.task = &pair{r}
	}
	return l
}

func (l *lastRead) commands() [][]string { return l.task.commands() }

func (l *lastRead) end(replies []reply) task {
	if len(replies) == 0 || replies[0].err != "" {
		l.c.s.again = append(l.c.s.again, l)
	} else {
		*l.left--
	}
	return l.task.end(replies)
}

func (a *audit) by(c *client) task {
	a.c = c
	return a
}

// describe tells of every node and its replicas.
func (s *Sim) describe() string {
	var b strings.Builder
	for _, m := range s.machines {
		if m.run == nil || m.run.node == nil {
			fmt.Fprintf(&b, "\n  n%d is down", m.i)
			continue
		}
		r := m.run.node.Routes()
		fmt.Fprintf(&b, "\n  n%d %.4v: map %04x, down %.4v", m.i, m.node, r.Map.Digest()&0xffff, slices.SortedFunc(maps.Keys(r.Down), slotmap.NodeID.Compare))
		for _, shard := range slices.Sorted(maps.Keys(r.Handles)) {
			v := r.Handles[shard].Gauges.View()
			fmt.Fprintf(&b, "; shard %d: replica %d, %v, term %d, leader %d, last %d, commit %d, applied %d", shard, v.Replica, v.Role, v.Term, v.Leader, v.Last, v.Commit, v.Applied)
		}
	}
	for _, shard := range slices.Sorted(maps.Keys(s.watch.groups)) {
		g := s.watch.groups[shard]
		fmt.Fprintf(&b, "\n  shard %d: %v, nodes", shard, g.members.Conf)
		for _, id := range slices.Sorted(maps.Keys(g.members.Nodes)) {
			fmt.Fprintf(&b, " %d=%.4v", id, g.members.Nodes[id])
		}
	}
	return b.String()
}
