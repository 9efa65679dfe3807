package link

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// Why a connection is not made, beside wire.ErrVersion, wire.ErrCluster, wire.ErrMagic and secret.ErrStranger.
var (
	// ErrNode says that another node, or this one, answered where the peer was expected.
	ErrNode = errors.New("another node answers at this address")
	// ErrNoCluster says that this node, or the other, is of no cluster yet.
	ErrNoCluster = errors.New("not part of a cluster yet")
	// ErrNoAddress says that nobody told where the node is.
	ErrNoAddress = errors.New("the node's address is not known")
)

// dial connects to the node that should be at address, and shakes hands.
func (l *Links) dial(node slotmap.NodeID, address string, bulk bool) (*conn, error) {
	if err := l.mayDial(address); err != nil {
		return nil, err
	}
	l.counters.dials.Add(1)
	begin := time.Now()
	ctx, cancel := context.WithTimeout(l.ctx, l.timing.dial)
	defer cancel()
	raw, err := l.cfg.Dial(ctx, address)
	if err != nil {
		return nil, err
	}
	c := l.adopt(raw, l.timing.dial-time.Since(begin))
	if err := l.greet(ctx, c, node, bulk); err != nil {
		c.kill()
		return nil, explain(err)
	}
	return c, nil
}

func (l *Links) mayDial(address string) error {
	switch {
	case address == "":
		return ErrNoAddress
	case l.keys.Load() == nil && !isLoopback(address):
		return ErrNeedSecret
	case l.cfg.Cluster().IsZero():
		return ErrNoCluster
	}
	return nil
}

// greet is the handshake of the side that dialled: it speaks first.
func (l *Links) greet(ctx context.Context, c *conn, node slotmap.NodeID, bulk bool) error {
	if k := l.keys.Load(); k != nil {
		if err := c.secure(ctx, func(raw net.Conn) *tls.Conn { return tls.Client(raw, k.client) }); err != nil {
			return err
		}
	}
	own := l.hello(node, bulk)
	if err := wire.WriteHello(c, own); err != nil {
		return err
	}
	theirs, err := wire.ReadHello(c.reader)
	if err != nil {
		return err
	}
	if err := check(own, theirs); err != nil {
		return err
	}
	if theirs.Node != node {
		return fmt.Errorf("node %s: %w", theirs.Node, ErrNode)
	}
	return c.established()
}

// welcome is the handshake of the side that accepted. It answers with its own hello even if it then closes, so
// that both sides can say what is wrong.
func (l *Links) welcome(c *conn) (wire.Hello, error) {
	if k := l.keys.Load(); k != nil {
		if err := c.secure(l.ctx, func(raw net.Conn) *tls.Conn { return tls.Server(raw, k.server) }); err != nil {
			return wire.Hello{}, err
		}
	}
	theirs, err := wire.ReadHello(c.reader)
	if err != nil && !errors.Is(err, wire.ErrVersion) {
		return theirs, err
	}
	own := l.hello(theirs.Node, false)
	if err := wire.WriteHello(c, own); err != nil {
		return theirs, err
	}
	if err != nil {
		return theirs, err
	}
	if err := check(own, theirs); err != nil {
		return theirs, err
	}
	if theirs.To != own.Node {
		return theirs, fmt.Errorf("looks for node %s: %w", theirs.To, ErrNode)
	}
	return theirs, c.established()
}

func check(own, theirs wire.Hello) error {
	if err := theirs.Check(own); err != nil {
		if errors.Is(err, wire.ErrCluster) && (own.Cluster.IsZero() || theirs.Cluster.IsZero()) {
			return ErrNoCluster
		}
		return err
	}
	switch {
	case own.Cluster.IsZero():
		return ErrNoCluster
	case theirs.Node.IsZero() || theirs.Node == own.Node:
		return fmt.Errorf("node %s: %w", theirs.Node, ErrNode)
	}
	return nil
}
