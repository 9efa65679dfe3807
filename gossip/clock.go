package gossip

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/troupedb/troupe/slotmap"
)

// Clock is how far a peer's wall clock is ahead of ours, by its latest answer
// to a probe.
type Clock struct {
	Node   slotmap.NodeID
	Offset time.Duration
	RTT    time.Duration // Offset is off by at most half of it
	At     time.Time
}

// clocks puts our wall clock into the answers to probes and reads others'.
type clocks struct {
	mu struct {
		sync.Mutex
		by map[slotmap.NodeID]Clock
	}
}

// AckPayload is our time in Unix microseconds.
func (c *clocks) AckPayload() []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixMicro()))
}

// NotifyPingComplete takes the answer of a peer.
func (c *clocks) NotifyPingComplete(peer *memberlist.Node, rtt time.Duration, payload []byte) {
	id, err := slotmap.ParseNodeID(peer.Name)
	if err != nil || len(payload) != 8 || rtt < 0 {
		return
	}
	now := time.Now()
	theirs := time.UnixMicro(int64(binary.BigEndian.Uint64(payload)))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.by == nil {
		c.mu.by = make(map[slotmap.NodeID]Clock)
	}
	c.mu.by[id] = Clock{Node: id, Offset: theirs.Sub(now.Add(-rtt / 2)), RTT: rtt, At: now}
}

// of returns what is known of the given nodes and forgets all others.
func (c *clocks) of(nodes []Node) []Clock {
	c.mu.Lock()
	defer c.mu.Unlock()
	keep := make(map[slotmap.NodeID]Clock, len(nodes))
	var out []Clock
	for _, n := range nodes {
		if k, ok := c.mu.by[n.ID]; ok {
			keep[n.ID] = k
			out = append(out, k)
		}
	}
	c.mu.by = keep
	return out
}
