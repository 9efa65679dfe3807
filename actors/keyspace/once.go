package keyspace

import (
	"encoding/binary"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// MaxOnceKey is how long the key of a transaction that is applied once may be, in bytes.
const MaxOnceKey = 255

// Bounds of what a shard remembers of such transactions. A record is kept for onceKept, by the shard's clock. Where
// there is no room the oldest make some, but for those that a client may yet ask for again: then new ones are refused.
const (
	maxOnce      = 1 << 17
	maxOnceBytes = 32 << 20
	onceKept     = 24 * 60 * 60 * 1000 // ms
	onceSure     = 5 * 60 * 1000       // ms

	maxOnceReply  = 64 << 10 // a longer reply is not kept
	maxOnceAnswer = 32 << 20 // no longer one is made
)

const (
	errOnceFull    = "TRYAGAIN The shard remembers as many requests as it may: not done"
	errOnceReused  = "IDEMPOTENCY the key came before, with other commands: not done"
	errOnceApplied = "APPLIED it was carried out when it came first; its reply was too large to be kept"
	errOnceLarge   = "APPLIED it was carried out; its reply is larger than one that is given once may be"
)

// onceKey names a transaction. What is said twice for keys of two slots is two transactions, so that it does not matter
// which shards have them.
type onceKey struct {
	slot uint16
	key  string
}

// onceDone is a transaction that was carried out. It does not change.
type onceDone struct {
	onceKey
	at    int64  // the shard's clock
	print uint64 // of the commands
	reply []byte // RESP2; empty if it was too large
}

// size estimates the memory of d in bytes.
func (d *onceDone) size() int {
	const own = 192 // with its place in a map and in a list
	return own + len(d.key) + len(d.reply)
}

// onceTable is what was carried out, to be answered as it was when it comes again. It is part of the replicated state.
type onceTable struct {
	byKey map[onceKey]*onceDone
	order []*onceDone // by arrival
	bytes int
}

// room makes room for size more bytes, or reports that there is none.
func (t *onceTable) room(size int, now int64) bool {
	for len(t.order) >= maxOnce || t.bytes+size > maxOnceBytes {
		if len(t.order) == 0 || now < t.order[0].at+onceSure {
			return false
		}
		t.dropFirst()
	}
	return true
}

func (t *onceTable) add(d *onceDone) {
	if t.byKey == nil {
		t.byKey = map[onceKey]*onceDone{}
	}
	t.byKey[d.onceKey] = d
	t.order = append(t.order, d)
	t.bytes += d.size()
}

func (t *onceTable) dropFirst() {
	d := t.order[0]
	t.order[0], t.order = nil, t.order[1:]
	t.forget(d)
}

func (t *onceTable) forget(d *onceDone) {
	delete(t.byKey, d.onceKey)
	t.bytes -= d.size()
}

// expire drops up to max records that were kept long enough.
func (t *onceTable) expire(now int64, max int) {
	for ; max > 0 && len(t.order) > 0 && now > t.order[0].at+onceKept; max-- {
		t.dropFirst()
	}
}

// dropSlots forgets what was done on keys of slots.
func (t *onceTable) dropSlots(gone slotmap.Range) {
	t.order = slices.DeleteFunc(t.order, func(d *onceDone) bool {
		in := gone.First <= d.slot && d.slot <= gone.Last
		if in {
			t.forget(d)
		}
		return in
	})
}

// Remembered returns the number of transactions that are known by their keys.
func (s *State) Remembered() int { return len(s.once.order) }

// execOnce runs a transaction, unless it ran before: then the reply is that of the first time.
func (s *State) execOnce(slot uint16, tx *Tx) {
	c := &s.call
	w, name, print := c.W, onceKey{slot, string(tx.Once)}, printOf(tx.Cmds)
	switch done := s.once.byKey[name]; {
	case c.Env.Read && !tx.Recall:
		w.Error(string(refuseRead))
	case done != nil && done.print != print:
		w.Error(errOnceReused)
	case done != nil && len(done.reply) == 0:
		w.Error(errOnceApplied)
	case done != nil:
		w.Raw(done.reply)
	case tx.Recall:
		w.Error(NoMemoryInTx)
	case !s.once.room((&onceDone{onceKey: name}).size()+maxOnceReply, c.Env.Now):
		w.Error(errOnceFull)
	default:
		s.runOnce(tx, onceDone{onceKey: name, at: c.Env.Now, print: print})
	}
}

// runOnce runs a transaction and remembers it. The reply is made in the same way on every replica, also where nobody
// waits for it.
func (s *State) runOnce(tx *Tx, d onceDone) {
	w := s.call.W
	var out resp.Writer
	out.Reset(nil, 2)
	out.SetLimit(maxOnceAnswer)
	s.call.W, s.call.keeps = &out, true
	ran := s.runTx(tx)
	s.call.W, s.call.keeps = w, false
	if out.Overflowed() {
		w.Error(errOnceLarge)
	} else {
		w.Raw(out.Bytes())
	}
	if !ran {
		return
	}
	if !out.Overflowed() && out.Len() <= maxOnceReply {
		d.reply = slices.Clone(out.Bytes())
	}
	s.once.add(&d)
}

// printOf tells the commands of a transaction from others.
func printOf(cmds [][][]byte) uint64 {
	var h xxhash.Digest
	h.Reset()
	length := func(n int) {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], uint64(n))
		h.Write(b[:])
	}
	for _, args := range cmds {
		length(len(args))
		for _, arg := range args {
			length(len(arg))
			h.Write(arg)
		}
	}
	return h.Sum64()
}
