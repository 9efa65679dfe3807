package keyspace

import (
	"encoding/binary"
	"iter"
	"math"

	"github.com/troupedb/troupe/actors/keyspace/rdb"
	"github.com/troupedb/troupe/wire/resp"
)

// appendRDB appends the type and the value of e in Redis's format.
func (s *State) appendRDB(dst []byte, e *entry) []byte {
	switch obj := e.object().(type) {
	case *listObject:
		return obj.appendRDB(append(dst, rdb.TypeQuicklist), &s.limits)
	case *setObject:
		return obj.appendRDB(dst)
	case *sortedSet:
		return obj.appendRDB(dst)
	case *hashObject:
		return obj.appendRDB(dst)
	case *streamObject:
		return obj.appendRDB(append(dst, rdb.TypeStream2))
	}
	return e.appendStringRDB(append(dst, rdb.TypeString))
}

func (v *value) appendStringRDB(dst []byte) []byte {
	n := v.num
	if v.enc != encInt {
		var ok bool
		if n, ok = parseInt(v.data()); !ok {
			return rdb.AppendString(dst, v.data())
		}
	}
	if math.MinInt32 <= n && n <= math.MaxInt32 {
		return rdb.AppendInt(dst, int32(n))
	}
	return rdb.AppendString(dst, v.text(nil))
}

// appendText appends a string, as an integer if it is the text of one, as Redis does.
func appendTextRDB(dst, text []byte) []byte {
	v := stringValue(text, encRaw)
	return v.appendStringRDB(dst)
}

// packText appends an element to a listpack, as an integer if it is the text of one.
func packText(p *rdb.Listpack, text []byte) {
	if n, ok := parseInt(text); ok {
		p.Int(n)
		return
	}
	p.Text(text)
}

// appendRDB appends a list as nodes of as many elements as one may have.
func (l *listObject) appendRDB(dst []byte, limits *limits) []byte {
	var packs []byte
	nodes := 0
	maxBytes, maxCount := limits.listNode()
	maxCount = min(maxCount, math.MaxInt16) // what a node of Redis can count
	var p rdb.Listpack
	flush := func() {
		if p.Len() > 0 {
			packs = p.AppendTo(append(packs, rdb.QuicklistNodePack))
			nodes++
		}
		p = rdb.Listpack{}
	}
	for element := range l.from(left) {
		if int64(p.Size())+packedSize(element) > maxBytes || int64(p.Len()) >= maxCount {
			flush()
		}
		packText(&p, element)
	}
	flush()
	return append(rdb.AppendLen(dst, uint64(nodes)), packs...)
}

func (o *setObject) appendRDB(dst []byte) []byte {
	if o.enc == encIntset {
		width := uint32(o.ints[0])
		dst = rdb.AppendLen(append(dst, rdb.TypeIntset), uint64(8+len(o.ints)-1))
		dst = binary.LittleEndian.AppendUint32(dst, width)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(o.ints.len()))
		return append(dst, o.ints[1:]...)
	}
	dst = rdb.AppendLen(append(dst, rdb.TypeSet), uint64(o.len()))
	for member := range o.walk(0) {
		dst = appendTextRDB(dst, member)
	}
	return dst
}

func (z *sortedSet) appendRDB(dst []byte) []byte {
	if z.table() {
		dst = rdb.AppendLen(append(dst, rdb.TypeSortedSet), uint64(z.len()))
		for member, score := range z.from(z.len()-1, true) {
			dst = binary.LittleEndian.AppendUint64(appendTextRDB(dst, member), math.Float64bits(score))
		}
		return dst
	}
	var p rdb.Listpack
	for member, score := range z.from(0, false) {
		packText(&p, member)
		packText(&p, resp.AppendDouble(nil, score))
	}
	return p.AppendTo(append(dst, rdb.TypeSortedPacked))
}

func (h *hashObject) appendRDB(dst []byte) []byte {
	if h.table {
		dst = rdb.AppendLen(append(dst, rdb.TypeHash), uint64(h.len()))
		for field, value := range h.all(0) {
			dst = appendTextRDB(appendTextRDB(dst, field), value)
		}
		return dst
	}
	var p rdb.Listpack
	for field, value := range h.all(0) {
		packText(&p, field)
		packText(&p, value)
	}
	return p.AppendTo(append(dst, rdb.TypeHashPacked))
}

// firstOf returns the items of a sequence up to the n-th.
func firstOf(n int, items iter.Seq[[]byte]) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		left := n
		if left == 0 {
			return
		}
		for item := range items {
			if left--; !yield(item) || left == 0 {
				return
			}
		}
	}
}
