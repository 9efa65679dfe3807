package gossip

import (
	"errors"
	"fmt"

	"github.com/hashicorp/memberlist"
)

var (
	errForeign = errors.New("of another cluster")
	errFull    = errors.New("too many nodes")
)

// aliveDelegate decides who may be a member. memberlist holds its node lock
// meanwhile, so nothing here calls back into it.
type aliveDelegate struct{ g *Gossip }

// NotifyAlive refuses nodes that cannot be read or are of another cluster.
func (a aliveDelegate) NotifyAlive(peer *memberlist.Node) error {
	n, err := peerNode(peer)
	if err != nil {
		return err
	}
	return a.g.admit(n)
}

// peerNode decodes a peer's metadata. The id must be the name, and the address
// is the one that memberlist reaches it by.
func peerNode(peer *memberlist.Node) (Node, error) {
	n, err := decodeNode(peer.Meta)
	if err != nil {
		return n, err
	}
	if n.ID.String() != peer.Name {
		return n, fmt.Errorf("%w: says %v under the name %.40q", errNode, n.ID, peer.Name)
	}
	addr, ok := peerAddr(peer)
	if !ok {
		return n, fmt.Errorf("%w: address of %d bytes", errNode, len(peer.Addr))
	}
	n.Gossip = addr.String()
	return n, nil
}

// admit applies the rules of membership to n.
func (g *Gossip) admit(n Node) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n.ID == g.mu.self.ID {
		return nil
	}
	if g.mu.dir.full(n.ID) {
		return errFull
	}
	if !g.mu.dir.admits(n) {
		g.turned(n)
		return fmt.Errorf("%w: %v", errForeign, n.Cluster)
	}
	return nil
}

// turned sees to it that a node of another cluster is no member, if it was one.
//
// REQUIRES: g.mu held.
func (g *Gossip) turned(n Node) {
	g.out.put(g.mu.dir.drop(n.ID, false)...)
	g.foreign(n)
}
