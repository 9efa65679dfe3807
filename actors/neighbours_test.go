package actors

import (
	"testing"

	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
)

func TestSameMachine(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"10.0.0.1:1", "10.0.0.1:2", true}, {"10.0.0.1:1", "10.0.0.2:2", false}, {"10.0.0.1:1", "[::ffff:10.0.0.1]:2", true},
		{"127.0.0.1:1", "127.0.0.2:1", true}, {"127.0.0.1:1", "[::1]:1", true}, {"127.0.0.1:1", "10.0.0.1:2", false},
		{"[fd00::1]:1", "[fd00::1]:2", true}, {"0.0.0.0:1", "0.0.0.0:2", false}, {"[::]:1", "[::]:2", false},
		{"", "", false}, {"nonsense", "nonsense", false}, {"10.0.0.1:1", "", false},
	} {
		if got := sameMachine(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %v", c.a, c.b, got)
		}
	}
}

// Who is told of its neighbours hears of other nodes that are up, whenever that changes.
func TestNeighbours(t *testing.T) {
	told := []int(nil)
	d := &director{
		cfg:   &Config{Neighbours: func(nodes int) { told = append(told, nodes) }},
		self:  gossip.Node{ID: slotmap.NodeID{0}, Peer: "127.0.0.1:1"},
		nodes: map[slotmap.NodeID]*peer{},
	}
	put := func(id byte, addr string, alive, gateway bool) {
		n := gossip.Node{ID: slotmap.NodeID{id}, Peer: addr, Gateway: gateway}
		d.nodes[n.ID] = &peer{Node: n, alive: alive}
		d.tellNeighbours()
	}
	put(0, "127.0.0.1:1", true, false) // itself
	put(1, "127.0.0.1:2", true, false)
	put(2, "10.0.0.1:2", true, false) // elsewhere
	put(3, "127.0.0.1:3", true, true)
	put(4, "127.0.0.1:4", false, false)
	put(5, "127.0.0.1:1", true, false) // what this node was before it lost its disk
	put(4, "127.0.0.1:4", true, false)
	put(1, "127.0.0.1:2", false, false)
	if len(told) != 3 || told[0] != 1 || told[1] != 2 || told[2] != 1 {
		t.Errorf("told of %v, want 1, 2, 1", told)
	}
	d.cfg.Neighbours = nil
	put(1, "127.0.0.1:2", true, false)
}
