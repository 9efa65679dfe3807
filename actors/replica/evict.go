package replica

import (
	"github.com/asynkron/protoactor-go/actor"
	"go.etcd.io/raft/v3"

	"github.com/troupedb/troupe/actors/keyspace"
)

// Eviction is decided by the leader alone, of its own shard, and carried out by the log:
//
//	applier  (leader, the node holds more than it may) chooses keys, by how they were used here
//	applier -> replica  *evict   an operation that names them
//	replica  proposes it ahead of the writes that are queued
//	applier  (every replica) deletes what it names, unless it was modified in between
//
// At most one such operation is under way, and it evicts all that its shard holds too much, up to a bound above
// what an entry can add; so a node is over its limit by a few entries at most. A new leader begins with what it
// knows of the use of keys: the writes it applied, and no reads but its own.

// Memory is what a node holds, beside what it may.
type Memory struct {
	Excess int64 // bytes that it holds too much; 0 if none
	Data   int64 // bytes that the keys of all its replicas take
}

// evict asks a leader to propose an operation that evicts.
type evict struct{ ops []byte }

// ConsensusLane marks evict for the front lane: memory does not wait for the load that fills it.
func (*evict) ConsensusLane() {}

// overfull tells the applier of a leader that its node holds too much.
type overfull struct{}

// follow has the state go by the rules of this node.
func (a *applier) follow() {
	if a.cfg.Eviction != nil {
		a.state.SetEviction(a.cfg.Eviction())
	}
}

// relieve has keys evicted if this replica leads and its node holds too much.
func (a *applier) relieve(ctx actor.Context) {
	if a.cfg.Memory == nil || a.evicting || Role(a.gauges.Role.Load()) != RoleLeader {
		return
	}
	need := a.share(a.cfg.Memory())
	if need == 0 {
		a.gauges.Dry.Store(false)
		return
	}
	env := keyspace.Env{Index: a.applied, Now: a.now, ReadNow: a.now, Seed: a.env.Seed, Read: true}
	ops := a.state.AppendEviction(nil, &env, need)
	a.gauges.Dry.Store(ops == nil)
	if a.evicting = ops != nil; a.evicting {
		ctx.Send(a.replica, &evict{ops})
	}
}

// share is what this shard is to give up of what the node holds too much: in proportion, for each shard's leader
// does the same.
func (a *applier) share(m Memory) int64 {
	if m.Excess <= 0 {
		return 0
	}
	part := float64(a.state.Bytes()) / float64(max(m.Data, 1))
	return max(1, int64(float64(m.Excess)*min(part, 1)))
}

// evict notes what is to be evicted. At the end of a leadership the applier forgets that it asked.
func (r *replica) evict(m *evict) {
	if r.role == raft.StateLeader {
		r.eviction = m.ops
	}
}

// proposeEviction proposes what the applier asked for. Raft refuses while the leadership is handed over; then the
// next turn tries again.
func (r *replica) proposeEviction() {
	if r.eviction == nil || !r.ownTerm || r.appending >= maxAppending || r.cfg.LowSpace() {
		return
	}
	if r.propose(nil, r.eviction) {
		r.eviction = nil
	}
}

// tendMemory has the applier look at the memory though nothing is applied: the limit may be another, or other
// shards may have grown.
func (r *replica) tendMemory() {
	if r.ownTerm && r.cfg.Memory != nil && r.cfg.Memory().Excess > 0 {
		r.toApplier(&overfull{})
	}
}
