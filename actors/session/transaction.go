package session

import (
	"slices"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/wire/resp"
)

// transaction is what stands between MULTI and EXEC. At EXEC its commands on data go to their shard as
// one operation; those of the session itself are carried out when that was done.
type transaction struct {
	open   bool
	failed bool // a command could not be queued: EXEC will refuse
	cmds   []queued
	slot   oneSlot
	write  bool
	grows  bool // a command is refused when memory is full
	bytes  int
	once   []byte // key under which it is applied once; nil: whenever it comes
}

type queued struct {
	verb *verb
	args [][]byte
}

func (q queued) own() bool { return q.verb.cmd.Where() != keyspace.Shard }

// Bounds of a transaction: it becomes one entry of the log.
const (
	maxTxBytes    = 20 << 20
	maxTxCommands = 1 << 18
)

// steersTransaction are the commands that act in an open transaction instead of being queued.
var steersTransaction = map[string]bool{
	"exec": true, "discard": true, "multi": true, "watch": true, "quit": true, "reset": true,
}

// oneSlot is the slot that several keys must share; none yet in the zero value.
type oneSlot struct {
	slot  uint16
	known bool
}

// admit reports whether another key may be in slot.
func (o oneSlot) admit(slot uint16) bool { return !o.known || o.slot == slot }

func (o *oneSlot) set(slot uint16) { o.slot, o.known = slot, true }

// mayBeDone tells whether it may have been applied before: then the answer is the shard's to give, which knows. Where
// the memory is full it is asked to look, and to carry out nothing.
func (t *transaction) mayBeDone() bool { return t.open && t.once != nil }

// fail makes the EXEC of an open transaction refuse.
func (t *transaction) fail() {
	if t.open {
		t.failed = true
	}
}

// count is the number of queued commands, -1 outside of a transaction.
func (t *transaction) count() int32 {
	if !t.open {
		return -1
	}
	return int32(len(t.cmds))
}

// enqueue puts a command into the open transaction, or answers why it cannot be there.
func (s *session) enqueue(v *verb, cmd *resp.Command) {
	slot, line := s.admitQueued(v, cmd)
	if line != "" {
		s.tx.fail()
		s.reject(v, line)
		return
	}
	if slot.known {
		s.tx.slot.set(slot.slot)
	}
	s.tx.write = s.tx.write || v.cmd.Write()
	s.tx.grows = s.tx.grows || v.cmd.Flags&keyspace.FlagDenyOOM != 0
	s.tx.bytes += cmd.Size
	s.tx.cmds = append(s.tx.cmds, queued{v, copyArgs(s.lowered(v, cmd.Args))})
	from := s.seg.local.Len()
	s.seg.local.Simple("QUEUED")
	s.here(from)
}

// admitQueued gives the slot of a command to be queued, or the error line.
func (s *session) admitQueued(v *verb, cmd *resp.Command) (oneSlot, string) {
	switch {
	case v.cmd.Flags&keyspace.FlagNoMulti != 0, v.cmd.Where() == keyspace.Scatter, notInTx[v.cmd.FullName()]:
		return oneSlot{}, "ERR Command not allowed inside a transaction"
	case v.cmd.Where() == keyspace.Node && v.own.run == nil:
		return oneSlot{}, keyspace.Unknown(cmd.Args).Error()
	case s.tx.bytes+cmd.Size > maxTxBytes || len(s.tx.cmds) >= maxTxCommands:
		return oneSlot{}, "ERR Transaction too large"
	case v.cmd.Where() == keyspace.Node:
		return oneSlot{}, ""
	}
	slot, err := s.slotOf(v.cmd, cmd.Args)
	switch {
	case err != nil:
		return oneSlot{}, err.Error()
	case !slot.known:
		return slot, ""
	case !s.tx.slot.admit(slot.slot), !s.watch.slot.admit(slot.slot):
		if s.tx.once != nil {
			return oneSlot{}, errOnceSlots
		}
		return oneSlot{}, string(errCrossSlot)
	}
	return slot, s.redirect(slot.slot, v.cmd.Write())
}

// redirect is what a command on a slot would be refused with here, as far as is known; "" for nothing.
func (s *session) redirect(slot uint16, write bool) string {
	id, _ := s.routes.Map.Owner(slot)
	if id == 0 {
		return lineNotServed
	}
	if r, ok := s.refused[id]; ok {
		return r.line(s.routes, slot)
	}
	h := s.routes.Handles[id]
	if leads(h) || h != nil && s.readonly && !write || s.forwards {
		return ""
	}
	if n, ok := s.routes.Leader(id); ok && n.ID != s.routes.Self.ID {
		return moved(slot, n)
	}
	if h == nil {
		return lineDown
	}
	return "" // an election is on: it may be over at EXEC
}

// copyArgs copies arguments into one piece of memory.
func copyArgs(args [][]byte) [][]byte {
	size := 0
	for _, a := range args {
		size += len(a)
	}
	slab, out := make([]byte, 0, size), make([][]byte, len(args))
	for i, a := range args {
		from := len(slab)
		slab = append(slab, a...)
		out[i] = slab[from:len(slab):len(slab)]
	}
	return out
}

func multi(s *session, _ [][]byte) {
	if s.tx.open {
		s.seg.local.Error("ERR MULTI calls can not be nested")
		return
	}
	s.tx, s.once = transaction{open: true, once: s.once}, nil
	s.seg.local.OK()
}

func discard(s *session, _ [][]byte) {
	if !s.tx.open {
		s.seg.local.Error("ERR DISCARD without MULTI")
		return
	}
	s.endTransaction()
	s.seg.local.OK()
}

// endTransaction forgets the transaction and all watches.
func (s *session) endTransaction() {
	s.tx = transaction{}
	s.watch.forget()
}

func execute(s *session, args [][]byte) {
	tx, watch := s.tx, s.watch
	if !tx.open {
		s.seg.local.Error("ERR EXEC without MULTI")
		return
	}
	s.endTransaction()
	if tx.failed || watch.broken {
		s.seg.local.Error("EXECABORT Transaction discarded because of previous errors.")
		return
	}
	if line := tx.onceLine(); tx.once != nil && line != "" {
		s.seg.local.Error(line)
		return
	}
	full := tx.grows && s.growsHere(tx.slot) && s.srv.Full()
	if full && !tx.mayBeDone() {
		s.seg.local.Error(keyspace.NoMemoryInTx)
		return
	}
	j := &execJoin{cmds: tx.cmds}
	if slot, ok := s.execSlot(&tx, &watch); ok {
		p, line := s.partFor(slot)
		if p == nil {
			s.seg.local.Error(line)
			return
		}
		switch {
		case full:
			p.ops = keyspace.AppendRecall(p.ops, slot, j.split(), tx.once)
		case tx.once != nil:
			p.ops = keyspace.AppendOnce(p.ops, slot, watch.list, j.split(), tx.once)
		default:
			p.ops = keyspace.AppendTx(p.ops, slot, watch.list, j.split())
		}
		j.part, j.op = p, p.note(slot, tx.write || tx.once != nil) // a recall too: what it recalls may be on its way
		s.seg.bytes += tx.bytes
	} else {
		j.split()
	}
	s.seg.stop = j.own > 0 // what they change is for the commands behind
	s.join(j)
}

// execSlot is the slot that a transaction is about; false if all its commands are the session's own.
func (s *session) execSlot(tx *transaction, w *watchList) (uint16, bool) {
	switch {
	case tx.slot.known:
		return tx.slot.slot, true
	case w.slot.known && len(w.list) > 0:
		return w.slot.slot, true
	}
	return s.ledSlot(), slices.ContainsFunc(tx.cmds, func(q queued) bool { return !q.own() })
}

// join notes the place of a reply that j makes when all answers are in.
func (s *session) join(j joiner) {
	s.seg.places = append(s.seg.places, place{join: j, silent: s.isSilent()})
}
