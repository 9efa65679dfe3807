package keyspace

import (
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
)

// Restorer builds a State from the blocks of a snapshot.
type Restorer struct {
	s      *State
	r      pack.Reader
	index  uint64
	begun  bool // the header was read
	ended  bool // the last record was read
	keys   uint64
	sum    uint64
	open   *entry // a collection that lacks items
	openAt ref
	lacks  int // how many
	failed error

	seen map[fingerprint]struct{} // of a Checker: the keys, of which nothing is kept; else nil
}

// NewRestorer returns a Restorer. What cfg says is replaced by what the
// snapshot says.
func NewRestorer(cfg Config) *Restorer { return &Restorer{s: New(cfg)} }

// Add takes the next block: whole records, in the order in which they were
// written. It does not keep the block. After an error the Restorer is useless.
func (t *Restorer) Add(block []byte) error {
	t.r.Reset(block)
	for t.failed == nil && t.r.Len() > 0 {
		from := len(block) - t.r.Len()
		t.record()
		if err := t.r.Err(); err != nil {
			t.failed = fmt.Errorf("%w: record at byte %d of a block: %w", ErrSnapshot, from, err)
		}
		t.sum += xxhash.Sum64(block[from : len(block)-t.r.Len()])
	}
	return t.failed
}

// Finish returns the State, if the snapshot was complete.
func (t *Restorer) Finish() (*State, error) {
	if t.failed == nil && !t.ended {
		t.failed = fmt.Errorf("%w: it ends too early", ErrSnapshot)
	}
	if t.failed != nil {
		return nil, t.failed
	}
	return t.s, nil
}

// Index returns the log index that the snapshot was begun at.
func (t *Restorer) Index() uint64 { return t.index }

// fields is how many values the record of each kind has; a header of an older
// format has fewer.
var fields = [...]int{recHeader: 8, recWatch: 3, recEntry: 6, recEnd: 3, recItems: 2, recWaiter: 7, recOnce: 6}

func (t *Restorer) record() {
	n := t.r.ArrayLen(math.MaxInt32)
	kind := t.r.UintMax(uint64(len(fields) - 1))
	switch {
	case t.r.Err() != nil:
	case n != fields[kind] && kind != recHeader:
		t.fail("record of kind %d has %d fields", kind, n)
	case t.begun == (kind == recHeader):
		t.fail("its first record, and no other, is the header")
	case t.ended:
		t.fail("records after the last one")
	case (t.open != nil) != (kind == recItems):
		t.fail("record of kind %d while %d items are lacking", kind, t.lacks)
	case kind == recHeader:
		t.header(n)
	case kind == recWatch:
		readWatch(&t.r, &t.s.watch)
	case kind == recEntry:
		t.openAt, t.open, t.lacks = readEntry(t.s, &t.r)
		t.entry(t.open)
	case kind == recItems:
		t.lacks = readItems(t.s, &t.r, t.open.object(), t.lacks)
		t.entry(t.open)
	case kind == recWaiter:
		t.waiter(readWaiter(&t.r))
	case kind == recOnce:
		t.once(readOnce(&t.r))
	case kind == recEnd:
		t.end()
	}
}

func (t *Restorer) fail(format string, args ...any) {
	t.r.Fail(fmt.Errorf(format, args...))
}

func (t *Restorer) header(n int) {
	h := readHeader(&t.r, n)
	if t.r.Err() != nil {
		return
	}
	s := New(Config{Key: h.key, Slots: h.runs, MaxValue: h.maxValue})
	if len(s.slots.runs) != len(h.runs) {
		t.fail("its slots overlap")
		return
	}
	s.watch.version, s.limits = h.version, h.limits
	t.s, t.index, t.begun = s, h.index, true
}

// entry takes an entry over, once it is whole.
func (t *Restorer) entry(e *entry) {
	if t.r.Err() != nil || t.lacks > 0 {
		return
	}
	t.open = nil
	s := t.s
	key := []byte(e.name())
	slot := slotmap.Slot(key)
	e.hash = s.hash(key)
	switch {
	case !s.slots.has(slot):
		t.fail("key of slot %d, which is not owned", slot)
	case t.twice(slot, e.hash, key):
		t.fail("the same key twice")
	default:
		t.keys++
		if t.seen == nil {
			s.adopt(slot, t.openAt, e)
		} else {
			s.entries.giveBack(t.openAt)
			s.entries.reclaim()
		}
	}
}

func (t *Restorer) waiter(w *waiter) {
	last := t.s.waiters.all.Back()
	switch {
	case t.r.Err() != nil:
	case len(w.keys) == 0 || len(w.args) == 0 || !t.s.slots.has(w.slot):
		t.fail("operation that waits for nothing here")
	case last != nil && last.Value.(*waiter).id >= w.id:
		t.fail("operations that wait, out of order")
	case !t.s.waiters.add(w):
		t.fail("too many operations that wait")
	}
}

func (t *Restorer) once(d *onceDone) {
	known := &t.s.once
	switch {
	case t.r.Err() != nil:
	case d.key == "" || !t.s.slots.has(d.slot) || known.byKey[d.onceKey] != nil:
		t.fail("transaction that was not carried out once here")
	case len(known.order) > 0 && known.order[len(known.order)-1].at > d.at:
		t.fail("transactions that were carried out, out of order")
	case len(known.order) == maxOnce || known.bytes+d.size() > maxOnceBytes:
		t.fail("too many transactions that were carried out")
	default:
		known.add(d)
	}
}

// adopt adds an entry that was made elsewhere, with its expiry.
func (s *State) adopt(slot uint16, at ref, e *entry) {
	s.dict(slot).insert(at)
	expire := e.expire
	e.expire = 0
	s.expiry.set(e, expire)
	s.census.add(slot, 1)
	s.bytes += e.size()
}

func (t *Restorer) end() {
	keys, sum := t.r.Uint(), t.r.Uint()
	if t.r.Err() == nil && (keys != t.keys || sum != t.sum) {
		t.fail("it holds %d keys of sum %x instead of %d of %x", t.keys, t.sum, keys, sum)
		return
	}
	t.ended = true
}
