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
	maxStreams  = 32                      // incoming at a time
	dialTimeout = 1500 * time.Millisecond // leaves room for one lost SYN
)

// transport is memberlist's own, plus four things: a bound on incoming
// streams, a look at what arrives before memberlist has it, a Close that also
// ends what is in flight, and a note of which addresses accepted a connection,
// which tells a busy node from an absent one.
type transport struct {
	*memberlist.NetTransport
	bind    netip.Addr
	gate    *gate
	streams chan net.Conn
	packets chan *memberlist.Packet
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

func newTransport(bind netip.AddrPort, keys [][]byte, logger *log.Logger) (*transport, error) {
	gate, err := newGate(keys)
	if err != nil {
		return nil, err
	}
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
		gate:         gate,
		streams:      make(chan net.Conn),
		packets:      make(chan *memberlist.Packet),
		closing:      make(chan struct{}),
		done:         make(chan struct{}),
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.mu.open = make(map[*trackedConn]struct{})
	t.mu.accepted = make(map[string]bool)
	go t.pump()
	go t.pumpPackets()
	return t, nil
}

// StreamCh yields incoming streams within the bound.
func (t *transport) StreamCh() <-chan net.Conn { return t.streams }

// PacketCh yields the packets that memberlist may have.
func (t *transport) PacketCh() <-chan *memberlist.Packet { return t.packets }

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

func (t *transport) pumpPackets() {
	for {
		select {
		case p := <-t.NetTransport.PacketCh():
			t.pass(p)
		case <-t.done:
			return
		}
	}
}

func (t *transport) pass(p *memberlist.Packet) {
	if !t.gate.packet(p.Buf) {
		return
	}
	select {
	case t.packets <- p:
	case <-t.closing:
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
		t.NetTransport.Shutdown() // waits for its listeners, which the pumps keep unblocked
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

// trackedConn is a stream. It is read by one goroutine.
type trackedConn struct {
	net.Conn
	t        *transport
	incoming bool
	once     sync.Once

	looked bool
	ahead  []byte // read, and not handed out
	refuse error
}

// Read hands out a message only when all of it has come and is no trap.
func (c *trackedConn) Read(b []byte) (int, error) {
	if !c.looked {
		c.looked = true
		c.ahead, c.refuse = c.t.gate.stream(c.Conn, c.incoming)
	}
	switch {
	case c.refuse != nil:
		return 0, c.refuse
	case len(c.ahead) > 0:
		n := copy(b, c.ahead)
		c.ahead = c.ahead[n:]
		return n, nil
	}
	return c.Conn.Read(b)
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
