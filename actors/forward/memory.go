package forward

import (
	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/replica"
)

// refusals are what is answered in the place of operations that are not carried out, by operation: "" for one that is.
// nil: all are.
type refusals []string

// spare takes out of a batch for a leader here what may need more memory, if this node has none to give. What is
// applied once stays as a question for what is remembered of it: it may have been applied before.
func (f *Forwarder) spare(h *replica.Handle, b *replica.Batch) (refused refusals) {
	if f.cfg.Full == nil || replica.Role(h.Gauges.Role.Load()) != replica.RoleLeader || !f.cfg.Full() {
		return nil
	}
	all := b.Ops
	b.Ops, b.Count = nil, 0
	f.ops.Reset(all)
	defer f.ops.Reset(nil)
	from := 0
	for op := (keyspace.Op{}); f.ops.Next(&op); {
		to := len(all) - f.ops.Left()
		line := ""
		switch {
		case !op.Grows():
			b.Ops = append(b.Ops, all[from:to]...)
		case op.Tx == nil:
			line = keyspace.NoMemory
		case op.Tx.Once == nil:
			line = keyspace.NoMemoryInTx
		default:
			b.Ops = keyspace.AppendRecall(b.Ops, op.Slot, op.Tx.Cmds, op.Tx.Once)
		}
		if refused = append(refused, line); line == "" {
			b.Count++
		}
		from = to
	}
	h.Gauges.Refused[replica.OOM].Add(uint64(len(refused) - b.Count))
	return refused
}

// weave puts the refusals between the replies of what was carried out.
func (r refusals) weave(a *replica.Answer) {
	if r == nil || a.Status != replica.Done {
		return
	}
	replies, ends, from := a.Replies, a.Ends, uint32(0)
	a.Replies, a.Ends = nil, nil
	for _, line := range r {
		if line != "" {
			a.Replies = append(append(append(a.Replies, '-'), line...), "\r\n"...)
		} else {
			a.Replies = append(a.Replies, replies[from:ends[0]]...)
			from, ends = ends[0], ends[1:]
		}
		a.Ends = append(a.Ends, uint32(len(a.Replies)))
	}
}
