package client

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/troupedb/troupe/slotmap"
)

// shunTime is how long a node that did not answer is passed over.
const shunTime = 100 * time.Millisecond

// Routes says which node to ask for a slot. It is a guess that redirects correct. Safe for concurrent
// use; one is shared by all sessions of a run.
type Routes struct {
	slots [slotmap.Count]atomic.Int32 // index into nodes; -1 is not known
	wake  chan struct{}               // somebody wants the slot table asked for again
	shun  time.Duration               // shunTime

	mu struct {
		sync.RWMutex
		nodes []*node // only grows
	}
}

// NewRoutes knows the nodes of addrs, and nothing of the slots. The caller closes it.
// REQUIRES: addrs is not empty.
func NewRoutes(addrs []string) *Routes {
	r := &Routes{wake: make(chan struct{}, 1), shun: shunTime}
	for i := range r.slots {
		r.slots[i].Store(-1)
	}
	for _, a := range addrs {
		r.index(a)
	}
	return r
}

// index returns the place of addr in nodes, and adds it if it is new.
func (r *Routes) index(addr string) int32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, n := range r.mu.nodes {
		if n.addr == addr {
			return int32(i)
		}
	}
	r.mu.nodes = append(r.mu.nodes, newNode(addr))
	return int32(len(r.mu.nodes) - 1)
}

// Close closes the connections to all nodes.
func (r *Routes) Close() {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, n := range r.mu.nodes {
		n.redis.Close()
	}
}

// Pick returns the node to ask for a slot: the one known to serve it, or, while that is not known or
// does not answer, another one, in turn by salt.
func (r *Routes) Pick(slot uint16, salt uint64) string { return r.pick(slot, salt).addr }

func (r *Routes) pick(slot uint16, salt uint64) *node {
	r.mu.RLock()
	defer r.mu.RUnlock()
	now := time.Now()
	if i := r.slots[slot].Load(); i >= 0 && !r.mu.nodes[i].down(now) {
		return r.mu.nodes[i]
	}
	return r.any(now, salt)
}

// any returns a node that answers, else just one.
// REQUIRES: r.mu is held.
func (r *Routes) any(now time.Time, salt uint64) *node {
	count := uint64(len(r.mu.nodes))
	for k := range count {
		if n := r.mu.nodes[(salt+k)%count]; !n.down(now) {
			return n
		}
	}
	return r.mu.nodes[salt%count]
}

// Redirected notes where an error reply says that a slot is, if it says so. That node is asked next, even
// if it did not answer a moment ago: it may be back.
func (r *Routes) Redirected(text string) {
	f := strings.Fields(text)
	if len(f) != 3 || f[0] != "MOVED" {
		return
	}
	slot, err := strconv.ParseUint(f[1], 10, 16)
	if err != nil || slot >= slotmap.Count {
		return
	}
	r.slots[slot].Store(r.index(f[2]))
	r.Up(f[2])
}

// Down notes that a node did not answer.
func (r *Routes) Down(addr string) { r.mark(addr, time.Now().Add(r.shun).UnixNano()) }

// Up notes that a node answered.
func (r *Routes) Up(addr string) { r.mark(addr, 0) }

func (r *Routes) mark(addr string, until int64) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, n := range r.mu.nodes {
		if n.addr == addr && n.downUntil.Load() != until {
			n.downUntil.Store(until)
		}
	}
}
