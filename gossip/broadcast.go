package gossip

import (
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/hashicorp/memberlist"
)

const (
	maxQueued = 8192 // messages waiting to be sent
	maxRecent = 4096 // messages remembered as heard
)

// broadcast is one part of a shard's delta; a newer one of the same name takes
// its place in the queue.
type broadcast struct {
	name string
	msg  []byte
}

func (b *broadcast) Name() string    { return b.name }
func (b *broadcast) Message() []byte { return b.msg }
func (b *broadcast) Finished()       {}

func (b *broadcast) Invalidates(o memberlist.Broadcast) bool {
	nb, ok := o.(memberlist.NamedBroadcast)
	return ok && nb.Name() == b.name
}

// enqueue queues msg for gossip and bounds what waits.
func (g *Gossip) enqueue(name string, msg []byte) {
	g.queue.QueueBroadcast(&broadcast{name, msg})
	if g.queue.NumQueued() > maxQueued {
		g.queue.Prune(maxQueued)
	}
}

// recent remembers which messages were heard or sent lately: each arrives
// several times, and only the first arrival is decoded and passed on.
type recent struct {
	mu struct {
		sync.Mutex
		have map[uint64]struct{}
		ring []uint64
		pos  int
	}
}

// first reports whether msg is new, and remembers it.
func (r *recent) first(msg []byte) bool {
	h := xxhash.Sum64(msg)
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.mu.have[h]; ok {
		return false
	}
	if r.mu.have == nil {
		r.mu.have = make(map[uint64]struct{})
	}
	r.mu.have[h] = struct{}{}
	if len(r.mu.ring) < maxRecent {
		r.mu.ring = append(r.mu.ring, h)
		return true
	}
	delete(r.mu.have, r.mu.ring[r.mu.pos])
	r.mu.ring[r.mu.pos] = h
	r.mu.pos = (r.mu.pos + 1) % maxRecent
	return true
}
