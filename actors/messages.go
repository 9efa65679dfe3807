package actors

import (
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
)

// Messages to the director beside those of replica, link and raftlog.

// tick is one replica.TickInterval.
type tick struct{}

// gossiped is an event of the gossip layer.
type gossiped struct{ event gossip.Event }

// founded tells the director that this node starts a new cluster.
type founded struct{ cluster slotmap.ClusterID }

// joined tells the director which cluster this node belongs to.
type joined struct{ cluster slotmap.ClusterID }

// leave asks for a graceful end: hand over what is led here, then close done.
type leave struct{ done chan struct{} }

func (tick) ConsensusLane()    {}
func (joined) ConsensusLane()  {}
func (founded) ConsensusLane() {}
func (leave) ConsensusLane()   {}
