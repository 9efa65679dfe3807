package keyspace

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"github.com/troupedb/troupe/actors/keyspace/rdb"
)

// readRDB reads a type and a value in Redis's format. It is false for bytes that are none, and for an empty
// collection, which no key can hold. The value does not alias b.
func (s *State) readRDB(b []byte) (v value, ok bool) {
	r := rdb.NewReader(b, s.maxValue, largestUnpacked*s.maxValue)
	l := rdbLoader{s, r}
	var o object
	switch kind := r.Byte(); kind {
	case rdb.TypeString:
		v = textValue(bytes.Clone(r.String()))
	case rdb.TypeList, rdb.TypeQuicklist:
		o = l.list(kind)
	case rdb.TypeSet, rdb.TypeSetPacked, rdb.TypeIntset:
		o = l.set(kind)
	case rdb.TypeSortedSet, rdb.TypeSortedSetText, rdb.TypeSortedPacked:
		o = l.sortedSet(kind)
	case rdb.TypeHash, rdb.TypeHashPacked:
		o = l.hash(kind)
	case rdb.TypeStream1, rdb.TypeStream2, rdb.TypeStream3:
		o = l.stream(kind)
	default:
		r.Fail()
	}
	if r.Err() != nil || r.Left() > 0 || o != nil && o.items() == 0 {
		return value{}, false
	}
	if o != nil {
		v.setObject(o)
	}
	return v, true
}

// rdbLoader builds collections of what it reads; what is bad makes its reader fail.
type rdbLoader struct {
	s *State
	r *rdb.Reader
}

// texts reads n strings and gives them to take, which is false for one that can't be.
func (l *rdbLoader) texts(n int, take func([]byte) bool) {
	for range n {
		text := l.r.String()
		if l.r.Err() != nil {
			return
		}
		if !take(text) {
			l.r.Fail()
		}
	}
}

// packed reads a listpack and gives its elements to take.
func (l *rdbLoader) packed(take func([]byte) bool) {
	elements := l.r.Listpack()
	for {
		el, ok := elements.Next()
		if !ok {
			break
		}
		if text := el.Bytes(); len(text) > l.s.maxValue || !take(text) {
			l.r.Fail()
			return
		}
	}
	if !elements.Whole() {
		l.r.Fail()
	}
}

// pairs returns what takes elements, and gives them to take by twos.
func pairs(take func(a, b []byte) bool) (each func([]byte) bool, odd func() bool) {
	var first []byte
	each = func(text []byte) bool {
		if first == nil {
			first = slices.Clip(text)
			return true
		}
		a := first
		first = nil
		return take(a, text)
	}
	return each, func() bool { return first != nil }
}

// packedPairs reads a listpack and gives its elements to take by twos.
func (l *rdbLoader) packedPairs(take func(a, b []byte) bool) {
	each, odd := pairs(take)
	if l.packed(each); odd() {
		l.r.Fail()
	}
}

func (l *rdbLoader) list(kind byte) object {
	o := &listObject{}
	push := func(element []byte) bool {
		o.grow(l.s, 1, len(element))
		o.push(right, element)
		return true
	}
	nodes := l.r.Count()
	if kind == rdb.TypeList {
		l.texts(nodes, push)
		return o
	}
	for range nodes {
		switch l.r.Byte() {
		case rdb.QuicklistNodePlain:
			l.texts(1, push)
		case rdb.QuicklistNodePack:
			l.packed(push)
		default:
			l.r.Fail()
		}
		if l.r.Err() != nil {
			break
		}
	}
	return o
}

func (l *rdbLoader) set(kind byte) object {
	o := &setObject{enc: encIntset}
	insert := func(member []byte) bool { return o.insert(l.s, member) }
	switch kind {
	case rdb.TypeSet:
		l.texts(l.r.Count(), insert)
	case rdb.TypeSetPacked:
		l.packed(insert)
	default:
		l.intset(insert)
	}
	return o
}

// intset reads a width, a count and so many integers in order.
func (l *rdbLoader) intset(insert func([]byte) bool) {
	const head = 8
	b := l.r.String()
	if len(b) < head {
		l.r.Fail()
		return
	}
	width, n := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	if width != 2 && width != 4 && width != 8 || uint64(width)*uint64(n) != uint64(len(b)-head) {
		l.r.Fail()
		return
	}
	is := append(intset{byte(width)}, b[head:]...)
	for i := range is.len() {
		if i > 0 && is.at(i-1) >= is.at(i) || !insert(rdb.Element{Int: is.at(i)}.Bytes()) {
			l.r.Fail()
			return
		}
	}
}

func (l *rdbLoader) sortedSet(kind byte) object {
	z := &sortedSet{}
	put := func(member []byte, score float64) bool {
		if _, found := z.score(l.s, member); found || math.IsNaN(score) {
			return false
		}
		z.put(l.s, member, score)
		return true
	}
	if kind == rdb.TypeSortedPacked {
		l.packedPairs(func(member, text []byte) bool {
			score, ok := parseFloat(text)
			if !ok || !put(member, score) {
				return false
			}
			last, _ := z.at(z.len() - 1)
			return bytes.Equal(last, member) // they come in order
		})
		return z
	}
	score := l.r.Float
	if kind == rdb.TypeSortedSetText {
		score = l.r.FloatText
	}
	l.texts(l.r.Count(), func(member []byte) bool {
		v := score()
		return l.r.Err() == nil && put(member, v)
	})
	return z
}

func (l *rdbLoader) hash(kind byte) object {
	h := &hashObject{}
	set := func(field, value []byte) bool { return h.set(l.s, field, value) }
	if kind == rdb.TypeHashPacked {
		l.packedPairs(set)
		return h
	}
	l.texts(l.r.Count(), func(field []byte) bool {
		value := l.r.String()
		return l.r.Err() == nil && set(field, value)
	})
	return h
}
