package link

import (
	"bufio"
	"net"
	"sync/atomic"
	"testing"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// fake is a peer written by hand, which can do what no node does.
type fake struct {
	t        testing.TB
	id       slotmap.NodeID
	listener net.Listener
	current  atomic.Pointer[net.Conn]
	closed   atomic.Bool
}

// fakePeer listens as node n. What it does with a connection after the handshake is up to then.
func fakePeer(t testing.TB, b *book, n byte, then func(net.Conn, *bufio.Reader)) *fake {
	f := &fake{t: t, id: nodeID(n), listener: listen(t, "127.0.0.1:0")}
	b.set(f.id, f.listener.Addr().String())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := f.listener.Accept()
			if err != nil {
				return
			}
			f.current.Store(&c)
			if f.closed.Load() {
				c.Close() // or the clean-up does, which looks after it has said so
			}
			r := bufio.NewReader(c)
			if _, err := wire.ReadHello(r); err == nil {
				wire.WriteHello(c, f.hello())
				then(c, r)
			}
			c.Close()
		}
	}()
	t.Cleanup(func() {
		f.closed.Store(true)
		f.listener.Close()
		if c := f.current.Load(); c != nil {
			(*c).Close()
		}
		<-done
	})
	return f
}

func (f *fake) hello() wire.Hello {
	return wire.Hello{Version: wire.Version, Cluster: theCluster, Node: f.id, Peer: f.listener.Addr().String()}
}

// connect opens a connection from the fake to a node.
func (f *fake) connect(x *node) (net.Conn, *bufio.Reader) {
	f.t.Helper()
	return greetAs(f.t, x, f.hello())
}

func greetAs(t testing.TB, x *node, h wire.Hello) (net.Conn, *bufio.Reader) {
	t.Helper()
	h.To = x.id
	c := dialRaw(t, x)
	if err := wire.WriteHello(c, h); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	if _, err := wire.ReadHello(r); err != nil {
		t.Fatal(err)
	}
	return c, r
}

func dialRaw(t testing.TB, x *node) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", x.address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// answerPings is a peer that does nothing else.
func answerPings(c net.Conn, r *bufio.Reader) {
	var buf []byte
	for {
		body, err := wire.ReadFrame(r, buf, wire.MaxFrame)
		if err != nil {
			return
		}
		buf = body
		_, m, err := wire.DecodeFrame(body)
		if err != nil {
			return
		}
		if ping, ok := m.(*wire.Ping); ok {
			c.Write(wire.AppendFrame(nil, "", &wire.Pong{ID: ping.ID}))
		}
	}
}
