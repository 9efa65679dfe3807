package gossip

import (
	"time"

	"github.com/hashicorp/memberlist"
)

// conflictDelegate hears when two addresses claim one name.
type conflictDelegate struct{ g *Gossip }

// NotifyConflict warns when somebody else uses our own id, which is what a
// copied data directory looks like. For any other node it is the usual sight
// of one that came back under a new address and was not missed yet.
func (c conflictDelegate) NotifyConflict(_, other *memberlist.Node) {
	g := c.g
	if other.Name == g.id.String() && g.limit.allow("conflict", time.Now()) {
		g.log.Warn("another process uses this node's id; is its data directory a copy?", "addr", other.Address())
	}
}
