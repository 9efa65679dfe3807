package keyspace

import (
	"bytes"
	"encoding/binary"
)

// streamNode is a run of neighbouring entries, as Redis has them in one listpack.
// Here they are in one tree all the same; nodes are what approximate trimming cuts
// off, and what names the fields of entries that have the same ones.
type streamNode struct {
	master  streamID // its id: that of its first entry, which may be gone
	last    streamID // the id of its last entry, which may be gone
	live    int
	deleted int
	bytes   int64 // what it takes in a listpack, but for the two counts
	names   []byte
}

// nodeHeadSize is what a node takes in its item beside the names of fields.
const nodeHeadSize = 2*idSize + 4 + 4 + 8

func (n *streamNode) appendTo(dst []byte) []byte {
	dst = appendID(appendID(dst, n.master), n.last)
	dst = binary.BigEndian.AppendUint32(dst, uint32(n.live))
	dst = binary.BigEndian.AppendUint32(dst, uint32(n.deleted))
	dst = binary.BigEndian.AppendUint64(dst, uint64(n.bytes))
	return append(dst, n.names...)
}

// readNode reads what appendTo wrote; the names alias it.
func readNode(item []byte) streamNode {
	counts := item[2*idSize:]
	return streamNode{
		master:  readID(item),
		last:    readID(item[idSize:]),
		live:    int(binary.BigEndian.Uint32(counts)),
		deleted: int(binary.BigEndian.Uint32(counts[4:])),
		bytes:   int64(binary.BigEndian.Uint64(counts[8:])),
		names:   item[nodeHeadSize:],
	}
}

// nodeOf returns the position of the node that an id belongs to, -1 if there is none.
func (st *streamObject) nodeOf(id streamID) int {
	key := appendID(nil, id)
	pos, item := st.nodes.Seek(key)
	if bytes.HasPrefix(item, key) {
		return pos
	}
	return pos - 1
}

// packed is what the node takes in a listpack.
func (n *streamNode) packed() int64 {
	return listpackOverhead + packedIntSize(int64(n.live)) + packedIntSize(int64(n.deleted)) + n.bytes
}

// full tells whether an entry of so many bytes begins another node.
func (n *streamNode) full(l *limits, size int64) bool {
	maxBytes := l[streamMaxBytes]
	if maxBytes == 0 || maxBytes > maxStreamEntry {
		maxBytes = maxStreamEntry
	}
	maxEntries := l[streamMaxEntries]
	return n.packed()+size >= maxBytes || maxEntries > 0 && int64(n.live+n.deleted) >= maxEntries
}

// newNode returns a node for entries from one of an id with these fields on.
func newNode(id streamID, pairs [][]byte) streamNode {
	n := streamNode{master: id}
	fields := len(pairs) / 2
	n.names = binary.AppendUvarint(nil, uint64(fields))
	n.bytes = packedIntSize(int64(fields)) + packedIntSize(0)
	for i := 0; i < len(pairs); i += 2 {
		n.names = appendField(n.names, pairs[i])
		n.bytes += packedSize(pairs[i])
	}
	return n
}

// sameNames tells whether the fields of pairs are those that n names.
func (n *streamNode) sameNames(pairs [][]byte) bool {
	count, w := binary.Uvarint(n.names)
	if count != uint64(len(pairs)/2) {
		return false
	}
	names := n.names[w:]
	for i := 0; i < len(pairs); i += 2 {
		var name []byte
		if name, names = cutField(names); !bytes.Equal(name, pairs[i]) {
			return false
		}
	}
	return true
}

// packedEntry is what an entry takes in the listpack of its node.
func (n *streamNode) packedEntry(id streamID, pairs [][]byte, same bool) int64 {
	const flags = 0 // any of them takes as much
	parts := int64(3 + len(pairs)/2)
	size := packedIntSize(flags) + packedIntSize(int64(id.ms-n.master.ms)) + packedIntSize(int64(id.seq-n.master.seq))
	if !same {
		parts += int64(1 + len(pairs)/2)
		size += packedIntSize(int64(len(pairs) / 2))
	}
	for i, p := range pairs {
		if i%2 == 1 || !same {
			size += packedSize(p)
		}
	}
	return size + packedIntSize(parts)
}

// forget takes note that n of the entries of the node at a position are deleted.
// Without any it still is a node.
func (st *streamObject) forget(pos, n int) {
	node := readNode(st.nodes.At(pos))
	node.live -= n
	node.deleted += n
	st.nodes.Replace(pos, node.appendTo(nil))
}
