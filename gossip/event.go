package gossip

import "github.com/troupedb/troupe/slotmap"

// Event is one of the types below.
type Event interface{ event() }

// NodeUp tells of a node that was not there before; never of this one.
type NodeUp struct{ Node Node }

// NodeChanged tells that a node says something new about itself other than
// its map digest, which this package acts upon.
type NodeChanged struct{ Node Node }

// NodeDown tells that a node is dead, or took its leave (Left), or that
// another id lives at its address now.
type NodeDown struct {
	Node Node
	Left bool
}

// DeltaReceived carries news about one shard that the own map lacks. It is a
// hint, like all that gossip says.
type DeltaReceived struct{ Delta slotmap.Delta }

// MapReceived carries a peer's map that differs from the own one.
type MapReceived struct{ Map *slotmap.Map }

// Foreign tells of a node at Addr that belongs to another cluster. KnowsUs
// means that the other cluster has this node's address among those it rejoins:
// this one probably started a cluster while its own one was out of reach. Both
// sides may hear this of each other; only a cluster that holds no data yet
// should give way.
type Foreign struct {
	Cluster slotmap.ClusterID
	Addr    string
	KnowsUs bool
}

func (NodeUp) event()        {}
func (NodeChanged) event()   {}
func (NodeDown) event()      {}
func (DeltaReceived) event() {}
func (MapReceived) event()   {}
func (Foreign) event()       {}
