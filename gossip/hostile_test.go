package gossip

import (
	"encoding/hex"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/troupedb/troupe/slotmap"
)

// garbage returns bytes that begin like something memberlist knows.
func garbage(r *rand.Rand, label bool) []byte {
	b := make([]byte, 1+r.IntN(1400))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	b[0] = byte(r.IntN(16))
	if label {
		b = append([]byte{244, 6, 't', 'r', 'o', 'u', 'p', 'e'}, b...)
	}
	return b
}

// TestGarbage: whatever arrives on the port, the node stays a good member.
func TestGarbage(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string][][]byte{"plain": nil, "encrypted": {key(1)}} {
		t.Run(name, func(t *testing.T) {
			ms := startCluster(t, 3, clusterX, keys...)
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			r := rand.New(rand.NewPCG(seed, 1))
			for i := range 300 {
				pelt(t, "udp", ms[0].Addr(), garbage(r, i%3 > 0))
				pelt(t, "tcp", ms[0].Addr(), garbage(r, i%3 > 0))
			}
			ms[0].change(delta(1, 1))
			ms[1].change(delta(2, 1))
			agree(t, 1, 1, ms...)
			agree(t, 2, 1, ms...)
			converged(t, ms...)
		})
	}
}

func pelt(t *testing.T, network, addr string, b []byte) {
	t.Helper()
	c, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	c.Write(b) // may fail: the node may close at the first byte
	c.Close()
}

// TestHungConnections: more idle connections than are served at a time keep
// nobody out for long.
func TestHungConnections(t *testing.T) {
	t.Parallel()
	m := start(t, options{cluster: clusterX})
	var hung []net.Conn
	for range 3 * maxStreams {
		c, err := net.Dial("tcp", m.Addr())
		if err != nil {
			t.Fatal(err)
		}
		hung = append(hung, c)
	}
	other := start(t, options{cluster: clusterX, join: []string{m.Addr()}})
	converged(t, m, other)
	for _, c := range hung {
		c.Close()
	}
}

// TestCloseIsPrompt: a peer that accepts and says nothing does not hold it up.
func TestCloseIsPrompt(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", freeAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	m := start(t, options{join: []string{l.Addr().String()}})
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	m.Close()
	c.SetReadDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Errorf("the connection is still open: %v", err)
	}
}

// intruder is a memberlist node that tells lies.
type intruder struct {
	meta, state []byte
}

func (i intruder) NodeMeta(int) []byte             { return i.meta }
func (i intruder) NotifyMsg([]byte)                {}
func (i intruder) GetBroadcasts(int, int) [][]byte { return nil }
func (i intruder) LocalState(bool) []byte          { return i.state }
func (i intruder) MergeRemoteState([]byte, bool)   {}

// TestIntruders: peers with the right label and odd contents are not let in,
// and odd messages from one that is let in are dropped.
func TestIntruders(t *testing.T) {
	t.Parallel()
	m := start(t, options{cluster: clusterX})
	id := slotmap.NodeID{77}
	good := appendNode(nil, Node{ID: id, Cluster: clusterX})
	flood := appendState(nil, Node{ID: id, Cluster: clusterX}, testMap(3))
	tests := map[string]struct {
		name string
		in   intruder
		let  bool
	}{
		"no metadata":    {id.String(), intruder{}, false},
		"odd metadata":   {id.String(), intruder{meta: []byte("\xdd\xff\xff\xff\xff")}, false},
		"another's name": {slotmap.NodeID{78}.String(), intruder{meta: good}, false},
		"odd name":       {"x", intruder{meta: good}, false},
		"odd state":      {id.String(), intruder{meta: good, state: []byte("\xdf\xff\xff\xff\xffgarbage")}, true},
		"cut state":      {id.String(), intruder{meta: good, state: flood[:len(flood)-9]}, true},
		"other's state":  {id.String(), intruder{meta: good, state: appendState(nil, Node{ID: id, Cluster: clusterY}, testMap(3))}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			list := intrude(t, tt.name, tt.in)
			if _, err := list.Join([]string{m.Addr()}); err != nil {
				t.Fatal(err)
			}
			for _, b := range []string{"", "94", "9401", "94c0c0c0c0", "dd7fffffff01", "9402c410" + hex.EncodeToString(clusterY[:]) + "a0a0"} {
				raw, _ := hex.DecodeString(b)
				to := &memberlist.Node{Name: m.id.String(), Addr: m.own.bind.Addr().AsSlice(), Port: m.own.bind.Port()}
				list.SendReliable(to, raw)
				list.SendBestEffort(to, raw)
			}
			if tt.let {
				eventually(t, "it is a member", func() bool { return m.sees(m.id, id) })
				list.Leave(5 * time.Second)
				eventually(t, "it left", func() bool { return m.sees(m.id) })
			} else if !m.sees(m.id) {
				t.Errorf("let in: %v", m.Nodes())
			}
		})
	}
	if got := m.current(); len(got.Shards()) != 0 {
		t.Errorf("its map was taken: %v", got.Shards())
	}
}

func intrude(t *testing.T, name string, in intruder) *memberlist.Memberlist {
	t.Helper()
	c := memberlist.DefaultLANConfig()
	c.Name, c.BindAddr, c.BindPort, c.AdvertisePort = name, "127.0.0.1", 0, 0
	c.Label, c.Delegate, c.LogOutput, c.EnableCompression = label, in, io.Discard, false
	c.GossipInterval = 20 * time.Millisecond
	list, err := memberlist.Create(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { list.Shutdown() })
	return list
}

// TestBoundOnNodes: a peer that invents nodes is refused beyond the bound.
func TestBoundOnNodes(t *testing.T) {
	t.Parallel()
	m := start(t, options{cluster: clusterX})
	refused := 0
	for i := range maxNodes + 50 {
		n := Node{ID: slotmap.NodeID{9, byte(i), byte(i >> 8)}, Cluster: clusterX}
		p := &memberlist.Node{Name: n.ID.String(), Addr: net.IPv4(127, 0, byte(i>>8), byte(i)).To4(), Port: 9, Meta: appendNode(nil, n)}
		if (aliveDelegate{m.Gossip}).NotifyAlive(p) != nil {
			refused++
			continue
		}
		m.Gossip.mu.Lock()
		m.Gossip.mu.dir.alive[n.ID] = n
		m.Gossip.mu.Unlock()
	}
	if refused != 50 {
		t.Errorf("%d refused", refused)
	}
	m.Gossip.mu.Lock()
	clear(m.Gossip.mu.dir.alive)
	m.Gossip.mu.Unlock()
}
