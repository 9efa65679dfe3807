package keyspace

import (
	"bytes"
	"encoding/binary"
	"iter"

	"github.com/troupedb/troupe/actors/keyspace/ctree"
)

// The items that a snapshot has of a stream begin with what they are of: the
// stream as a whole, or an item of one of its trees, in the order of trees, with
// ids in full.
const (
	partHead = iota
	partNode
	partEntry
	partGroup
	partConsumer
	partDelivery
)

// headItemSize is what the item of the whole takes: two ids and two numbers.
const headItemSize = 1 + 2*idSize + 2*8

func (st *streamObject) items() int {
	n := 1
	for _, t := range st.trees() {
		n += t.Len()
	}
	return n
}

func (st *streamObject) appendHead(dst []byte) []byte {
	dst = appendID(appendID(append(dst, partHead), st.last), st.maxDeleted)
	return appendNumber(appendNumber(dst, st.added), st.numbers)
}

// walk returns items that are valid until the next one.
func (st *streamObject) walk(from int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if from == 0 && !yield(st.appendHead(nil)) {
			return
		}
		from := max(from-1, 0)
		var buf []byte
		for i, t := range st.trees() {
			if from >= t.Len() {
				from -= t.Len()
				continue
			}
			for item := range t.Forward(from) {
				buf = append(buf[:0], byte(partNode+i))
				if t == &st.entries {
					var id streamID
					id, item = cutShortID(item)
					buf = appendID(buf, id)
				}
				buf = append(buf, item...)
				if !yield(buf) {
					return
				}
			}
			from = 0
		}
	}
}

func (st *streamObject) add(_ *State, item []byte) bool {
	if len(item) == 0 {
		return false
	}
	kind, item := item[0], item[1:]
	switch {
	case kind == partHead && len(item) == headItemSize-1:
		st.last, st.maxDeleted = readID(item), readID(item[idSize:])
		st.added, st.numbers = readNumber(item[2*idSize:]), readNumber(item[2*idSize+8:])
		return true
	case kind == partNode && len(item) >= nodeHeadSize && validNames(item[nodeHeadSize:]):
		return appendHigher(&st.nodes, item, idSize)
	case kind == partEntry && st.validEntry(item):
		return st.appendEntry(append(appendShortID(nil, readID(item)), item[idSize:]...))
	case kind == partGroup:
		return validName(item, groupSize) && appendHigher(&st.groups, item, len(item)-groupSize)
	case kind == partConsumer && len(item) > 8 && validName(item[8:], consumerSize):
		k := readConsumer(item)
		key := appendNumber(nil, k.number)
		putItem(&st.names, key, append(key, k.name...))
		return appendHigher(&st.consumers, item, len(item)-consumerSize)
	case kind == partDelivery && len(item) == deliverySize:
		d := readDelivery(item)
		key := d.ownedKey()
		putItem(&st.owned, key, key)
		return st.nameOf(d.consumer) != nil && appendHigher(&st.pending, item, 8+idSize)
	}
	return false
}

// appendEntry puts an item of the entries behind the last one; it is false if its id is not higher than the one of that.
func (st *streamObject) appendEntry(item []byte) bool {
	_, rest := cutShortID(item)
	return appendHigher(&st.entries, item, len(item)-len(rest))
}

// appendHigher puts an item behind the last one; it is false if its key, the
// first n bytes, is not higher than the one of that.
func appendHigher(t *ctree.Tree, item []byte, n int) bool {
	if last := t.Len() - 1; last >= 0 && bytes.Compare(t.At(last)[:min(n, len(t.At(last)))], item[:n]) >= 0 {
		return false
	}
	t.Append(item)
	return true
}

// validName tells whether an item is a name and so many bytes more.
func validName(item []byte, more int) bool {
	_, rest, ok := cutName(item)
	return ok && len(rest) == more
}

// validEntry tells whether an item of a snapshot is an entry, of a node that is there.
func (st *streamObject) validEntry(item []byte) bool {
	if len(item) <= idSize {
		return false
	}
	pos := st.nodeOf(readID(item))
	if pos < 0 {
		return false
	}
	n, w := binary.Uvarint(item[idSize:])
	if n > 0 || w <= 0 {
		return w > 0 && n <= uint64(len(item)) && validTexts(item[idSize+w:], 2*(n-1))
	}
	count, _ := binary.Uvarint(st.nodes.At(pos)[nodeHeadSize:])
	return validTexts(item[idSize+w:], count)
}

// validTexts tells whether b is n texts, each with its length before it.
func validTexts(b []byte, n uint64) bool {
	for ; n > 0; n-- {
		size, w := binary.Uvarint(b)
		if w <= 0 || size > uint64(len(b)-w) {
			return false
		}
		b = b[w+int(size):]
	}
	return len(b) == 0
}

// validNames tells whether b is a count and so many texts.
func validNames(b []byte) bool {
	n, w := binary.Uvarint(b)
	return w > 0 && n <= uint64(len(b)) && validTexts(b[w:], n)
}
