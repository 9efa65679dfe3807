package keyspace

import "encoding/binary"

// An item of the entries is a short id, then 0 and the values of the fields that its
// node names, or the number of fields plus one, and each with its value.

// append adds an entry. REQUIRES: its id is higher than any before.
func (st *streamObject) append(s *State, id streamID, pairs [][]byte) {
	pos, node, same := st.nodeToAppend(s, id, pairs)
	item := appendShortID(s.scratch[:0], id)
	if same {
		item = binary.AppendUvarint(item, 0)
	} else {
		item = binary.AppendUvarint(item, uint64(len(pairs)/2)+1)
	}
	for i, p := range pairs {
		if i%2 == 1 || !same {
			item = appendField(item, p)
		}
	}
	st.entries.Append(item)
	node.bytes += node.packedEntry(id, pairs, same)
	node.last = id
	node.live++
	item = node.appendTo(item[:0])
	if pos < st.nodes.Len() {
		st.nodes.Replace(pos, item)
	} else {
		st.nodes.Append(item)
	}
	s.keepScratch(item)
	st.last = id
	st.added++
}

// nodeToAppend returns the node that an entry belongs to with its position, a new
// one if need be, and whether it names the same fields.
func (st *streamObject) nodeToAppend(s *State, id streamID, pairs [][]byte) (pos int, n streamNode, same bool) {
	if last := st.nodes.Len() - 1; last >= 0 {
		if n = readNode(st.nodes.At(last)); !n.full(&s.limits, sizeOf(pairs)) {
			return last, n, n.sameNames(pairs)
		}
	}
	return st.nodes.Len(), newNode(id, pairs), true
}

func sizeOf(args [][]byte) (n int64) {
	for _, a := range args {
		n += int64(len(a))
	}
	return n
}

// remove deletes an entry, and is true if there was one.
func (st *streamObject) remove(id streamID) bool {
	pos, item := itemOf(&st.entries, appendShortID(nil, id))
	if item == nil {
		return false
	}
	st.entries.Delete(pos)
	if n := st.nodeOf(id); n >= 0 {
		if st.forget(n, 1); readNode(st.nodes.At(n)).live == 0 {
			st.nodes.Delete(n)
		}
	}
	if st.maxDeleted.less(id) {
		st.maxDeleted = id
	}
	return true
}

// streamReader answers entries. It remembers what it knows of a node for those of
// the same one.
type streamReader struct {
	st    *streamObject
	node  idRange // the ids that names holds for
	known bool
	names [][]byte
}

// entry answers an entry: its id, and its fields with their values.
func (r *streamReader) entry(c *call, item []byte) {
	id, rest := cutShortID(item)
	c.W.Array(2)
	c.id(id)
	n, w := binary.Uvarint(rest)
	rest = rest[w:]
	var text []byte
	if n > 0 {
		c.W.Array(2 * int(n-1))
		for range 2 * (n - 1) {
			text, rest = cutField(rest)
			c.W.Bulk(text)
		}
		return
	}
	names := r.namesOf(id)
	c.W.Array(2 * len(names))
	for _, name := range names {
		c.W.Bulk(name)
		text, rest = cutField(rest)
		c.W.Bulk(text)
	}
}

// namesOf returns the fields that the node of an id names.
func (r *streamReader) namesOf(id streamID) [][]byte {
	if r.known && !id.less(r.node.first) && !r.node.last.less(id) {
		return r.names
	}
	pos := r.st.nodeOf(id)
	n := readNode(r.st.nodes.At(pos))
	r.known, r.node = true, idRange{n.master, n.last}
	count, w := binary.Uvarint(n.names)
	r.names = r.names[:0]
	for names := n.names[w:]; count > 0; count-- {
		var name []byte
		name, names = cutField(names)
		r.names = append(r.names, name)
	}
	return r.names
}

// entryAt answers the entry of an id; it is false, and has not answered, if there
// is none.
func (r *streamReader) entryAt(c *call, id streamID) bool {
	_, item := itemOf(&r.st.entries, appendShortID(nil, id))
	if item == nil {
		return false
	}
	r.entry(c, item)
	return true
}
