package keyspace

import (
	"encoding/binary"
	"math"

	"github.com/troupedb/troupe/actors/keyspace/rdb"
)

// stream reads a stream. What its parts say of each other must be so: later commands trust it.
func (l *rdbLoader) stream(kind byte) object {
	st := &streamObject{}
	for range l.r.Count() {
		if !l.node(st) {
			l.r.Fail()
			return st
		}
	}
	length := l.r.Len()
	st.last = l.id()
	st.added = length
	if kind != rdb.TypeStream1 {
		l.id() // the first one, which is found without
		st.maxDeleted = l.id()
		st.added = l.r.Len()
	}
	if length != uint64(st.len()) || st.last.less(st.top()) || st.added < length || st.added > math.MaxInt64 {
		l.r.Fail()
	}
	for range l.r.Count() {
		if !l.group(st, kind) {
			l.r.Fail()
			break
		}
	}
	return st
}

func (l *rdbLoader) id() streamID { return streamID{l.r.Len(), l.r.Len()} }

// rawID reads an id of 16 bytes.
func (l *rdbLoader) rawID() (id streamID) {
	if b := l.r.Take(idSize); b != nil {
		id = readID(b)
	}
	return id
}

// node reads a node with its entries.
func (l *rdbLoader) node(st *streamObject) bool {
	key := l.r.String()
	elements := l.r.Listpack()
	if len(key) != idSize || l.r.Err() != nil {
		return false
	}
	n := streamNode{master: readID(key), last: readID(key)}
	live, ok1 := countIn(elements)
	deleted, ok2 := countIn(elements)
	fields, ok3 := countIn(elements)
	if !ok1 || !ok2 || !ok3 || live == 0 {
		return false
	}
	n.live, n.deleted = int(live), int(deleted)
	n.bytes = int64(elements.Size) - listpackOverhead - packedIntSize(live) - packedIntSize(deleted)
	names, ok := l.fields(elements, binary.AppendUvarint(nil, uint64(fields)), fields)
	end, ended := elements.Int()
	if !ok || !ended || end != 0 {
		return false
	}
	n.names = names
	return l.entries(st, &n, elements, fields) && elements.Whole()
}

// countIn reads how many of something a listpack has, which is no more than it has bytes.
func countIn(elements *rdb.Elements) (n int64, ok bool) {
	n, ok = elements.Int()
	return n, ok && 0 <= n && n <= int64(elements.Size)
}

// fields reads n texts of a listpack and appends each with its length.
func (l *rdbLoader) fields(elements *rdb.Elements, dst []byte, n int64) ([]byte, bool) {
	for range n {
		el, ok := elements.Next()
		if !ok {
			return nil, false
		}
		dst = appendField(dst, el.Bytes())
	}
	return dst, true
}

// entries reads the entries of a node and puts both into the stream.
func (l *rdbLoader) entries(st *streamObject, n *streamNode, elements *rdb.Elements, fields int64) bool {
	var items [][]byte
	deleted := 0
	for range n.live + n.deleted {
		item, flags, ok := l.entry(n, elements, fields)
		if !ok {
			return false
		}
		n.last, _ = cutShortID(item)
		if flags&entryDeleted != 0 {
			deleted++
		} else {
			items = append(items, item)
		}
	}
	if last := st.nodes.Len() - 1; deleted != n.deleted || last >= 0 && !readNode(st.nodes.At(last)).last.less(n.master) {
		return false
	}
	st.nodes.Append(n.appendTo(nil))
	for _, item := range items {
		if !st.appendEntry(item) {
			return false
		}
	}
	return true
}

// entry reads an entry and makes its item.
func (l *rdbLoader) entry(n *streamNode, elements *rdb.Elements, fields int64) (item []byte, flags int64, ok bool) {
	flags, ok1 := elements.Int()
	ms, ok2 := elements.Int()
	seq, ok3 := elements.Int()
	id := streamID{n.master.ms + uint64(ms), n.master.seq + uint64(seq)}
	if !ok1 || !ok2 || !ok3 || id.less(n.last) {
		return nil, 0, false
	}
	item, texts, parts := appendShortID(nil, id), fields, 3+fields
	if flags&entrySameFields != 0 {
		item = binary.AppendUvarint(item, 0)
	} else {
		own, ok := countIn(elements)
		if !ok {
			return nil, 0, false
		}
		item = binary.AppendUvarint(item, uint64(own)+1)
		texts, parts = 2*own, 4+2*own
	}
	if item, ok = l.fields(elements, item, texts); !ok {
		return nil, 0, false
	}
	count, ok := elements.Int()
	return item, flags, ok && count == parts
}

// group reads a group with what is pending and its consumers.
func (l *rdbLoader) group(st *streamObject, kind byte) bool {
	name, last := l.r.String(), l.id()
	read := uint64(st.readUpTo(last))
	if kind != rdb.TypeStream1 {
		read = l.r.Len()
	}
	if l.r.Err() != nil || st.group(name) != nil || int64(read) < readUnknown {
		return false
	}
	st.addGroup(name, last, int64(read))
	g := st.group(name)
	pending, ok := l.pending(g)
	for range l.r.Count() {
		if ok = ok && l.consumer(st, g, kind, pending); !ok {
			return false
		}
	}
	return ok && len(pending) == 0 // a delivery is somebody's
}

// pending reads what is pending for a group, without whose it is.
func (l *rdbLoader) pending(g *streamGroup) (map[streamID]*delivery, bool) {
	found := map[streamID]*delivery{}
	for range l.r.Count() {
		d := &delivery{group: g.number, id: l.rawID(), at: int64(l.r.Uint64()), count: int64(l.r.Len())}
		if l.r.Err() != nil || found[d.id] != nil || d.at < 0 || d.count < 0 {
			return nil, false
		}
		found[d.id] = d
	}
	return found, true
}

// consumer reads a consumer, and takes what is its out of pending.
func (l *rdbLoader) consumer(st *streamObject, g *streamGroup, kind byte, pending map[streamID]*delivery) bool {
	name, seen := l.r.String(), int64(l.r.Uint64())
	active := seen
	if kind == rdb.TypeStream3 {
		active = int64(l.r.Uint64())
	}
	if l.r.Err() != nil || st.consumer(g, name) != nil || seen < 0 || active < -1 {
		return false
	}
	k := st.addConsumer(g, name, seen)
	k.active = active
	st.keepConsumer(k)
	for range l.r.Count() {
		d := pending[l.rawID()]
		if d == nil {
			return false
		}
		delete(pending, d.id)
		d.consumer = k.number
		st.deliver(d, nil)
	}
	return true
}
