package keyspace

import (
	"bytes"
	"encoding/binary"

	"github.com/troupedb/troupe/actors/keyspace/ctree"
)

// streamObject is a stream with its consumer groups: all of it is in trees, whose
// items begin with what they are found by. What can be counted in a tree is not
// counted beside it.
//
//	entries    short id -> fields
//	nodes      id -> node
//	groups     name -> group
//	consumers  group, name -> consumer
//	names      consumer -> name
//	pending    group, id -> delivery
//	owned      consumer, id
//
// Groups and consumers have numbers by which other trees name them.
type streamObject struct {
	entries, nodes, groups, consumers, names, pending, owned ctree.Tree

	last       streamID // the highest id that there ever was
	maxDeleted streamID
	added      uint64 // how many entries there ever were
	numbers    uint64 // the last number that a group or a consumer got
}

func init() {
	newObject[kindStream] = func(enc encoding) object {
		if enc != encStream {
			return nil
		}
		return &streamObject{}
	}
}

func (st *streamObject) kind() kind         { return kindStream }
func (st *streamObject) tree() *ctree.Tree  { return &st.entries }
func (st *streamObject) encoding() encoding { return encStream }

// trees are all trees that a snapshot holds; what is in the others follows.
func (st *streamObject) trees() [5]*ctree.Tree {
	return [...]*ctree.Tree{&st.nodes, &st.entries, &st.groups, &st.consumers, &st.pending}
}

func (st *streamObject) size() int64 {
	n := int64(objectOverhead) + st.names.Size() + st.owned.Size()
	for _, t := range st.trees() {
		n += t.Size()
	}
	return n
}

func (st *streamObject) clone() object {
	c := *st
	for i, t := range st.trees() {
		*c.trees()[i] = t.Clone()
	}
	c.names, c.owned = st.names.Clone(), st.owned.Clone()
	return &c
}

// len is the number of entries; a stream that is nil has none.
func (st *streamObject) len() int {
	if st == nil {
		return 0
	}
	return st.entries.Len()
}

// first returns the id of the first entry, that of no entry if there is none.
func (st *streamObject) first() streamID {
	if st.entries.Len() == 0 {
		return streamID{}
	}
	id, _ := cutShortID(st.entries.At(0))
	return id
}

// top returns the id of the last entry, that of no entry if there is none.
func (st *streamObject) top() streamID {
	if n := st.entries.Len(); n > 0 {
		id, _ := cutShortID(st.entries.At(n - 1))
		return id
	}
	return streamID{}
}

// has tells whether there is an entry of an id.
func (st *streamObject) has(id streamID) bool {
	_, item := itemOf(&st.entries, appendShortID(nil, id))
	return item != nil
}

// between returns the positions in t of the items of a range of ids that come
// after a prefix.
func between(t *ctree.Tree, prefix []byte, r idRange) (from, to int) {
	last := append(make([]byte, 0, len(prefix)+idSize), prefix...)
	first := appendID(bytes.Clone(last), r.first)
	return spanOf(t, first, appendID(last, r.last))
}

// entriesOf returns the positions of the entries of a range of ids.
func (st *streamObject) entriesOf(r idRange) (from, to int) {
	return spanOf(&st.entries, appendShortID(nil, r.first), appendShortID(nil, r.last))
}

// spanOf returns the positions of the items of t from one key up to and with another.
func spanOf(t *ctree.Tree, first, last []byte) (from, to int) {
	from, _ = t.Seek(first)
	to, item := t.Seek(last)
	if bytes.HasPrefix(item, last) {
		to++
	}
	return from, max(from, to)
}

// itemOf returns the item of t that begins with key and its position; without one
// the item is nil, and the position is where it belongs.
func itemOf(t *ctree.Tree, key []byte) (pos int, item []byte) {
	pos, item = t.Seek(key)
	if !bytes.HasPrefix(item, key) {
		return pos, nil
	}
	return pos, item
}

// putItem makes item the one that begins with key.
func putItem(t *ctree.Tree, key, item []byte) {
	if pos, old := itemOf(t, key); old != nil {
		t.Replace(pos, item)
	} else {
		t.Insert(pos, item)
	}
}

// dropItem deletes the item that begins with key, if there is one.
func dropItem(t *ctree.Tree, key []byte) {
	if pos, item := itemOf(t, key); item != nil {
		t.Delete(pos)
	}
}

// span8 returns the positions of the items of t that begin with a number.
func span8(t *ctree.Tree, number uint64) (from, to int) {
	from, _ = t.Seek(appendNumber(nil, number))
	to, _ = t.Seek(appendNumber(nil, number+1))
	return from, to
}

func appendNumber(dst []byte, n uint64) []byte { return binary.BigEndian.AppendUint64(dst, n) }
func readNumber(b []byte) uint64               { return binary.BigEndian.Uint64(b) }

// appendName appends a name so that the order of bytes is that of names, and no
// name is the beginning of another one.
func appendName(dst []byte, name []byte) []byte {
	for _, b := range name {
		if dst = append(dst, b); b == 0 {
			dst = append(dst, 0xff)
		}
	}
	return append(dst, 0, 0)
}

// cutName cuts what appendName wrote off b. ok is false if there is no end of it.
func cutName(b []byte) (name, rest []byte, ok bool) {
	for i := 0; i+1 < len(b); i++ {
		switch {
		case b[i] != 0:
			name = append(name, b[i])
		case b[i+1] == 0:
			return name, b[i+2:], true
		default:
			name = append(name, 0)
			i++
		}
	}
	return nil, nil, false
}
