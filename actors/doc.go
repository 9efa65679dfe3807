// Package actors is one node: it spawns the actors that share the work and wires them.
//
//	raftlog          the durable log of every shard on this node
//	node             the director: which replicas live here, who is in the cluster, the ownership map
//	shard/N          the replica of shard N, with its state machine in apply/shard/N
//	link (per peer)  the way to another node
//	forward          batches of sessions for shards of other nodes, and of other nodes for shards here
//	confirm          whether the leaders here lead still, asked of other nodes for all shards at once
//	survey           how the replicas of all nodes stand, for the operators
//	session (per connection) and gossip, which runs on goroutines of its own and reports as messages
//
// The director owns the node's picture of the cluster. What it knows from a shard's log (through the
// replicas here) outranks what gossip says; both end in one immutable session.Routes, published through
// an atomic pointer, that every session routes by.
//
// The director also judges the node's wall clock by those of the others (package clock): a shard's clock follows
// it only while most agree.
//
// Start and Stop may be called from any goroutine. Whatever ends the node at run time (a failed fsync, a
// panic of a replica, a damaged snapshot) comes through Config.Fatal once.
package actors
