package keyspace

import (
	"strconv"
	"unsafe"
)

// maxBehind is the longest string, in bytes, that stands behind its key: one piece of memory in place of two, to allocate,
// to round up and to look for. Redis (embstr) and Valkey 8 (embedded keys) do so with shorter ones.
const maxBehind = 1024

// hold makes e hold a copy of b as its string: in the room of the one before if it fits there and does not leave most
// of it empty.
func (e *entry) hold(b []byte) {
	old := e.data()
	switch {
	case old != nil && cap(old) >= len(b) && cap(old) <= 2*len(b)+32:
		e.setData(append(old[:0], b...))
	case 0 < len(b) && len(b) <= maxBehind:
		room := e.setName(e.nameBytes(), len(b))
		e.setData(append(room, b...))
	default:
		e.own(append(make([]byte, 0, len(b)), b...))
	}
}

// own makes b the string of e, which owns it, or has it already: what it held, in place or moved by append.
func (e *entry) own(b []byte) {
	if e.content != unsafe.Pointer(unsafe.SliceData(b)) {
		e.part()
	}
	e.setData(b)
}

// part leaves no room behind the key.
func (e *entry) part() {
	if e.behind() {
		e.setName(e.nameBytes(), 0)
	}
}

// behind tells whether a string stands behind the key.
func (e *entry) behind() bool {
	return e.is == kindString && e.content != nil && uintptr(e.content) == uintptr(e.block)+uintptr(e.keyLen)
}

// put makes e hold v, whose content belongs to nothing else.
func (e *entry) put(v value) {
	if data := v.data(); 0 < len(data) && len(data) <= maxBehind {
		e.hold(data)
		e.enc, e.is = v.enc, kindString
		return
	}
	e.part()
	v.access = e.access
	e.value = v
}

// taken is the value of e for another entry to hold, when e is not used any more.
func (e *entry) taken() value {
	if e.behind() {
		return e.clone()
	}
	return e.value
}

// setInt makes e hold the string that is the text of n.
func (e *entry) setInt(n int64) {
	e.part()
	e.value = value{num: n, enc: encInt, access: e.access}
}

// setBytes makes e hold the string b, not to be taken for an integer.
func (e *entry) setBytes(b []byte) {
	e.hold(b)
	e.is, e.enc = kindString, encRaw
	if len(b) <= embstrMax {
		e.enc = encEmbstr
	}
}

// makeRaw makes the string of e ready to be changed in place.
func (e *entry) makeRaw() {
	if e.enc == encInt {
		var buf [20]byte
		e.hold(strconv.AppendInt(buf[:0], e.num, 10))
	}
	e.enc = encRaw
}
