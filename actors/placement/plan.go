package placement

import (
	"cmp"
	"slices"

	"github.com/troupedb/troupe/slotmap"
)

type member = slotmap.Member

// Plan answers what this node should have done, now, to the shards that it leads.
func Plan(v View) []Step {
	t := makeTarget(v)
	var steps []Step
	for _, s := range t.shards {
		if led, ok := v.Led[s.id]; ok && !led.Busy {
			p := planner{target: t, shard: s, led: led, self: v.Self}
			steps = append(steps, p.steps()...)
		}
	}
	return steps
}

// planner finds the next steps of one shard.
type planner struct {
	*target
	*shard
	led  Led
	self slotmap.NodeID
}

// steps are of one kind: what must be done before anything else can be.
func (p *planner) steps() []Step {
	if steps := p.removeLearners(); len(steps) > 0 {
		return steps
	}
	if steps := p.addLearners(); len(steps) > 0 {
		return steps
	}
	if p.settled() {
		return p.balance()
	}
	return p.promote()
}

// removeLearners drops learners on a node that has a replica already, and those without a seat, unless the shard
// is short of voters: then they wait for a node that is missing.
func (p *planner) removeLearners() []Step {
	var steps []Step
	seen := map[slotmap.NodeID]bool{}
	for _, m := range p.voters {
		seen[m.Node] = true
	}
	for _, m := range p.learners { // the newest first: an older one on the same node lost its disk
		n := p.byID[m.Node]
		waits := len(p.seats) < p.target.replicas && !n.Gateway
		if seen[m.Node] || !p.sits(n) && !waits {
			steps = append(steps, RemoveLearner{Shard: p.id, Replica: m.Replica})
		}
		seen[m.Node] = true
	}
	return steps
}

func (p *planner) addLearners() []Step {
	var steps []Step
	for _, n := range p.seats {
		if !p.votes(n) && !p.learns(n) {
			steps = append(steps, AddLearner{Shard: p.id, Node: n.ID})
		}
	}
	return steps
}

func (p *planner) votes(n *node) bool {
	return slices.ContainsFunc(p.voters, func(m member) bool { return m.Node == n.ID })
}

// promote makes the seats the voters, once it is safe.
func (p *planner) promote() []Step {
	kept, removed := p.divide()
	var promoted []uint64
	for _, m := range p.learners {
		if !p.sits(p.byID[m.Node]) {
			continue
		}
		if !p.led.ready(m.Replica) {
			return nil
		}
		promoted = append(promoted, m.Replica)
	}
	if len(removed) > 0 && !p.majorityReady(kept, promoted) {
		return nil
	}
	if len(kept) > 0 && slices.ContainsFunc(removed, func(m member) bool { return m.Node == p.self }) {
		return p.stepAside(kept)
	}
	slices.Sort(promoted)
	return []Step{Promote{Shard: p.id, Learners: promoted, Remove: replicas(removed)}}
}

// divide tells the voters that stay from those that go.
func (p *planner) divide() (kept, removed []member) {
	removed = slices.Clone(p.extra)
	for _, m := range p.voters {
		if p.sits(p.byID[m.Node]) {
			kept = append(kept, m)
		} else {
			removed = append(removed, m)
		}
	}
	return kept, removed
}

// majorityReady tells whether the voters to be could go on without those that are to go.
func (p *planner) majorityReady(kept []member, promoted []uint64) bool {
	ready := len(promoted)
	for _, m := range kept {
		if p.led.ready(m.Replica) {
			ready++
		}
	}
	return ready > (len(kept)+len(promoted))/2
}

// stepAside hands over the leadership before this node's own replica is removed.
func (p *planner) stepAside(kept []member) []Step {
	kept = slices.DeleteFunc(slices.Clone(kept), func(m member) bool {
		return !p.byID[m.Node].Alive || p.byID[m.Node].Leaving || !p.led.willing(m.Replica)
	})
	if len(kept) == 0 {
		return nil
	}
	to := slices.MinFunc(kept, func(a, b member) int {
		an, bn := p.byID[a.Node], p.byID[b.Node]
		return cmp.Or(trueFirst(an.mayLead(), bn.mayLead()), cmp.Compare(an.leads, bn.leads), cmp.Compare(a.Replica, b.Replica))
	})
	return []Step{Transfer{Shard: p.id, Replica: to.Replica}}
}

// balance carries out the shard's transfer of this round, if it has one and the receiver is willing.
func (p *planner) balance() []Step {
	for _, t := range p.transfers {
		if t.shard != p.shard || p.leader.ID != p.self {
			continue
		}
		for _, m := range p.voters {
			if m.Node == t.to.ID && p.led.willing(m.Replica) {
				return []Step{Transfer{Shard: p.id, Replica: m.Replica}}
			}
		}
	}
	return nil
}

func replicas(members []member) []uint64 {
	var ids []uint64
	for _, m := range members {
		ids = append(ids, m.Replica)
	}
	slices.Sort(ids)
	return ids
}
