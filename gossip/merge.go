package gossip

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/hashicorp/memberlist"
)

// mergeDelegate looks at the whole list that a peer brings when one of us
// joins the other, before any of it is taken in.
type mergeDelegate struct{ g *Gossip }

// NotifyMerge refuses a list in which live nodes are of another cluster and
// none is of ours. A list with both comes from a node that stood between two
// clusters before it chose; its nodes are then judged one by one, as are all
// by an empty node, which wants to hear what comes after the list: who answers.
func (m mergeDelegate) NotifyMerge(peers []*memberlist.Node) error {
	g := m.g
	g.mu.Lock()
	defer g.mu.Unlock()
	var stranger *Node
	var ours bool
	for _, p := range peers {
		n, err := peerNode(p)
		if err != nil || p.State != memberlist.StateAlive && n.ID != g.mu.self.ID {
			continue
		}
		switch {
		case n.ID == g.mu.self.ID:
			g.checkOwnRecord(n)
		case !g.mu.dir.admits(n):
			stranger = &n
			g.turned(n)
		case n.Cluster == g.mu.dir.cluster:
			ours = true
		}
	}
	if ours || stranger == nil || g.mu.dir.cluster.IsZero() {
		return nil
	}
	return fmt.Errorf("%w: %v", errForeign, stranger.Cluster)
}

// checkOwnRecord notes when a peer still has us under an address of the past,
// and so refuses our news until it has seen that one die.
//
// REQUIRES: g.mu held.
func (g *Gossip) checkOwnRecord(n Node) {
	if n.Gossip != g.mu.self.Gossip {
		g.mu.stale = time.Now()
		g.wake()
	}
}

func peerAddr(p *memberlist.Node) (netip.AddrPort, bool) {
	ip, ok := netip.AddrFromSlice(p.Addr)
	return canonical(netip.AddrPortFrom(ip, p.Port)), ok
}
