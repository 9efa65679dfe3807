package forward

import (
	"errors"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// serve gives a request of another node to the replica here.
func (f *Forwarder) serve(from slotmap.NodeID, m *wire.Request) {
	k := heldKey{from, m.ID}
	s := f.sinkOf(k)
	waits, err := f.check(m)
	if err != nil {
		f.complain(from, m.Shard, err)
		s.refuse(replica.Down, slotmap.NodeID{})
		return
	}
	h, leader := f.cfg.Local(m.Shard)
	if h == nil {
		s.refuse(elsewhere(leader), leader)
		return
	}
	b := &replica.Batch{Ops: m.Ops, Count: int(m.Count), Write: m.Write, Proto: int(m.Proto), Quiet: m.Quiet, Waits: waits}
	s.refused = f.spare(h, b)
	if b.Sink = s; b.Count == 0 {
		s.Deliver(&replica.Answer{Batch: b})
		return
	}
	if !h.Budget.TryAcquire(b.Cost()) {
		s.refuse(replica.TryAgain, slotmap.NodeID{})
		return
	}
	if waits && !f.hold(k, h, b) {
		h.Budget.Release(b.Cost())
		s.refuse(replica.TryAgain, slotmap.NodeID{})
		return
	}
	f.served.Add(1)
	f.cfg.System.Root.Send(h.PID, b)
}

// serveCopies gives a query of WAIT of another node to the replica here.
func (f *Forwarder) serveCopies(from slotmap.NodeID, m *wire.Copies) {
	k := heldKey{from, m.ID}
	h, _ := f.cfg.Local(m.Shard)
	root, pid := f.cfg.System.Root, f.pid
	q := &replica.WaitQuery{
		Index: m.Index, Need: int(m.Need), Timeout: time.Duration(m.Timeout) * time.Millisecond,
		Reply: func(followers int, ok bool) {
			root.Send(pid, &heldCopied{k, wire.Copied{ID: m.ID, Followers: uint32(followers), Leads: ok}})
		},
	}
	if h == nil || !f.held.add(&holding{heldKey: k, shard: m.Shard, handle: h, query: q}, f.tick) {
		f.tell(from, &wire.Copied{ID: m.ID})
		return
	}
	root.Send(h.PID, q)
}

// complain logs once in a while, for a peer can send such requests without end.
func (f *Forwarder) complain(from slotmap.NodeID, shard slotmap.ShardID, err error) {
	if f.tick < f.quiet {
		return
	}
	f.quiet = f.tick + complainTicks
	f.cfg.Logger.Warn("a node asks for what makes no sense", "node", from, "shard", shard, "err", err)
}

const complainTicks = uint64(10 * time.Second / TickInterval)

func elsewhere(leader slotmap.NodeID) replica.Status {
	if leader.IsZero() {
		return replica.Down
	}
	return replica.Moved
}

// check tells what is wrong with a request. Whether an operation writes that came as a read is seen by the state
// machine, which refuses it. It reports whether its only operation may wait.
func (f *Forwarder) check(m *wire.Request) (waits bool, err error) {
	if m.Proto != 2 && m.Proto != 3 {
		return false, fmt.Errorf("RESP%d", m.Proto)
	}
	n := uint32(0)
	f.ops.Reset(m.Ops)
	defer f.ops.Reset(nil)
	for op := (keyspace.Op{}); f.ops.Next(&op); n++ {
		waits = waits || op.Wait
	}
	switch err := f.ops.Err(); {
	case err != nil:
		return false, err
	case n != m.Count || n == 0:
		return false, fmt.Errorf("%d operations, said to be %d", n, m.Count)
	case waits && (n > 1 || !m.Write):
		return false, errors.New("an operation that may wait, and is not alone or no write")
	}
	return waits, nil
}

// sink sends the answer of a replica to the node that asked.
type sink struct {
	root *actor.RootContext
	to   *actor.PID
	id   uint64

	refused refusals
}

// Deliver implements replica.Sink.
func (s sink) Deliver(a *replica.Answer) {
	s.refused.weave(a)
	m := &wire.Reply{ID: s.id, Status: uint8(a.Status), Index: a.Index, Leader: a.Leader, Cancelled: a.Cancelled}
	m.Replies, m.Ends = fit(a.Replies, a.Ends, maxReplies)
	s.root.Send(s.to, m)
}

func (s sink) refuse(status replica.Status, leader slotmap.NodeID) {
	s.Deliver(&replica.Answer{Status: status, Leader: leader})
}
