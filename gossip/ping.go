package gossip

import (
	"encoding/binary"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/troupedb/troupe/slotmap"
)

// pingDelegate puts into our answers to probes what others should hear from
// ourselves and soon: our wall clock and our cluster.
type pingDelegate struct{ g *Gossip }

// ackSize is the time in Unix milliseconds and the cluster id. What a later
// version appends is ignored.
const ackSize = 8 + len(slotmap.ClusterID{})

func (p pingDelegate) AckPayload() []byte {
	return appendAck(nil, p.g.cfg.Wall(), p.g.cluster())
}

func appendAck(dst []byte, wall int64, cluster slotmap.ClusterID) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(wall))
	return append(dst, cluster[:]...)
}

// NotifyPingComplete takes the answer of a peer. Were we held up since it came, the
// peer's clock seems behind by that until its next answer.
func (p pingDelegate) NotifyPingComplete(peer *memberlist.Node, rtt time.Duration, payload []byte) {
	id, err := slotmap.ParseNodeID(peer.Name)
	if err != nil || len(payload) < ackSize || rtt < 0 {
		return
	}
	p.g.clocks.note(Clock{
		Node: id, Wall: int64(binary.BigEndian.Uint64(payload)), Mono: p.g.cfg.Mono() - (rtt / 2).Milliseconds(), RTT: rtt,
	})
	p.g.heardCluster(id, slotmap.ClusterID(payload[8:ackSize]))
}

// heardCluster takes a peer's own word on its cluster. Members that refuse a
// node which turned to another cluster do not pass on that it did, so most of
// them would go on to believe what it said before.
func (g *Gossip) heardCluster(id slotmap.NodeID, cluster slotmap.ClusterID) {
	if cluster.IsZero() {
		return // nothing turns empty while it lives: this answer was overtaken
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	n, ok := g.mu.dir.alive[id]
	if !ok || n.Cluster == cluster {
		return
	}
	n.Cluster = cluster
	if !g.mu.dir.admits(n) {
		g.foreign(n)
	}
	g.out.put(g.mu.dir.put(n)...)
	g.wake()
}
