package gossip

import (
	"context"
	"log"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

const (
	maxStreams  = 32                      // incoming at a time; each may buffer a state of 20 MiB
	dialTimeout = 1500 * time.Millisecond // leaves room for one lost SYN
)

// transport is memberlist's own, plus three things: a bound on incoming
// streams, a Close that also ends what is in flight, and a note of which
// addresses accepted a connection, which tells a busy node from an absent one.
type transport struct {
	*memberlist.NetTransport
	bind    netip.Addr
	streams chan net.Conn
	closing chan struct{} // closed first: nobody takes streams any more
	done    chan struct{} // closed last: no more streams come
	ctx     context.Context
	cancel  context.CancelFunc
	once    sync.Once

	mu struct {
		sync.Mutex
		incoming int
		open     map[*trackedConn]struct{}
		accepted map[string]bool
	}
}

func newTransport(bind netip.AddrPort, logger *log.Logger) (*transport, error) {
	inner, err := memberlist.NewNetTransport(&memberlist.NetTransportConfig{
		BindAddrs: []string{bind.Addr().String()},
		BindPort:  int(bind.Port()),
		Logger:    logger,
	})
	if err != nil {
		return nil, err
	}
	t := &transport{
		NetTransport: inner,
		bind:         bind.Addr(),
		streams:      make(chan net.Conn),
		closing:      make(chan struct{}),
		done:         make(chan struct{}),
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.mu.open = make(map[*trackedConn]struct{})
	t.mu.accepted = make(map[string]bool)
	go t.pump()
	return t, nil
}

// StreamCh yields incoming streams within the bound.
func (t *transport) StreamCh() <-chan net.Conn { return t.streams }

func (t *transport) pump() {
	for {
		select {
		case conn := <-t.NetTransport.StreamCh():
			t.admit(conn)
		case <-t.done:
			return
		}
	}
}

func (t *transport) admit(conn net.Conn) {
	c, ok := t.track(conn, true)
	if !ok {
		conn.Close()
		return
	}
	select {
	case t.streams <- c:
	case <-t.closing:
		c.Close()
	}
}

// DialTimeout dials addr and notes whether somebody listens there. The connection comes from where packets
// come from, so that a node is one address to others.
func (t *transport) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	d := net.Dialer{Timeout: min(timeout, dialTimeout)}
	if to, err := netip.ParseAddrPort(addr); err == nil && !t.bind.IsUnspecified() && to.Addr().Is4() == t.bind.Is4() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(t.bind, 0))
	}
	conn, err := d.DialContext(t.ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	if len(t.mu.accepted) < 2*maxNodes {
		t.mu.accepted[addr] = true
	}
	t.mu.Unlock()
	c, ok := t.track(conn, false)
	if !ok {
		conn.Close()
		return nil, net.ErrClosed
	}
	return c, nil
}

// DialAddressTimeout is DialTimeout; names play no part in reaching a node.
func (t *transport) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	return t.DialTimeout(a.Addr, timeout)
}

// forget clears the note on addr before it is asked.
func (t *transport) forget(addr string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.mu.accepted, addr)
}

// listens tells whether addr accepted a connection since forget.
func (t *transport) listens(addr string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mu.accepted[addr]
}

// Shutdown closes listeners and every connection.
func (t *transport) Shutdown() error {
	t.once.Do(func() {
		close(t.closing)
		t.cancel()
		t.NetTransport.Shutdown() // waits for its listeners, which pump keeps unblocked
		close(t.done)
		t.closeAll()
	})
	return nil
}

func (t *transport) closeAll() {
	t.mu.Lock()
	open := t.mu.open
	t.mu.open = nil
	t.mu.Unlock()
	for c := range open {
		c.Conn.Close()
	}
}

// track registers conn, unless we are closing or have too many incoming.
func (t *transport) track(conn net.Conn, incoming bool) (*trackedConn, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mu.open == nil || incoming && t.mu.incoming >= maxStreams {
		return nil, false
	}
	if incoming {
		t.mu.incoming++
	}
	c := &trackedConn{Conn: conn, t: t, incoming: incoming}
	t.mu.open[c] = struct{}{}
	return c, true
}

type trackedConn struct {
	net.Conn
	t        *transport
	incoming bool
	once     sync.Once
}

func (c *trackedConn) Close() error {
	c.once.Do(func() {
		c.t.mu.Lock()
		defer c.t.mu.Unlock()
		delete(c.t.mu.open, c)
		if c.incoming {
			c.t.mu.incoming--
		}
	})
	return c.Conn.Close()
}
