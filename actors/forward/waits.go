package forward

import (
	"maps"
	"slices"

	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// What may wait for long has no deadline. That its answer can still come is seen to by comparing: every renewTicks the
// asking node lists all that it waits for at another (wire.Waiting). What the other does not hold is answered Unknown;
// what it holds beside the list, for whatever was lost on the way, is ended there.

// renewTicks is how often the lists are sent.
const renewTicks = uint64(4)

// unblock is the end of a wait on its way to the actor.
type unblock struct {
	id        uint64
	withError bool
}

// Unblock ends what waits on another node: an operation by the name that Answer.Waiter gave it, with an error or as
// if its time were over, of which its last answer tells; a query of WAIT by the name that Copies gave it, without an
// answer. It is no matter if it has ended. Any goroutine.
func (f *Forwarder) Unblock(id uint64, withError bool) {
	f.cfg.System.Root.Send(f.pid, &unblock{id, withError})
}

func (f *Forwarder) unblock(m *unblock) {
	p := f.table.open[m.id]
	if p == nil || p.end != goesOn {
		return
	}
	p.end = withNull
	if m.withError {
		p.end = withError
	}
	f.askEnd(m.id, p)
	if p.query != nil {
		f.take(m.id)
		f.release(p)
	}
}

func (f *Forwarder) askEnd(id uint64, p *pending) {
	f.tell(p.to, &wire.Unblock{ID: id, Error: p.end == withError})
}

// waitsThere takes the news that an operation waits. An answer that is said to come later is believed only of one that
// may be long in coming.
func (f *Forwarder) waitsThere(id uint64, p *pending) {
	if p.query != nil || !p.batch.Waits || p.waits {
		return
	}
	p.waits = true
	p.batch.Sink.Deliver(&replica.Answer{Batch: p.batch, Status: replica.Waits, Waiter: id})
}

// renew tells each node what is waited for there, and once more what is to be ended.
func (f *Forwarder) renew() {
	lists := map[slotmap.NodeID][]uint64{}
	for _, id := range slices.Sorted(maps.Keys(f.table.open)) {
		p := f.table.open[id]
		if !p.mayWait() {
			continue
		}
		lists[p.to] = append(lists[p.to], id)
		if p.end != goesOn {
			f.askEnd(id, p)
		}
	}
	for _, node := range slices.SortedFunc(maps.Keys(lists), slotmap.NodeID.Compare) {
		f.tell(node, &wire.Waiting{IDs: lists[node]})
	}
}
