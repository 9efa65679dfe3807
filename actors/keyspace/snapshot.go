package keyspace

import (
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/troupedb/troupe/slotmap"
)

// queueBlock is the size from which on what was written ahead begins a new block.
const queueBlock = 64 << 10

// bytesPerBucket bounds the work of a slice that finds few keys to write.
const bytesPerBucket = 16

// Snapshotter writes the state as it was when it began, slice by slice, while
// operations go on: a key that is about to change and is not written yet is
// written first. It belongs to the goroutine of its State.
type Snapshotter struct {
	s        *State
	header   []byte
	waiters  []*waiter   // as they were
	once     []*onceDone // likewise
	watch    watchTable  // as it was
	watched  int         // pages written
	at       cursor      // the walk over the keys stands here
	looked   cursor      // … and has looked ahead up to here
	retained map[uint16]*dict
	ahead    []written // records written before their turn
	rest     rest      // of the collection in the last record
	held     int64     // bytes of ahead, and of views of what changed since
	restHeld int64     // of that, rest
	keys     uint64
	sum      uint64
	end      bool // the last record was written
	over     bool // done or cancelled
	walk     []*entry
}

// written is a block of records; rest belongs to the last of them.
type written struct {
	records  []byte
	rest     rest
	restHeld int64
}

// BeginSnapshot starts a snapshot of the state at the log index that it is at
// now. A snapshot that is under way is cancelled.
func (s *State) BeginSnapshot(index uint64) *Snapshotter {
	if s.snap != nil {
		s.snap.Cancel()
	}
	s.snapSeq++
	s.snap = &Snapshotter{
		s:        s,
		header:   appendHeader(nil, s.header(index)),
		waiters:  slices.Collect(s.waiters.each()),
		once:     slices.Clone(s.once.order),
		watch:    s.watch.copy(),
		retained: map[uint16]*dict{},
	}
	return s.snap
}

// Cancel ends a snapshot early. It does nothing to one that is done.
func (n *Snapshotter) Cancel() { n.finish() }

func (n *Snapshotter) finish() {
	if n.s.snap == n {
		n.s.snap = nil
	}
	for slot, d := range n.retained {
		if d.in == n.s.entries { // else nothing else is in there any more
			n.release(slot)
		}
	}
	*n = Snapshotter{s: n.s, over: true}
}

// Next appends the next records to dst, whole ones and about maxBytes of them:
// more only if a single record is larger. It may append nothing though it is
// not done. Once it has returned done, or after Cancel, there is nothing more.
func (n *Snapshotter) Next(dst []byte, maxBytes int) ([]byte, bool) {
	if n.over {
		return dst, true
	}
	b := budget{from: len(dst), limit: len(dst) + maxBytes, steps: maxBytes/bytesPerBucket + 1}
	for b.steps > 0 {
		var more bool
		if dst, more = n.step(dst, &b); !more {
			break
		}
		b.steps--
	}
	if !n.end {
		return dst, false
	}
	n.finish()
	return dst, true
}

// Holds tells whether more than so many bytes are in memory for the snapshot's sake: records written before their turn,
// collections that changed meanwhile, or keys that were dropped all at once.
func (n *Snapshotter) Holds(bytes int64) bool { return n.held > bytes || len(n.retained) > 0 }

// budget is what one slice may still take.
type budget struct{ from, limit, steps int }

// fits tells whether size more bytes may be appended to a block of length at.
func (b *budget) fits(at, size int) bool { return at == b.from || at+size <= b.limit }

// step appends one piece; more is false if it does not fit or nothing is left.
func (n *Snapshotter) step(dst []byte, b *budget) (_ []byte, more bool) {
	from := len(dst)
	switch {
	case n.header != nil:
		dst, n.header = append(dst, n.header...), nil
	case len(n.waiters) > 0:
		w := n.waiters[0]
		if !b.fits(len(dst), w.bytes()) {
			return dst, false
		}
		dst, n.waiters = appendWaiter(dst, w), n.waiters[1:]
	case len(n.once) > 0:
		d := n.once[0]
		if !b.fits(len(dst), d.size()) {
			return dst, false
		}
		dst, n.once = appendOnce(dst, d), n.once[1:]
	case n.rest.obj != nil:
		if !b.fits(len(dst), 2*partBytes) {
			return dst, false
		}
		if dst, n.rest = n.rest.appendRecord(dst); n.rest.obj == nil {
			n.held, n.restHeld = n.held-n.restHeld, 0
		}
	case len(n.ahead) > 0:
		block := &n.ahead[0]
		if !b.fits(len(dst), len(block.records)) {
			return dst, false
		}
		dst, n.rest, n.restHeld = append(dst, block.records...), block.rest, block.restHeld
		n.held -= int64(len(block.records))
		*block, n.ahead = written{}, n.ahead[1:]
		return dst, true // was counted when it was written
	case n.watched < watchPages:
		page := n.watch.pages[n.watched]
		if page != nil && !b.fits(len(dst), 9*len(page)) {
			return dst, false
		}
		if page != nil {
			dst = appendWatch(dst, n.watched*len(page), page)
		}
		n.watched++
	case n.at.slot < slotmap.Count:
		return n.stepKeys(dst, b)
	case !n.end:
		dst, n.end = appendEnd(dst, n.keys, n.sum), true
	default:
		return dst, false
	}
	n.count(dst[from:])
	return dst, true
}

// count adds a record to the sum that stands in the last one.
func (n *Snapshotter) count(record []byte) {
	if len(record) > 0 {
		n.sum += xxhash.Sum64(record)
	}
}

// dictAt returns the dict of a slot as the walk sees it, or nil.
func (n *Snapshotter) dictAt(slot int) *dict {
	if d := n.retained[uint16(slot)]; d != nil {
		return d
	}
	return n.s.dicts[slot]
}

// stepKeys writes the keys of one bucket.
func (n *Snapshotter) stepKeys(dst []byte, b *budget) (_ []byte, more bool) {
	d := n.dictAt(n.at.slot)
	if d == nil {
		n.at.to(dictEnd)
		return dst, true
	}
	if !n.at.before(n.looked) {
		n.looked = n.s.aheadOfWalk(n.at, AheadMax, true, n.dictAt)
	}
	var end uint64
	n.walk, end = d.bucketAt(n.at.pos, n.walk[:0])
	for _, e := range n.walk {
		if e.seen == n.s.snapSeq {
			continue
		}
		if !b.fits(len(dst), recordBound(e)) {
			return dst, false
		}
		if dst, n.rest = n.write(dst, e); n.rest.obj != nil {
			return dst, true // the others of the bucket when this is written
		}
	}
	if end == dictEnd {
		n.release(uint16(n.at.slot))
	}
	n.at.to(end)
	return dst, true
}

// write appends the record of an entry and marks it as written. The rest of a
// large collection is a view that does not change.
func (n *Snapshotter) write(dst []byte, e *entry) ([]byte, rest) {
	from := len(dst)
	dst, more := appendEntry(dst, e)
	if more.obj != nil {
		more.obj = e.object().clone()
	}
	e.seen = n.s.snapSeq
	n.keys++
	n.count(dst[from:])
	return dst, more
}

// preserve writes an entry that is about to change, unless it is written: of a
// large collection the beginning, and a view of the rest.
func (s *State) preserve(e *entry) {
	n := s.snap
	if n == nil || e.seen == s.snapSeq {
		return
	}
	last := len(n.ahead) - 1
	if last < 0 || len(n.ahead[last].records) >= queueBlock || n.ahead[last].rest.obj != nil {
		n.ahead = append(n.ahead, written{})
		last++
	}
	block := &n.ahead[last]
	from := len(block.records)
	if block.records, block.rest = n.write(block.records, e); block.rest.obj != nil {
		block.restHeld = block.rest.obj.size()
	}
	n.held += int64(len(block.records)-from) + block.restHeld
}

// retain keeps a dict that is dropped as a whole, for a snapshot that has not
// walked over it. Of a slot that is dropped twice only the first dict matters:
// whatever is in the second was made after the snapshot began. It tells whether the dict is kept.
func (s *State) retain(slot uint16, d *dict) bool {
	n := s.snap
	if n == nil || int(slot) < n.at.slot || n.retained[slot] != nil {
		return false
	}
	n.retained[slot] = d
	return true
}

// release gives up a dict that was retained.
func (n *Snapshotter) release(slot uint16) {
	if d := n.retained[slot]; d != nil {
		d.in.giveBackAll(d)
		d.in.reclaim()
		delete(n.retained, slot)
	}
}
