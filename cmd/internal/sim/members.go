package sim

import (
	"fmt"

	"github.com/troupedb/troupe/actors/replica"
)

// membership checks that a replica knows no members of a time that it has not come to, and that all replicas
// take the same for the members as of an index.
func (w *watch) membership(p *process, a *replica.Applied, g *group) {
	m := a.Members
	if m.Index > a.Index {
		w.s.fail("shard %d, index %d: %s has the members of index %d already", a.Shard, a.Index, p.name(), m.Index)
	}
	if of := (life{p, a.Shard, a.Replica}); w.members[of] != m.Index {
		w.members[of] = m.Index
		text := fmt.Sprint(m.Next, m.Nodes, m.Conf.GetVoters(), m.Conf.GetVotersOutgoing(), m.Conf.GetLearners(), m.Conf.GetLearnersNext(), m.Conf.GetAutoLeave())
		if was := g.made[m.Index]; was != "" && was != text {
			w.s.fail("shard %d: the members as of index %d are %s at %s, and were %s", a.Shard, m.Index, text, p.name(), was)
		}
		g.made[m.Index] = text
	}
	if m.Index > g.members.Index {
		g.members = m
		w.s.tally.Memberships++
		w.s.note("shard %d has members %v as of index %d", a.Shard, m.Conf, m.Index)
	}
}
