package gossip

import (
	"sync"

	"github.com/troupedb/troupe/slotmap"
)

// witness remembers who introduced itself in the latest push/pulls. memberlist
// tells that asking an address succeeded but not who answered: that is one of
// those who spoke meanwhile.
type witness struct {
	mu struct {
		sync.Mutex
		seq  uint64
		ring [64]Node
	}
}

func (w *witness) note(n Node) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mu.ring[w.mu.seq%uint64(len(w.mu.ring))] = n
	w.mu.seq++
}

func (w *witness) mark() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mu.seq
}

// since returns who spoke after mark, each once, latest words.
func (w *witness) since(mark uint64) map[slotmap.NodeID]Node {
	w.mu.Lock()
	defer w.mu.Unlock()
	size := uint64(len(w.mu.ring))
	if w.mu.seq > size {
		mark = max(mark, w.mu.seq-size)
	}
	out := make(map[slotmap.NodeID]Node)
	for ; mark < w.mu.seq; mark++ {
		n := w.mu.ring[mark%size]
		out[n.ID] = n
	}
	return out
}

// attribute picks who answered at addr among those who spoke: the one that
// claims the address, else the only one there is. When it cannot tell, it says
// so, and the address is asked again.
func attribute(addr string, spoke map[slotmap.NodeID]Node) (Node, bool) {
	var last Node
	for _, n := range spoke {
		if n.Gossip == addr {
			return n, true
		}
		last = n
	}
	return last, len(spoke) == 1
}
