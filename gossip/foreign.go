package gossip

import (
	"net/netip"
	"time"

	"github.com/hashicorp/memberlist"
)

// foreign reports a node of another cluster, and if its address is one that we
// rejoin, tells that node so: it may be our own member that lost its disk and
// started afresh.
//
// REQUIRES: g.mu held.
func (g *Gossip) foreign(n Node) {
	now := time.Now()
	if !g.limit.allow("foreign "+n.Gossip, now) {
		return
	}
	g.out.put(Foreign{Cluster: n.Cluster, Addr: n.Gossip})
	a, err := netip.ParseAddrPort(n.Gossip)
	if err != nil || !g.mu.targets.knows(a) {
		return
	}
	select {
	case g.notices <- n:
	default: // the next refusal tells it
	}
}

// sendNotices tells nodes of other clusters that we know their address.
func (g *Gossip) sendNotices() {
	for {
		select {
		case n := <-g.notices:
			self := g.announcement()
			m := noticeMessage{cluster: self.Cluster, from: self.Gossip, to: n.Gossip}
			a, _ := netip.ParseAddrPort(n.Gossip)
			to := &memberlist.Node{Name: n.ID.String(), Addr: a.Addr().AsSlice(), Port: a.Port()}
			if err := g.list.SendReliable(to, m.append(nil)); err != nil {
				g.log.Debug("notice to another cluster not sent", "addr", n.Gossip, "err", err)
			}
		case <-g.ctx.Done():
			return
		}
	}
}

// heardNotice takes such a message from another cluster.
func (g *Gossip) heardNotice(m noticeMessage) {
	self := g.announcement()
	if m.cluster.IsZero() || self.Cluster.IsZero() || m.cluster == self.Cluster || m.to != self.Gossip {
		return
	}
	if g.limit.allow("knows us "+m.from, time.Now()) {
		g.out.put(Foreign{Cluster: m.cluster, Addr: m.from, KnowsUs: true})
	}
}
