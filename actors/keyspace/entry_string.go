package keyspace

import (
	"strconv"
	"unsafe"
)

// maxBehind is the longest string, in bytes, for which room is made behind its key: one piece of memory in place of two, to
// allocate, to round up and to look for. Redis (embstr) and Valkey 8 (embedded keys) do so with shorter ones. What is
// changed in place, by APPEND or SETBIT say, moves away when it has no room, and comes back when it is set as a whole.
const maxBehind = 1024

// hold makes e hold a copy of b as its string: in the room of the one before if it fits there and does not leave most
// of it empty.
func (e *entry) hold(b []byte) {
	old := e.data()
	e.is = kindString
	switch {
	case old != nil && e.suits(cap(old), len(b)):
		e.setData(append(old[:0], b...))
	case 0 < len(b) && len(b) <= maxBehind:
		room := e.setName(e.nameBytes(), len(b))
		e.setData(append(room, b...))
	default:
		e.own(append(make([]byte, 0, len(b)), b...))
	}
}

// suits tells whether the room that e has for its string is that for one of n bytes.
func (e *entry) suits(room, n int) bool {
	key := 0
	if e.behind() {
		key = int(e.keyLen)
	}
	return n <= room && key+room <= 2*(key+n)+32
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

// behind tells whether a string stands behind the key. Of one that was not put there, but ended up there by chance, it may
// say so too.
func (e *entry) behind() bool {
	return e.is == kindString && e.content != nil && uintptr(e.content) == uintptr(e.block)+uintptr(e.keyLen)
}

// put makes e hold v, whose content belongs to nothing else.
func (e *entry) put(v value) {
	if data := v.data(); 0 < len(data) && len(data) <= maxBehind {
		e.hold(data)
		e.enc = v.enc
		return
	}
	e.part()
	v.access = e.access
	e.value = v
}

// taken is the value of e for another entry to put, when e is not used any more. A string that put would not copy must not
// hold on to the key before it.
func (e *entry) taken() value {
	if e.behind() && len(e.data()) > maxBehind {
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
	e.enc = stringEncoding(b)
}

// makeRaw makes the string of e ready to be changed in place.
func (e *entry) makeRaw() {
	if e.enc == encInt {
		var buf [20]byte
		e.hold(strconv.AppendInt(buf[:0], e.num, 10))
	}
	e.enc = encRaw
}
