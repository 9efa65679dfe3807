package gossip

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/troupedb/troupe/slotmap"
)

// start does what follows once the port is ours.
func (g *Gossip) start(bind netip.Addr, port int) (err error) {
	g.own, err = locate(&g.cfg, netip.AddrPortFrom(bind, 0), port)
	if err != nil {
		return err
	}
	if adv := g.own.advertise; len(g.cfg.Keys) == 0 && !adv.Addr().IsLoopback() {
		return fmt.Errorf("%w (%v)", ErrOpen, adv)
	}
	g.introduce()
	if err := g.join(); err != nil {
		return err
	}
	deliver := g.cfg.Events
	if deliver == nil {
		deliver = func(Event) {}
	}
	g.wg.Go(func() { g.out.run(deliver) })
	g.wg.Go(g.rejoin)
	g.wg.Go(g.sendNotices)
	g.wg.Go(g.keepAnnouncing)
	g.wg.Go(g.watchDigests)
	return nil
}

// join makes the list, of which this node is the first member.
func (g *Gossip) join() error {
	c, err := g.listConfig(g.net)
	if err != nil {
		return err
	}
	if g.list, err = memberlist.Create(c); err != nil {
		return fmt.Errorf("gossip: %w", err)
	}
	// It refuses in silence whoever its rules are against, this node too, and would panic over that later.
	own := func(n *memberlist.Node) bool { return n.Name == c.Name }
	if !slices.ContainsFunc(g.list.Members(), own) {
		g.list.Shutdown()
		return fmt.Errorf("gossip: this node cannot be a member at %v", g.own.advertise)
	}
	return nil
}

// introduce fills in what we say of ourselves and whom we look for.
func (g *Gossip) introduce() {
	self := g.cfg.Self
	self.Gossip = g.own.advertise.String()
	self.gone = false
	if self.Boot == 0 {
		self.Boot = time.Now().UnixMilli()
	}
	g.mu.self = self
	g.mu.dir = newDirectory(self.ID, self.Cluster)
	g.mu.dir.recall(g.cfg.Peers)
	g.mu.targets = make(targets)
	for _, entry := range g.cfg.Join {
		g.mu.targets.add(entry, true, slotmap.NodeID{})
	}
	for _, entry := range g.cfg.Remembered {
		g.keep[entry] = true
		g.mu.targets.add(entry, false, slotmap.NodeID{})
	}
	g.mu.targets.learn(g.mu.dir, g.keep)
	for _, t := range g.mu.targets {
		t.self = len(t.addrs) == 1 && g.own.is(t.addrs[0])
	}
}
