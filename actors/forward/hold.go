package forward

import (
	"maps"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

const (
	// maxHeld bounds what is held for other nodes.
	maxHeld = 64 << 10
	// leaseTicks is how long something is held for a node that does not list it.
	leaseTicks = 8 * renewTicks
)

// holding is an operation of another node that may wait in a replica here, or a query of WAIT.
type holding struct {
	heldKey
	shard  slotmap.ShardID
	handle *replica.Handle
	query  *replica.WaitQuery // nil: an operation

	waiter uint64 // its name in the replica, 0: it does not wait yet
	end    ending
	left   uint64 // tick since when nobody waits for it, 0: somebody does
}

// heldKey names a holding.
type heldKey struct {
	from slotmap.NodeID
	id   uint64
}

// holdings are what is held for other nodes. Pure state.
type holdings struct {
	count int
	of    map[slotmap.NodeID]map[uint64]*holding
	heard map[slotmap.NodeID]uint64 // tick of the last word of a node about what it waits for
}

func newHoldings() holdings {
	return holdings{of: map[slotmap.NodeID]map[uint64]*holding{}, heard: map[slotmap.NodeID]uint64{}}
}

// add refuses what has no room, or the name of another.
func (hs *holdings) add(h *holding, tick uint64) bool {
	mine := hs.of[h.from]
	if hs.count >= maxHeld || mine[h.id] != nil {
		return false
	}
	if mine == nil {
		mine = map[uint64]*holding{}
		hs.of[h.from] = mine
	}
	mine[h.id] = h
	hs.count++
	hs.heard[h.from] = tick
	return true
}

func (hs *holdings) get(k heldKey) *holding { return hs.of[k.from][k.id] }

func (hs *holdings) remove(h *holding) {
	mine := hs.of[h.from]
	delete(mine, h.id)
	hs.count--
	if len(mine) == 0 {
		delete(hs.of, h.from)
		delete(hs.heard, h.from)
	}
}

// nodes are those that something is held for, in order.
func (hs *holdings) nodes() []slotmap.NodeID {
	return slices.SortedFunc(maps.Keys(hs.of), slotmap.NodeID.Compare)
}

// all is what is held for a node, in the order in which it was asked.
func (hs *holdings) all(node slotmap.NodeID) (out []*holding) {
	for _, id := range slices.Sorted(maps.Keys(hs.of[node])) {
		out = append(out, hs.of[node][id])
	}
	return out
}

// hold makes the actor answer an operation that may wait in a replica, if there is room.
func (f *Forwarder) hold(k heldKey, h *replica.Handle, b *replica.Batch) bool {
	b.Sink = heldSink{f.cfg.System.Root, f.pid, k}
	return f.held.add(&holding{heldKey: k, shard: h.Shard, handle: h}, f.tick)
}

// heldSink brings the answers of a replica to the actor that holds the operation.
type heldSink struct {
	root *actor.RootContext
	to   *actor.PID
	key  heldKey
}

// heldAnswer is such an answer, heldCopied one to a query of WAIT.
type heldAnswer struct {
	key    heldKey
	answer *replica.Answer
}

type heldCopied struct {
	key   heldKey
	reply wire.Copied
}

// Deliver implements replica.Sink.
func (s heldSink) Deliver(a *replica.Answer) { s.root.Send(s.to, &heldAnswer{s.key, a}) }

// heldAnswer passes an answer on. Of what was ended for want of anybody who waits, one who does after all, behind a
// link that broke for a moment, is not told that its time is over.
func (f *Forwarder) heldAnswer(m *heldAnswer) {
	h := f.held.get(m.key)
	if h == nil {
		return
	}
	if m.answer.Status == replica.Waits {
		h.waiter = m.answer.Waiter
		f.endHeld(h)
	} else {
		f.held.remove(h)
	}
	a := *m.answer
	if a.Cancelled && h.end == forNobody {
		a = replica.Answer{Status: replica.Unblocked}
	}
	f.sinkOf(h.heldKey).Deliver(&a)
}

func (f *Forwarder) heldCopied(m *heldCopied) {
	if h := f.held.get(m.key); h != nil {
		f.held.remove(h)
		f.tell(h.from, &m.reply)
	}
}

func (f *Forwarder) sinkOf(k heldKey) sink {
	return sink{root: f.cfg.System.Root, to: f.peer(k.from), id: k.id}
}

// endHeld asks the replica to end a wait that is to be ended, once it waits.
func (f *Forwarder) endHeld(h *holding) {
	if h.end != goesOn && h.waiter != 0 {
		f.cfg.System.Root.Send(h.handle.PID, &replica.Unblock{IDs: []uint64{h.waiter}, Error: h.end == withError})
	}
}

// serveUnblock ends what another node asks to be ended.
func (f *Forwarder) serveUnblock(from slotmap.NodeID, m *wire.Unblock) {
	k := heldKey{from, m.ID}
	h := f.held.get(k)
	switch {
	case h == nil:
		f.sinkOf(k).refuse(replica.Unknown, slotmap.NodeID{})
	case h.query != nil:
		h.query.End()
		f.held.remove(h)
	default:
		if h.end == goesOn && m.Error {
			h.end = withError
		} else if h.end == goesOn {
			h.end = withNull
		}
		f.endHeld(h)
	}
}

// forsake ends what nobody waits for: whatever it took would be lost.
func (f *Forwarder) forsake(h *holding) {
	if h.query != nil {
		h.query.End()
		f.held.remove(h)
		return
	}
	if h.left == 0 {
		h.left = f.tick
	}
	if h.end == goesOn {
		h.end = forNobody
	}
	f.endHeld(h)
}

func (f *Forwarder) forsakeAll(node slotmap.NodeID) {
	for _, h := range f.held.all(node) {
		f.forsake(h)
	}
}

// compare takes the list of all that a node waits for here.
func (f *Forwarder) compare(from slotmap.NodeID, ids []uint64) {
	listed := make(map[uint64]bool, len(ids))
	for _, id := range ids {
		listed[id] = true
		if k := (heldKey{from, id}); f.held.get(k) == nil {
			f.sinkOf(k).refuse(replica.Unknown, slotmap.NodeID{})
		}
	}
	for _, h := range f.held.all(from) {
		if !listed[h.id] {
			f.forsake(h)
		}
	}
	if f.held.of[from] != nil {
		f.held.heard[from] = f.tick
	}
}

// tend ends what is held for nodes that have fallen silent, and forgets what will not be answered any more.
func (f *Forwarder) tend() {
	for _, node := range f.held.nodes() {
		if f.held.heard[node]+leaseTicks < f.tick {
			f.forsakeAll(node)
		}
		for _, h := range f.held.all(node) {
			f.tendOne(h)
		}
	}
}

// tendOne looks after a query to a replica that is gone, which is lost, and after an operation that nobody waits for,
// in a replica that says nothing.
func (f *Forwarder) tendOne(h *holding) {
	switch now, _ := f.cfg.Local(h.shard); {
	case h.query != nil && now != h.handle:
		f.heldCopied(&heldCopied{h.heldKey, wire.Copied{ID: h.id}})
	case h.left > 0 && h.left+2*answerTicks < f.tick:
		f.held.remove(h)
	}
}
