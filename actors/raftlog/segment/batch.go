package segment

import (
	"encoding/binary"
	"errors"
)

// Batch collects changes that become readable, and durable, together. The zero value is empty. It is for one goroutine.
//
// REQUIRES: entries are put and cut as Put and Cut say. Commit finds out too late: the frame is written then, and the store
// cannot be opened again.
type Batch struct{ ops []byte }

// maxKept is the largest batch, in bytes, whose memory serves the next one. Values of a megabyte are copied into memory
// never touched before otherwise, which costs more than the copy.
const maxKept = 8 << 20

// Each change begins with its kind (1 byte); integers are little-endian.
const (
	opPut    = 1 // stream(4) index(8) size(4) value
	opCut    = 2 // stream(4) first(8) last(8)
	opSet    = 3 // key size(4) value size(4) key value
	opDelete = 4 // key size(4) key

	putHeader    = 17
	cutHeader    = 21
	setHeader    = 9
	deleteHeader = 5
)

// Put sets the entry at index of a stream to a value of size bytes, which the caller fills before the next call. An index
// is one of the stream's, or the next one, or any in an empty stream.
func (b *Batch) Put(stream uint32, index uint64, size int) []byte {
	b.ops = append(b.ops, opPut)
	b.ops = binary.LittleEndian.AppendUint32(b.ops, stream)
	b.ops = binary.LittleEndian.AppendUint64(b.ops, index)
	b.ops = binary.LittleEndian.AppendUint32(b.ops, uint32(size))
	at := len(b.ops)
	b.ops = extend(b.ops, size)
	return b.ops[at:]
}

func extend(p []byte, n int) []byte {
	if len(p)+n <= cap(p) {
		return p[:len(p)+n]
	}
	grown := make([]byte, len(p)+n, max(2*cap(p), len(p)+n))
	copy(grown, p)
	return grown
}

// Cut drops the entries of a stream from first through last: all, or its first, or its last.
func (b *Batch) Cut(stream uint32, first, last uint64) {
	b.ops = append(b.ops, opCut)
	b.ops = binary.LittleEndian.AppendUint32(b.ops, stream)
	b.ops = binary.LittleEndian.AppendUint64(b.ops, first)
	b.ops = binary.LittleEndian.AppendUint64(b.ops, last)
}

// Set gives a key a value.
func (b *Batch) Set(key, value []byte) {
	b.ops = append(b.ops, opSet)
	b.ops = binary.LittleEndian.AppendUint32(b.ops, uint32(len(key)))
	b.ops = binary.LittleEndian.AppendUint32(b.ops, uint32(len(value)))
	b.ops = append(append(b.ops, key...), value...)
}

// Delete removes a key.
func (b *Batch) Delete(key []byte) {
	b.ops = append(b.ops, opDelete)
	b.ops = binary.LittleEndian.AppendUint32(b.ops, uint32(len(key)))
	b.ops = append(b.ops, key...)
}

// Empty reports whether there are no changes.
func (b *Batch) Empty() bool { return len(b.ops) == 0 }

// Len is the size in bytes.
func (b *Batch) Len() int { return len(b.ops) }

// Bytes are the changes as Read takes them. They are valid until the batch is changed.
func (b *Batch) Bytes() []byte { return b.ops }

// Reset empties the batch.
func (b *Batch) Reset() {
	b.ops = b.ops[:0]
	if cap(b.ops) > maxKept {
		b.ops = nil
	}
}

// Kind says what an Op does.
type Kind byte

// The kinds of changes.
const (
	Put    Kind = opPut
	Cut    Kind = opCut
	Set    Kind = opSet
	Delete Kind = opDelete
)

// Op is one change of a batch. Key and Value alias the batch.
type Op struct {
	Kind        Kind
	Stream      uint32
	First, Last uint64 // of Put: both the index
	Key, Value  []byte
}

// Ops reads the changes of a batch.
type Ops struct{ rest []byte }

// Read begins to read what Batch.Bytes gave.
func Read(b []byte) Ops { return Ops{b} }

var errBatch = errors.New("malformed batch")

// Next returns the next change; false at the end, or where the rest makes no sense, which is an error.
func (o *Ops) Next() (op Op, ok bool, err error) {
	b := o.rest
	if len(b) == 0 {
		return Op{}, false, nil
	}
	op.Kind = Kind(b[0])
	header, key, value := 0, uint64(0), uint64(0)
	switch {
	case b[0] == opPut && len(b) >= putHeader:
		op.Stream, op.First = binary.LittleEndian.Uint32(b[1:]), binary.LittleEndian.Uint64(b[5:])
		op.Last = op.First
		header, value = putHeader, uint64(binary.LittleEndian.Uint32(b[13:]))
	case b[0] == opCut && len(b) >= cutHeader:
		op.Stream = binary.LittleEndian.Uint32(b[1:])
		op.First, op.Last = binary.LittleEndian.Uint64(b[5:]), binary.LittleEndian.Uint64(b[13:])
		header = cutHeader
	case b[0] == opSet && len(b) >= setHeader:
		header, key, value = setHeader, uint64(binary.LittleEndian.Uint32(b[1:])), uint64(binary.LittleEndian.Uint32(b[5:]))
	case b[0] == opDelete && len(b) >= deleteHeader:
		header, key = deleteHeader, uint64(binary.LittleEndian.Uint32(b[1:]))
	default:
		return Op{}, false, errBatch
	}
	b = b[header:]
	if key+value > uint64(len(b)) {
		return Op{}, false, errBatch
	}
	op.Key, op.Value, o.rest = b[:key:key], b[key:key+value:key+value], b[key+value:]
	return op, true, nil
}

// left is how many bytes are not read yet.
func (o *Ops) left() int { return len(o.rest) }
