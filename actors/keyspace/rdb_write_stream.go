package keyspace

import (
	"encoding/binary"

	"github.com/troupedb/troupe/actors/keyspace/rdb"
)

// The flags of an entry in a listpack.
const (
	entryDeleted    = 1
	entrySameFields = 2
)

// appendRDB appends a stream: its nodes, what is known of it as a whole, and its groups.
func (st *streamObject) appendRDB(dst []byte) []byte {
	dst = rdb.AppendLen(dst, uint64(st.nodes.Len()))
	for item := range st.nodes.Forward(0) {
		n := readNode(item)
		dst = rdb.AppendString(dst, item[:idSize])
		dst = st.pack(&n).AppendTo(dst)
	}
	dst = rdb.AppendLen(dst, uint64(st.len()))
	for _, id := range []streamID{st.last, st.first(), st.maxDeleted} {
		dst = appendIDRDB(dst, id)
	}
	dst = rdb.AppendLen(dst, st.added)
	dst = rdb.AppendLen(dst, uint64(st.groups.Len()))
	for item := range st.groups.Forward(0) {
		g := readGroup(item)
		dst = st.appendGroupRDB(dst, &g)
	}
	return dst
}

func appendIDRDB(dst []byte, id streamID) []byte {
	return rdb.AppendLen(rdb.AppendLen(dst, id.ms), id.seq)
}

// pack makes the listpack of a node: how many entries it has, the fields that it names, and the entries.
func (st *streamObject) pack(n *streamNode) *rdb.Listpack {
	p := &rdb.Listpack{}
	p.Int(int64(n.live))
	p.Int(0) // what was deleted is not there any more
	fields, w := binary.Uvarint(n.names)
	p.Int(int64(fields))
	packFields(p, n.names[w:])
	p.Int(0)
	from, _ := st.entries.Seek(appendShortID(nil, n.master))
	for item := range firstOf(n.live, st.entries.Forward(from)) {
		n.packEntry(p, item, int64(fields))
	}
	return p
}

// packEntry appends an entry. Its id is told as the distance to that of the node.
func (n *streamNode) packEntry(p *rdb.Listpack, item []byte, fields int64) {
	id, rest := cutShortID(item)
	own, w := binary.Uvarint(rest)
	flags, parts := int64(0), int64(3)
	if own == 0 {
		flags, parts = entrySameFields, parts+fields
	} else {
		parts += 1 + 2*int64(own-1)
	}
	p.Int(flags)
	p.Int(int64(id.ms - n.master.ms))
	p.Int(int64(id.seq - n.master.seq))
	if own > 0 {
		p.Int(int64(own - 1))
	}
	packFields(p, rest[w:])
	p.Int(parts)
}

// packFields appends texts that each have their length before them.
func packFields(p *rdb.Listpack, texts []byte) {
	for len(texts) > 0 {
		var text []byte
		text, texts = cutField(texts)
		packText(p, text)
	}
}

func (st *streamObject) appendGroupRDB(dst []byte, g *streamGroup) []byte {
	dst = appendIDRDB(rdb.AppendString(dst, g.name), g.last)
	dst = rdb.AppendLen(dst, uint64(g.read))
	from, to := span8(&st.pending, g.number)
	dst = rdb.AppendLen(dst, uint64(to-from))
	for item := range firstOf(to-from, st.pending.Forward(from)) {
		d := readDelivery(item)
		dst = binary.LittleEndian.AppendUint64(appendID(dst, d.id), uint64(d.at))
		dst = rdb.AppendLen(dst, uint64(d.count))
	}
	from, to = span8(&st.consumers, g.number)
	dst = rdb.AppendLen(dst, uint64(to-from))
	for item := range firstOf(to-from, st.consumers.Forward(from)) {
		k := readConsumer(item)
		dst = binary.LittleEndian.AppendUint64(rdb.AppendString(dst, k.name), uint64(k.seen))
		dst = st.appendOwnedRDB(dst, &k)
	}
	return dst
}

// appendOwnedRDB appends the ids of what is pending for a consumer.
func (st *streamObject) appendOwnedRDB(dst []byte, k *streamConsumer) []byte {
	from, to := span8(&st.owned, k.number)
	dst = rdb.AppendLen(dst, uint64(to-from))
	for item := range firstOf(to-from, st.owned.Forward(from)) {
		dst = append(dst, item[8:]...)
	}
	return dst
}
