package gossip

import "github.com/hashicorp/memberlist"

// eventDelegate hears from memberlist who comes and goes, under its node lock.
type eventDelegate struct{ g *Gossip }

func (e eventDelegate) NotifyJoin(p *memberlist.Node)   { e.g.memberAlive(p) }
func (e eventDelegate) NotifyUpdate(p *memberlist.Node) { e.g.memberAlive(p) }

func (e eventDelegate) NotifyLeave(p *memberlist.Node) {
	g := e.g
	n, err := peerNode(p)
	if err != nil {
		return // it was never let in
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	left := n.gone
	g.out.put(g.mu.dir.drop(n.ID, left)...)
	g.mu.targets.learn(g.mu.dir, g.keep)
	g.members.Store(int64(len(g.mu.dir.alive) + 1))
	g.wake()
}

func (g *Gossip) memberAlive(p *memberlist.Node) {
	n, err := peerNode(p)
	if err != nil {
		g.badInput("node", err)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if n.ID == g.mu.self.ID {
		return
	}
	g.out.put(g.mu.dir.put(n)...)
	g.mu.targets.learn(g.mu.dir, g.keep)
	g.members.Store(int64(len(g.mu.dir.alive) + 1))
	g.wake()
}
