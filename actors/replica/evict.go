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
// At most one such operation of a shard is under way. It evicts what the shard is to give up (memory.go), as far as that
// may be chosen in one turn of the applier; the next is chosen once it is applied. So large entries can outrun eviction
// for a while, and writes of all keys that may go undo each choice: then the shard counts as dry, until one evicts
// something. A new leader begins with what it knows of the use of keys: the writes it applied, and no reads but its own.

// evict asks the leader of a term to propose an operation that evicts.
type evict struct {
	term uint64
	ops  []byte
}

// ConsensusLane marks evict for the front lane: memory does not wait for the load that fills it.
func (*evict) ConsensusLane() {}

// overfull has the applier of a leader look at what its node holds: too much, or not any more.
type overfull struct{}

// forgetEviction tells the applier that what it asked for is not proposed: it is to choose anew.
type forgetEviction struct{}

// follow has the state go by the rules of this node.
func (a *applier) follow() {
	if a.cfg.Eviction != nil {
		a.state.SetEviction(a.cfg.Eviction())
	}
}

// relieve has keys evicted if this replica leads and its node holds too much.
func (a *applier) relieve(ctx actor.Context) {
	m := a.memory()
	if m.Excess > 0 && a.leaving > 0 {
		return
	}
	need := m.due(a.state.Bytes() - a.state.Aside())
	if need == 0 {
		a.vain = false
		a.gauges.Dry.Store(false)
		return
	}
	env := keyspace.Env{Index: a.applied, Now: a.now, ReadNow: a.now, Seed: a.env.Seed, Read: true}
	ops, bytes := a.state.AppendEviction(nil, &env, need)
	a.leave(bytes)
	a.gauges.Dry.Store(ops == nil || a.vain)
	if ops != nil {
		ctx.Send(a.replica, &evict{a.term, ops})
	}
}

// leave notes how much is about to be evicted.
func (a *applier) leave(bytes int64) {
	a.leaving = bytes
	a.gauges.Leaving.Store(bytes)
}

// memory is what this replica goes by as a leader. It is to give up nothing before an entry of the term in which it
// leads is applied: until then the state is behind.
func (a *applier) memory() Memory {
	if a.cfg.Memory == nil || a.term != a.leads || Role(a.gauges.Role.Load()) != RoleLeader {
		return Memory{}
	}
	return a.cfg.Memory()
}

// evict notes what is to be evicted. At the end of a leadership the applier forgets that it asked.
func (r *replica) evict(m *evict) {
	if r.role == raft.StateLeader && r.term() == m.term {
		r.eviction = m.ops
	}
}

// proposeEviction proposes what the applier asked for. Raft refuses while the leadership is handed over; then the
// next turn tries again, unless there is nothing to relieve any more.
func (r *replica) proposeEviction() {
	switch {
	case r.eviction == nil:
	case !r.mayEvict():
		r.eviction = nil
		r.toApplier(&forgetEviction{})
	case r.ownTerm && r.appending == 0 && r.propose(nil, r.eviction):
		r.eviction = nil
	}
}

// mayEvict tells whether the node holds too much, and has the disk for an entry that says what is to go.
func (r *replica) mayEvict() bool {
	return r.cfg.Memory != nil && r.cfg.Memory().Excess > 0 && !r.cfg.LowSpace() && !r.cfg.paused()
}

// tendMemory has the applier look at the memory though nothing is applied: the limit may be another, or other
// shards may have grown or shrunk.
func (r *replica) tendMemory() {
	if r.ownTerm && (r.mayEvict() || r.gauges.Dry.Load()) {
		r.toApplier(&overfull{})
	}
}
