package session

import (
	"net"
	"testing"

	"github.com/troupedb/troupe/gossip"
)

// fakeConn is a connection of which only the peer's address matters.
type fakeConn struct {
	net.Conn
	addr string
}

func (c fakeConn) RemoteAddr() net.Addr {
	a, _ := net.ResolveTCPAddr("tcp", c.addr)
	return a
}

func closedListener(t *testing.T) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestClientAddr(t *testing.T) {
	for in, want := range map[string]string{"10.0.0.1:7000": "10.0.0.1:7000", "[::1]:7000": "::1:7000", "odd": "odd"} {
		if got := clientAddr(gossip.Node{Client: in}); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}
