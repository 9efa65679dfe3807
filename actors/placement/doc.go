// Package placement decides which nodes should hold and lead which shards.
//
// It is pure: Plan is a function of a View, and no actor, socket or clock is near it. There is no leader of the
// cluster. Every node computes the same target from what gossip told everyone (the nodes and the ownership map),
// and Plan answers only the steps for the shards that this node leads, which the view names in Led:
//
//	for each tick
//	    for each step of Plan(view)
//	        ask the shard's replica for it, as one configuration change or one transfer
//
// The caller carries out a step and looks again; it never keeps a plan. A shard gets steps of one kind at a time.
// Several AddLearner or RemoveLearner of one shard may travel in one change; a Promote is one joint change.
//
// The target, by shard:
//
//   - As many voters as the replication factor, on nodes that differ, in zones that differ where that is possible.
//     While there are fewer nodes than that the shard keeps what it has: one voter in a young cluster.
//   - The number of voters that a change leaves behind is always odd.
//   - A dead node keeps its place until a node says that it replaces it; then its successor takes over in one change.
//   - A node with little disk space, a gateway, or a node that is about to stop gets no new replica.
//   - When one node holds two shards more than another, one moves. A node gives or takes one shard at a time, and
//     no shard with a dead voter moves.
//   - When one node leads two shards more than another that could lead one of them, the leadership moves, directly or
//     along a chain of nodes. A node short of disk space, or whose clock is wrong, should
//     lead nothing. A replica that has declined is not asked again for a while.
//
// Each change that moves a shard or a leadership makes the whole more even by a measure that every node shares, so
// that plans carried out in any order come to rest, and then Plan is empty.
//
// Safety does not depend on the view: whatever it says, no voter is removed unless a majority of the voters that
// remain is caught up and recently active by the leader's own knowledge, and a learner is promoted only when it is so
// itself. A wrong view costs copies of data, never data.
package placement
