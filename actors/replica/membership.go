package replica

import (
	"cmp"
	"math"
	"slices"

	"github.com/asynkron/protoactor-go/actor"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"

	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/slotmap"
)

// caughtUpEntries is how far behind a replica may be and still count as caught up.
const caughtUpEntries = 256

// change proposes a configuration change. New replicas begin as learners; their ids are given here and
// become fixed when the change is committed.
func (r *replica) change(c *Change) {
	if r.role != raft.StateLeader || !r.ownTerm || r.members.Joint() || !r.bearable(c) {
		return
	}
	cc := &raftpb.ConfChangeV2{Transition: raftpb.ConfChangeTransitionAuto.Enum()}
	added := map[uint64]slotmap.NodeID{}
	add := func(t raftpb.ConfChangeType, id uint64) {
		cc.Changes = append(cc.Changes, &raftpb.ConfChangeSingle{Type: t.Enum(), NodeId: new(id)})
	}
	id := r.members.Next
	for _, node := range c.Add {
		if r.hosts(node) {
			continue
		}
		added[id] = node
		add(raftpb.ConfChangeAddLearnerNode, id)
		id++
	}
	for _, p := range c.Promote {
		if slices.Contains(r.members.Conf.GetLearners(), p) {
			add(raftpb.ConfChangeAddNode, p)
		}
	}
	for _, d := range c.Remove {
		if r.members.Has(d) {
			add(raftpb.ConfChangeRemoveNode, d)
			cc.Transition = raftpb.ConfChangeTransitionJointImplicit.Enum() // see removal.go
		}
	}
	if len(cc.Changes) == 0 {
		return
	}
	cc.Context = encodeAdded(added)
	// A change that raft drops is asked for again by whoever wanted it.
	_ = r.node.ProposeConfChange(cc)
}

// bearable reports whether the group can go on with the voters that a change leaves: a majority of them must
// be caught up and have been heard of lately. There must be one at least, or no replica could apply it.
func (r *replica) bearable(c *Change) bool {
	if len(c.Promote)+len(c.Remove) == 0 {
		return true
	}
	after := map[uint64]bool{}
	for _, id := range append(slices.Clone(r.members.Conf.GetVoters()), c.Promote...) {
		after[id] = true
	}
	for _, id := range c.Remove {
		delete(after, id)
	}
	fit := 0
	r.node.WithProgress(func(id uint64, _ raft.ProgressType, pr tracker.Progress) {
		if p := r.progress(id, &pr); after[id] && p.CaughtUp && p.RecentActive {
			fit++
		}
	})
	return fit > len(after)/2
}

func (r *replica) hosts(node slotmap.NodeID) bool {
	for _, n := range r.members.Nodes {
		if n == node {
			return true
		}
	}
	return false
}

// membersChanged follows a committed change. A replica that it leaves out stays until it is told, see
// removal.go.
func (r *replica) membersChanged() {
	r.storage.snapFrom = r.members.Index
	r.changedAt = r.last
	r.endLease()
	r.findElectors()
	r.announce()
}

// announce tells the node what the group is at the moment.
func (r *replica) announce() {
	sh := slotmap.Shard{ID: r.cfg.Shard, Index: r.members.Index, Members: r.members.Members(), Term: r.term()}
	leads := r.role == raft.StateLeader && r.ownTerm
	if leads {
		sh.Leader = r.cfg.Replica
	}
	r.cfg.System.Root.Send(r.cfg.NodePID, &Changed{Shard: sh, Runs: r.runs, Leads: leads})
}

// reportFacts tells the node what this leader knows of its followers.
func (r *replica) reportFacts() {
	if r.role != raft.StateLeader || !r.ownTerm {
		return
	}
	f := &Facts{Shard: r.cfg.Shard, Leads: true, Joint: r.members.Joint()}
	for id, pr := range r.node.Status().Progress {
		f.Progress = append(f.Progress, r.progress(id, &pr))
	}
	slices.SortFunc(f.Progress, func(a, b Progress) int { return cmp.Compare(a.Replica, b.Replica) })
	r.cfg.System.Root.Send(r.cfg.NodePID, f)
}

func (r *replica) progress(id uint64, pr *tracker.Progress) Progress {
	own := id == r.cfg.Replica
	return Progress{
		Replica:      id,
		CaughtUp:     own || pr.State == tracker.StateReplicate && pr.Match+caughtUpEntries >= r.last,
		RecentActive: own || pr.RecentActive,
		Declined:     r.disk.hasDeclined(id, r.tick),
	}
}

// destroy ends the replica for good: nothing is answered or sent any more, and the log buries the id.
func (r *replica) destroy(reason string) {
	if r.gone {
		return
	}
	r.gone, r.endedAt = true, r.tick
	r.cfg.Logger.Info("replica ends", "shard", r.cfg.Shard, "replica", r.cfg.Replica, "reason", reason)
	r.endAll()
	r.gauges.ended()
	r.cfg.System.Root.Send(r.cfg.LogPID, &raftlog.Bury{Shard: r.cfg.Shard, Replica: r.cfg.Replica, Reply: r.self()})
}

// afterEnd takes what arrives at a replica that has ended. Once the id is buried, the applier answers
// what it was handed and stops, and the files go. Then, when no request can be on its way, this actor
// stops, and only when its name is free the node hears of it: the shard may come back here as another
// replica.
func (r *replica) afterEnd(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *Batch:
		answerAll(r.cfg, []*Batch{m}, Down)
	case *behindClock:
		answerAll(r.cfg, m.batches, Down)
	case *WaitQuery:
		m.Reply(0, false)
	case *SnapshotArrived:
		r.dropArrived(m.Path)
	case *raftlog.Buried:
		r.buried = true
		ctx.Watch(r.applier)
		ctx.Poison(r.applier)
	case *actor.Terminated:
		r.removeSnapshots(math.MaxUint64)
		r.quiet = true
	case Tick:
		r.tick++
	case mailbox.Drained:
		// Whoever has sent a batch holds a part of the budget; with all of it taken nobody sends any more.
		if r.quiet && (r.cfg.budget.TryAcquire(BudgetOps, BudgetBytes) || r.tick > r.endedAt+unknownTicks) {
			ctx.Stop(ctx.Self())
		}
	case *actor.Stopped:
		if r.buried {
			ctx.Send(r.cfg.NodePID, &Gone{Shard: r.cfg.Shard, Replica: r.cfg.Replica})
		}
	}
}

// endAll answers everything that is open. Reads have no effect, and what was never proposed is not done;
// the fate of a proposal is no longer known here.
func (r *replica) endAll() {
	answerAll(r.cfg, r.fates.all(), Unknown)
	answerAll(r.cfg, r.reads.takeAll(), Down)
	answerAll(r.cfg, r.writes, Down)
	for _, p := range r.parked {
		answerAll(r.cfg, []*Batch{p.batch}, Down)
	}
	r.writes, r.parked = nil, nil
	r.failWaits()
}

// stopping ends the replica with its node. The applier answers what it was handed, and stops.
func (r *replica) stopping() {
	r.gone = true
	r.endAll()
	r.cfg.System.Root.Poison(r.applier)
}
