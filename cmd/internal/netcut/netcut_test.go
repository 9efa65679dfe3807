package netcut

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"
)

const (
	testBlock = 250 // clusters have lower ones
	streams   = 20777
	datagrams = 20778
	patience  = 10 * time.Second
	moment    = 150 * time.Millisecond // in which what is cut must not come through
)

// bench is two nodes that talk to each other.
type bench struct {
	Network
	bind, tell [2]string
	listen     [2]*net.TCPListener
	packets    [2]*net.UDPConn
}

// each runs a test over every kind of network that can be had here.
func each(t *testing.T, test func(*testing.T, *bench)) {
	for i, kind := range []string{"packets", "relays"} {
		t.Run(kind, func(t *testing.T) {
			n, err := New(kind, testBlock+i)
			if err != nil {
				t.Skip(err)
			}
			b := &bench{Network: n}
			t.Cleanup(func() {
				if err := n.Close(); err != nil {
					t.Error(err)
				}
			})
			for i := range b.bind {
				b.add(t, i)
			}
			test(t, b)
		})
	}
}

func (b *bench) add(t *testing.T, i int) {
	var err error
	if b.bind[i], b.tell[i], err = b.Add(i, Ports{[]int{streams}, []int{datagrams}}); err != nil {
		t.Fatal(err)
	}
	ip := netip.MustParseAddr(b.bind[i])
	if b.listen[i], err = net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(port(ip, streams))); err != nil {
		t.Fatal(err)
	}
	if b.packets[i], err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(port(ip, datagrams))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.listen[i].Close(); b.packets[i].Close() })
}

func (b *bench) told(i, p int) netip.AddrPort { return port(netip.MustParseAddr(b.tell[i]), p) }

// dial connects node 0 to node 1.
func (b *bench) dial(t *testing.T) (here, there net.Conn) {
	t.Helper()
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(port(netip.MustParseAddr(b.bind[0]), 0)), Timeout: patience}
	here, err := d.Dial("tcp4", b.told(1, streams).String())
	if err != nil {
		t.Fatal(err)
	}
	b.listen[1].SetDeadline(time.Now().Add(patience))
	if there, err = b.listen[1].Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { here.Close(); there.Close() })
	return here, there
}

// cut blocks the ways between the two nodes.
func (b *bench) cut(t *testing.T, ways ...Way) {
	t.Helper()
	set := map[Way]bool{}
	for _, w := range ways {
		set[w] = true
	}
	if err := b.Cut(set); err != nil {
		t.Fatal(err)
	}
}

// arrives reports whether what is said at one end is heard at the other within some time.
func arrives(t *testing.T, from, to net.Conn, within time.Duration) bool {
	t.Helper()
	if _, err := from.Write([]byte{'x'}); err != nil {
		t.Fatal(err)
	}
	return hears(t, to, within)
}

func hears(t *testing.T, to net.Conn, within time.Duration) bool {
	t.Helper()
	to.SetReadDeadline(time.Now().Add(within))
	_, err := to.Read(make([]byte, 1))
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	return err == nil
}

func TestStreams(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		here, there := b.dial(t)
		if host, _, _ := net.SplitHostPort(there.RemoteAddr().String()); host != b.tell[0] {
			t.Errorf("node 1 sees node 0 at %s, not at %s", host, b.tell[0])
		}
		if !arrives(t, here, there, patience) || !arrives(t, there, here, patience) {
			t.Fatal("nothing arrives on an open way")
		}
		b.cut(t, Way{0, 1})
		if arrives(t, here, there, moment) {
			t.Error("a cut way let something through")
		}
		b.cut(t, Way{1, 0})
		if !hears(t, there, patience) {
			t.Error("what was held up did not arrive")
		}
		b.cut(t)
		if !arrives(t, there, here, patience) {
			t.Error("the way back stayed cut")
		}
	})
}

func TestAOneWayCutLeavesTheOtherWayOpen(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		here, there := b.dial(t)
		b.cut(t, Way{0, 1})
		if !arrives(t, there, here, patience) {
			t.Error("the open way is cut")
		}
	})
}

func TestNoConnectionOverACutWay(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.cut(t, Way{1, 0})
		d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(port(netip.MustParseAddr(b.bind[0]), 0)), Timeout: moment}
		conn, err := d.Dial("tcp4", b.told(1, streams).String())
		if err != nil {
			return // packets are dropped
		}
		defer conn.Close()
		conn.Write([]byte{'x'})
		b.listen[1].SetDeadline(time.Now().Add(moment))
		if far, err := b.listen[1].Accept(); err == nil && hears(t, far, moment) {
			t.Error("something came through a new connection")
		}
	})
}

func TestTheEndOfAStreamIsPassedOn(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		here, there := b.dial(t)
		here.Close()
		there.SetReadDeadline(time.Now().Add(patience))
		if _, err := there.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the other end sees %v", err)
		}
	})
}

func TestDatagrams(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		send := func(i int) {
			if _, err := b.packets[i].WriteToUDPAddrPort([]byte{'x'}, b.told(1-i, datagrams)); err != nil {
				t.Fatal(err)
			}
		}
		get := func(i int, within time.Duration) (from string) {
			b.packets[i].SetReadDeadline(time.Now().Add(within))
			_, a, err := b.packets[i].ReadFromUDPAddrPort(make([]byte, 9))
			if err != nil {
				return ""
			}
			return a.String()
		}
		send(0)
		if from := get(1, patience); from != b.told(0, datagrams).String() {
			t.Errorf("from %q", from)
		}
		b.cut(t, Way{0, 1})
		send(0)
		if from := get(1, moment); from != "" {
			t.Error("a cut way let a packet through")
		}
		send(1)
		if from := get(0, patience); from != b.told(1, datagrams).String() {
			t.Errorf("the other way: from %q", from)
		}
		b.cut(t)
		send(0)
		if from := get(1, patience); from == "" {
			t.Error("the way stayed cut")
		}
	})
}

func TestClientsReachEveryNode(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.cut(t, Way{0, 1}, Way{1, 0})
		conn, err := net.DialTimeout("tcp4", b.told(1, streams).String(), patience)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		b.listen[1].SetDeadline(time.Now().Add(patience))
		far, err := b.listen[1].Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer far.Close()
		if !arrives(t, conn, far, patience) || !arrives(t, far, conn, patience) {
			t.Error("a client is cut off")
		}
	})
}

func TestNobodyListens(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.listen[1].Close()
		conn, err := net.DialTimeout("tcp4", b.told(1, streams).String(), patience)
		if err != nil {
			return // refused
		}
		defer conn.Close()
		conn.SetReadDeadline(time.Now().Add(patience))
		if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a connection to nobody: %v", err)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	if _, err := New("strings", testBlock); err == nil {
		t.Error("a network of strings")
	}
}
