// Package gossip knows which nodes are alive and spreads the ownership map,
// on top of hashicorp/memberlist. All that it says is a hint: who owns a slot
// and who is in a group is decided by a shard's log.
//
// # What it owns
//
// One memberlist on one port (UDP and TCP), the directory of nodes, and the
// search for those that should be there and are not. The map itself belongs to
// the caller, who hands it out through Config.Map and merges what Events bring.
//
//	g, err := gossip.Start(cfg)
//	d, err := g.Bootstrap(ctx)      // only with a zero Self.Cluster does it wait
//	switch d.Action {
//	case gossip.StartCluster:
//		self.Cluster = newID()
//	case gossip.JoinCluster:
//		self.Cluster = d.Cluster
//	}
//	g.SetSelf(self)
//	…
//	g.Publish(m.Delta(shard))       // whenever a leader sees its shard change
//	…
//	g.Leave(ctx)
//	g.Close()
//
// # In and out
//
// In: SetSelf, Publish, Leave, Close. Out, through Config.Events: NodeUp,
// NodeChanged, NodeDown, DeltaReceived, MapReceived, Foreign. Events are
// delivered in order on one goroutine that holds no lock. Times are
// milliseconds where a field says so, else time.Duration; sizes are bytes.
//
// # How news spreads
//
// A node's metadata (Node, at most 512 bytes) travels with memberlist's own
// alive messages. A shard's delta is cut into messages of at most 1300 bytes,
// since memberlist silently never sends one that does not fit a packet; a newer
// message of a shard and part replaces an older one in the queue. memberlist
// sends a message one hop far, so whoever learns something from one passes it
// on. The whole map goes by push/pull: when nodes meet, every 15 s, and
// whenever a peer's metadata shows a map digest that differs from ours for
// longer than news takes to spread.
//
// # Finding each other
//
// Each address of Config.Join, Remembered and Peers is dialled, with a backoff
// of up to 10 s, until a node was seen alive there (or, where the id is known,
// elsewhere), and a node that dies is dialled again until it is back. A node that left
// of its own will, or whose address another id took over, is forgotten. A node
// that returns with its id under a new address is refused by peers until they
// saw the old address die (2 to 6 s); it notices this from their lists and
// introduces itself again until all have it. Of two ids that claim one
// address, the one that booted later counts at once and the other is reported
// down: that is a node that lost its disk.
//
// # One cluster or two
//
// A node refuses whoever names another cluster: single nodes (the alive
// delegate), whole lists (the merge delegate), maps and deltas. A node without
// a cluster carries a zero id and is welcome anywhere; this is also how it says
// "empty". It takes in the members of one cluster only, that of which it heard
// first, so that it never links two. Since nobody passes on what he refuses,
// each answer to a probe names the cluster too: a member that turns to another
// one is missed by all within a round of probes. A node refused whose address
// is one that we look for is told so, and its owner hears Foreign with KnowsUs.
//
// # Why no second cluster comes up
//
// Only one node may start a cluster: the first of the join list. It does so
// only if every listed node that is there says "empty", and only if those and
// itself are more than half of the list.
//
// Suppose a cluster exists and the disk of the first is wiped. While the nodes
// that carry the cluster's id are more than half of the list (once all listed
// nodes have joined, this means that fewer than half lost their disks), every
// majority of the list contains one of them. So either the wiped node reaches
// such a node, which names the cluster, and joins it; or it does not reach a
// majority, and waits. Slow nodes do not weaken this: one that accepts a
// connection but does not answer (stopped, overloaded, or with another secret)
// blocks the start, as it is there and did not say "empty"; one whose host
// does not answer at all counts as absent only after its dial timed out, and
// an absent one does not count towards the majority. "Empty" is believed only
// from a node that is alive at the moment of decision, since it may have joined
// a cluster meanwhile; then its metadata says so. That some node somewhere
// names a cluster, listed or not, is reason enough to join.
//
// What is left are mistakes: lists that differ from node to node, so that two
// nodes each are the first of theirs; and a cluster that never reached half of
// its list. There the nodes that know the address of the fresh cluster tell it
// (Foreign with KnowsUs), and it should stop before it serves. A join entry is
// one seat, so a name that stands for several nodes is nobody's own address:
// with such a list nobody starts a cluster, and nodes must be listed singly.
//
// # Failure contract
//
// Nothing that arrives from the network ends the process or grows memory
// beyond fixed bounds: messages, states and metadata are length-checked before
// they are decoded, the number of nodes, targets, queued messages, waiting
// events and incoming streams is capped, and what cannot be read is dropped
// with a rate-limited log line. With keys, only who holds one is heard at all;
// without, only this host. memberlist believes the lengths that a stream claims,
// so it is given a stream only when the whole message has come and its claims
// are within bounds (gate.go): 12 MiB at most, as they arrive, on at most 32
// incoming streams of at most 3 s. Also who answers a stream of ours is looked
// at, and what only the holder of a key can have said.
//
// # Goroutines
//
// memberlist's own call the delegates (one file each: delegate.go, alive.go,
// merge.go, members.go, conflict.go, ping.go), partly under its node lock; so
// these only take this package's lock and never call memberlist. Ours are: the
// delivery of events, rejoin with at most 16 dials, notices, announcements,
// the comparison of digests, and two that pass streams and packets on.
package gossip
