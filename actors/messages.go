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

// joined tells the director which cluster this node is to belong to. The one that it starts itself is told to the
// director as a *founding.
type joined struct{ cluster slotmap.ClusterID }

// enrolled tells the director that it is on disk which cluster this node belongs to.
type enrolled struct{ cluster slotmap.ClusterID }

// leave asks for a graceful end: hand over what is led here, then close done.
type leave struct{ done chan struct{} }

func (tick) ConsensusLane()     {}
func (joined) ConsensusLane()   {}
func (founding) ConsensusLane() {}
func (enrolled) ConsensusLane() {}
func (leave) ConsensusLane()    {}
