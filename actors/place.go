package actors

import (
	"fmt"
	"maps"
	"slices"

	"github.com/troupedb/troupe/actors/placement"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
)

// place carries out the steps of the placement plan for the shards that are led here. Every node makes
// the same plan from the same picture, so nobody has to lead the cluster.
func (d *director) place() {
	if d.cluster.IsZero() || d.leaving != nil || len(d.facts) == 0 {
		return
	}
	changes := map[slotmap.ShardID]*replica.Change{}
	for _, step := range placement.Plan(d.view()) {
		shard := step.Of()
		to, transfer := step.(placement.Transfer)
		if transfer && d.recovering(shard, to.Replica) {
			continue
		}
		d.planned[shard] = d.ticks
		d.log.Info("placement", "shard", shard, "step", describe(step))
		if transfer {
			d.toReplica(shard, &replica.Transfer{To: to.Replica})
			continue
		}
		if changes[shard] == nil {
			changes[shard] = &replica.Change{}
		}
		extend(changes[shard], step)
	}
	for _, shard := range slices.Sorted(maps.Keys(changes)) {
		d.toReplica(shard, changes[shard])
	}
}

// recovering reports whether a replica's node is still loading its data.
func (d *director) recovering(shard slotmap.ShardID, id uint64) bool {
	sh, _ := d.slots.Shard(shard)
	m, _ := sh.Member(id)
	p := d.nodes[m.Node]
	return p != nil && p.Recovering
}

func (d *director) toReplica(shard slotmap.ShardID, m any) {
	if h := d.replicas[shard]; h != nil && h.handle != nil {
		d.system.Root.Send(h.handle.PID, m)
	}
}

// describe puts a step into words for the log.
func describe(step placement.Step) string {
	switch s := step.(type) {
	case placement.AddLearner:
		return fmt.Sprintf("new replica on %v", s.Node)
	case placement.RemoveLearner:
		return fmt.Sprintf("remove replica %d", s.Replica)
	case placement.Promote:
		return fmt.Sprintf("promote %v, remove %v", s.Learners, s.Remove)
	case placement.Transfer:
		return fmt.Sprintf("leadership to replica %d", s.Replica)
	}
	return fmt.Sprintf("%T", step)
}

// extend adds a step to the one configuration change that a shard makes at a time.
func extend(c *replica.Change, step placement.Step) {
	switch s := step.(type) {
	case placement.AddLearner:
		c.Add = append(c.Add, s.Node)
	case placement.RemoveLearner:
		c.Remove = append(c.Remove, s.Replica)
	case placement.Promote:
		c.Promote = append(c.Promote, s.Learners...)
		c.Remove = append(c.Remove, s.Remove...)
	}
}

func (d *director) view() placement.View {
	v := placement.View{Self: d.self.ID, Map: d.slots, Replicas: d.cfg.Replicas, Led: map[slotmap.ShardID]placement.Led{}}
	before := d.predecessors()
	for _, p := range d.nodesByID() {
		v.Nodes = append(v.Nodes, placement.NodeInfo{
			ID: p.ID, Zone: p.Zone, Alive: p.alive || p.ID == d.self.ID, LowSpace: p.LowSpace, Gateway: p.Gateway,
			WrongClock: p.WrongClock, Leaving: p.Leaving, Replaces: before[p.ID],
		})
	}
	for shard, f := range d.facts {
		v.Led[shard] = d.led(f)
	}
	return v
}

// predecessors are the dead nodes that each node replaces, by id: a disk may be lost again before its first loss
// is made good.
func (d *director) predecessors() map[slotmap.NodeID][]slotmap.NodeID {
	replaced, before := d.replaced(), map[slotmap.NodeID][]slotmap.NodeID{}
	for _, dead := range d.nodesByID() {
		if by, ok := replaced[dead.ID]; ok {
			before[by] = append(before[by], dead.ID)
		}
	}
	return before
}

// led tells placement of a shard that is led here. A step that was taken lately counts as under way.
func (d *director) led(f *replica.Facts) placement.Led {
	last, taken := d.planned[f.Shard]
	l := placement.Led{
		Busy:     f.Joint || taken && d.ticks < last+stepTicks,
		Progress: make(map[uint64]placement.Progress, len(f.Progress)),
	}
	for _, p := range f.Progress {
		l.Progress[p.Replica] = placement.Progress{CaughtUp: p.CaughtUp, RecentlyActive: p.RecentActive, Declined: p.Declined}
	}
	return l
}
