package keyspace

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
)

// Kinds of records in a snapshot. Only append to this list.
const (
	recHeader = 0 // [0, format, index, hash key, longest value, version, [first, last, shard, epoch, …], [limit…]]
	recWatch  = 1 // [1, first bucket, [version…]]; none for buckets never modified
	recEntry  = 2 // [2, key, expire, kind, encoding, string, or [count of all items, [item…]]]
	recEnd    = 3 // [3, keys, sum of the xxhash64 of all records before]
	recItems  = 4 // [4, [item…]]; the next items of the collection in the record before
	recWaiter = 5 // [5, id, slot, kind, also if gone, [key…], [arg…]]; in order of arrival
	recOnce   = 6 // [6, slot, key, time, fingerprint, reply]; likewise
)

// snapshotFormat is what this program writes; it reads this one and those before
// it. Format 1 had no limits and no collections.
const snapshotFormat = 2

// ErrSnapshot is wrapped by the errors about a snapshot that cannot be restored.
var ErrSnapshot = errors.New("bad snapshot")

// partBytes is about how many bytes of items one record holds. A collection that
// is larger takes several.
const partBytes = 16 << 10

// maxItem is the longest item of a collection: a pair of two arguments and what
// is written around them.
const maxItem = 2*maxArgSize + 64

// header is the state beside the keys.
type header struct {
	index    uint64
	key      [16]byte
	maxValue int
	version  uint64
	runs     []slotmap.Run
	limits   limits
}

func (s *State) header(index uint64) header {
	return header{index, s.key(), s.maxValue, s.watch.version, s.slots.runs, s.limits}
}

func appendHeader(dst []byte, h header) []byte {
	dst = pack.AppendArray(dst, 8)
	dst = pack.AppendUint(dst, recHeader)
	dst = pack.AppendUint(dst, snapshotFormat)
	dst = pack.AppendUint(dst, h.index)
	dst = pack.AppendBytes(dst, h.key[:])
	dst = pack.AppendUint(dst, uint64(h.maxValue))
	dst = pack.AppendUint(dst, h.version)
	dst = pack.AppendArray(dst, 4*len(h.runs))
	for _, r := range h.runs {
		dst = pack.AppendUint(dst, uint64(r.First))
		dst = pack.AppendUint(dst, uint64(r.Last))
		dst = pack.AppendUint(dst, uint64(r.Shard))
		dst = pack.AppendUint(dst, r.Epoch)
	}
	return h.limits.appendTo(dst)
}

// readHeader reads a header of n fields.
func readHeader(r *pack.Reader, n int) (h header) {
	if f := r.Uint(); r.Err() == nil && (f < 1 || f > snapshotFormat || n != 6+int(f)) {
		r.Fail(fmt.Errorf("%w: format %d of %d fields, this program knows up to %d", ErrSnapshot, f, n, snapshotFormat))
	}
	h.index = r.Uint()
	if key := r.Bytes(16); copy(h.key[:], key) != 16 {
		r.Fail(fmt.Errorf("%w: hash key of %d bytes", ErrSnapshot, len(key)))
	}
	h.maxValue = int(r.UintMax(maxArgSize))
	h.version = r.Uint()
	for range r.ArrayLen(4*slotmap.Count) / 4 {
		run := slotmap.Run{}
		run.First = uint16(r.UintMax(slotmap.Count - 1))
		run.Last = uint16(r.UintMax(slotmap.Count - 1))
		run.Shard = slotmap.ShardID(r.UintMax(1<<32 - 1))
		run.Epoch = r.Uint()
		h.runs = append(h.runs, run)
	}
	if h.limits = defaultLimits; n > 7 {
		h.limits.read(r)
	}
	return h
}

// appendWatch appends the record of a page of the watches. Older snapshots have longer ones.
func appendWatch(dst []byte, first int, page *watchPage) []byte {
	dst = pack.AppendArray(dst, 3)
	dst = pack.AppendUint(dst, recWatch)
	dst = pack.AppendUint(dst, uint64(first))
	dst = pack.AppendArray(dst, len(page))
	for _, v := range page {
		dst = pack.AppendUint(dst, v)
	}
	return dst
}

func readWatch(r *pack.Reader, t *watchTable) {
	first := int(r.UintMax(watchBuckets - 1))
	for i := range r.ArrayLen(watchBuckets - first) {
		if version := r.Uint(); version != 0 {
			t.set(uint16(first+i), version)
		}
	}
}

// appendEntry appends the record of an entry; of a collection as many items as
// one record holds, and more says what is left.
func appendEntry(dst []byte, e *entry) (_ []byte, more rest) {
	dst = pack.AppendArray(dst, 6)
	dst = pack.AppendUint(dst, recEntry)
	dst = pack.AppendBytesHead(dst, len(e.name()))
	dst = append(dst, e.name()...)
	dst = pack.AppendInt(dst, e.expire)
	dst = pack.AppendUint(dst, uint64(e.kind()))
	dst = pack.AppendUint(dst, uint64(e.encoding()))
	switch {
	case e.kind() != kindString:
		dst = pack.AppendArray(dst, 2)
		dst = pack.AppendUint(dst, uint64(e.object().items()))
		return rest{obj: e.object()}.appendTo(dst)
	case e.enc == encInt:
		return pack.AppendInt(dst, e.num), rest{}
	}
	return pack.AppendBytes(dst, e.data()), rest{}
}

// rest is what was not written yet of a collection that takes several records.
type rest struct {
	obj  object // nil: nothing
	from int    // the next item
}

// appendTo appends the items of one record, and returns what is left then.
func (r rest) appendTo(dst []byte) ([]byte, rest) {
	n, size := 0, 0
	for item := range r.obj.walk(r.from) { // the array begins with the count
		if size += len(item); n > 0 && size > partBytes {
			break
		}
		n++
	}
	dst = pack.AppendArray(dst, n)
	if n == 0 {
		return dst, rest{}
	}
	r.from += n
	for item := range r.obj.walk(r.from - n) {
		dst = pack.AppendBytes(dst, item)
		if n--; n == 0 {
			break
		}
	}
	if r.from == r.obj.items() {
		return dst, rest{}
	}
	return dst, r
}

// appendRecord appends the next record.
func (r rest) appendRecord(dst []byte) ([]byte, rest) {
	dst = pack.AppendArray(dst, 2)
	dst = pack.AppendUint(dst, recItems)
	return r.appendTo(dst)
}

// recordBound is a size that the record of e rarely exceeds.
func recordBound(e *entry) int {
	if e.kind() != kindString {
		return int(min(e.size(), 2*partBytes))
	}
	return int(e.size())
}

// readEntry reads the record of an entry. Of a collection it leaves items more
// to be read by other records.
func readEntry(s *State, r *pack.Reader) (at ref, e *entry, more int) {
	key, expire := r.Bytes(maxArgSize), r.Int()
	k := kind(r.UintMax(uint64(kinds - 1)))
	enc := encoding(r.UintMax(uint64(encodings - 1)))
	var text []byte
	if k == kindString && enc <= encEmbstr && enc != encInt {
		text = r.Bytes(maxArgSize)
	}
	at, e = s.newEntry(key, len(text))
	e.expire = expire
	switch {
	case r.Err() != nil:
	case k != kindString:
		var o object
		if o, more = readObject(s, r, k, enc); o != nil {
			e.setObject(o)
		}
	case enc > encEmbstr:
		r.Fail(fmt.Errorf("%w: string of encoding %d", ErrSnapshot, enc))
	case enc == encInt:
		e.enc, e.num = enc, r.Int()
	default:
		e.hold(text)
		e.enc = enc
	}
	return at, e, more
}

// readObject reads the beginning of a collection and leaves more items.
func readObject(s *State, r *pack.Reader, k kind, enc encoding) (o object, more int) {
	n := r.ArrayLen(2)
	count := r.UintMax(math.MaxInt32 << 8)
	if r.Err() == nil && (n != 2 || count == 0) {
		r.Fail(fmt.Errorf("%w: collection of %d fields and %d items", ErrSnapshot, n, count))
	}
	if r.Err() != nil {
		return nil, 0
	}
	if newObject[k] != nil {
		o = newObject[k](enc)
	}
	if o == nil {
		r.Fail(fmt.Errorf("%w: value of kind %d and encoding %d", ErrSnapshot, k, enc))
		return nil, 0
	}
	return o, readItems(s, r, o, int(count))
}

// readItems reads some of the items that a collection lacks and returns how many
// it lacks then.
func readItems(s *State, r *pack.Reader, o object, lacks int) int {
	n := r.ArrayLen(lacks)
	for range n {
		if item := r.Bytes(maxItem); r.Err() == nil && !o.add(s, item) {
			r.Fail(fmt.Errorf("%w: item that does not belong in its collection", ErrSnapshot))
		}
	}
	if n == 0 && r.Err() == nil {
		r.Fail(fmt.Errorf("%w: record without items", ErrSnapshot))
	}
	return lacks - n
}

func appendWaiter(dst []byte, w *waiter) []byte {
	dst = pack.AppendArray(dst, 7)
	dst = pack.AppendUint(dst, recWaiter)
	dst = pack.AppendUint(dst, w.id)
	dst = pack.AppendUint(dst, uint64(w.slot))
	dst = pack.AppendUint(dst, uint64(w.kind))
	dst = pack.AppendBool(dst, w.gone)
	dst = pack.AppendArray(dst, len(w.keys))
	for _, key := range w.keys {
		dst = pack.AppendBytes(dst, []byte(key))
	}
	return appendArgs(dst, w.args)
}

// readWaiter reads a waiter of which nobody waits here for the reply.
func readWaiter(r *pack.Reader) *waiter {
	w := &waiter{id: r.Uint(), slot: uint16(r.UintMax(slotmap.Count - 1))}
	w.kind = kind(r.UintMax(uint64(kinds - 1)))
	w.gone = r.Bool()
	for range r.ArrayLen(maxArgs) {
		w.keys = append(w.keys, string(r.Bytes(maxArgSize)))
	}
	for range r.ArrayLen(maxArgs) {
		w.args = append(w.args, slices.Clone(r.Bytes(maxArgSize)))
	}
	return w
}

func appendOnce(dst []byte, d *onceDone) []byte {
	dst = pack.AppendArray(dst, 6)
	dst = pack.AppendUint(dst, recOnce)
	dst = pack.AppendUint(dst, uint64(d.slot))
	dst = pack.AppendBytesHead(dst, len(d.key))
	dst = append(dst, d.key...)
	dst = pack.AppendInt(dst, d.at)
	dst = pack.AppendUint(dst, d.print)
	return pack.AppendBytes(dst, d.reply)
}

func readOnce(r *pack.Reader) *onceDone {
	d := &onceDone{}
	d.slot = uint16(r.UintMax(slotmap.Count - 1))
	d.key = string(r.Bytes(MaxOnceKey))
	d.at = r.Int()
	d.print = r.Uint()
	d.reply = slices.Clone(r.Bytes(maxOnceReply))
	return d
}

func appendEnd(dst []byte, keys, sum uint64) []byte {
	dst = pack.AppendArray(dst, 3)
	dst = pack.AppendUint(dst, recEnd)
	dst = pack.AppendUint(dst, keys)
	return pack.AppendUint(dst, sum)
}
