package keyspace

import (
	"errors"
	"fmt"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
)

// Kinds of records in a snapshot. Only append to this list.
const (
	recHeader = 0 // [0, format, index, hash key, longest value, version, [first, last, shard, epoch, …]]
	recWatch  = 1 // [1, first bucket, [version…]]; none for buckets never modified
	recEntry  = 2 // [2, key, expire, kind, encoding, value]
	recEnd    = 3 // [3, keys, sum of the xxhash64 of all records before]
)

// snapshotFormat is what this program writes; it reads this one and those before it.
const snapshotFormat = 1

// watchPerRecord is how many buckets one record holds.
const watchPerRecord = 4096

// ErrSnapshot is wrapped by the errors about a snapshot that cannot be restored.
var ErrSnapshot = errors.New("bad snapshot")

// decoders read the values that object.appendTo wrote.
var decoders [kinds]func(r *pack.Reader) object

// header is the state beside the keys.
type header struct {
	index    uint64
	key      [16]byte
	maxValue int
	version  uint64
	runs     []slotmap.Run
}

func (s *State) header(index uint64) header {
	return header{index, s.key(), s.maxValue, s.watch.version, s.slots.runs}
}

func appendHeader(dst []byte, h header) []byte {
	dst = pack.AppendArray(dst, 7)
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
	return dst
}

func readHeader(r *pack.Reader) (h header) {
	if f := r.Uint(); r.Err() == nil && f != snapshotFormat {
		r.Fail(fmt.Errorf("%w: format %d, this program knows %d", ErrSnapshot, f, snapshotFormat))
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
	return h
}

func appendWatch(dst []byte, t *watchTable, first int) []byte {
	dst = pack.AppendArray(dst, 3)
	dst = pack.AppendUint(dst, recWatch)
	dst = pack.AppendUint(dst, uint64(first))
	dst = pack.AppendArray(dst, watchPerRecord)
	for _, v := range t.modified[first : first+watchPerRecord] {
		dst = pack.AppendUint(dst, v)
	}
	return dst
}

func readWatch(r *pack.Reader, t *watchTable) {
	first := int(r.UintMax(watchBuckets - watchPerRecord))
	for i := range r.ArrayLen(watchPerRecord) {
		t.modified[first+i] = r.Uint()
	}
}

func appendEntry(dst []byte, e *entry) []byte {
	dst = pack.AppendArray(dst, 6)
	dst = pack.AppendUint(dst, recEntry)
	dst = pack.AppendBytesHead(dst, len(e.key))
	dst = append(dst, e.key...)
	dst = pack.AppendInt(dst, e.expire)
	dst = pack.AppendUint(dst, uint64(e.kind()))
	dst = pack.AppendUint(dst, uint64(e.enc))
	switch {
	case e.obj != nil:
		return e.obj.appendTo(dst)
	case e.enc == encInt:
		return pack.AppendInt(dst, e.num)
	}
	return pack.AppendBytes(dst, e.data)
}

// recordBound is a size that the record of e rarely exceeds.
func recordBound(e *entry) int { return int(e.size()) }

func readEntry(r *pack.Reader) *entry {
	e := &entry{key: string(r.Bytes(maxArgSize)), expire: r.Int()}
	k := kind(r.UintMax(uint64(kinds - 1)))
	e.enc = encoding(r.UintMax(uint64(encodings - 1)))
	switch {
	case r.Err() != nil:
	case k != kindString:
		if decoders[k] == nil {
			r.Fail(fmt.Errorf("%w: value of kind %d", ErrSnapshot, k))
			return e
		}
		e.obj = decoders[k](r)
	case e.enc == encInt:
		e.num = r.Int()
	default:
		e.data = append([]byte{}, r.Bytes(maxArgSize)...)
	}
	return e
}

func appendEnd(dst []byte, keys, sum uint64) []byte {
	dst = pack.AppendArray(dst, 3)
	dst = pack.AppendUint(dst, recEnd)
	dst = pack.AppendUint(dst, keys)
	return pack.AppendUint(dst, sum)
}
