package rdb

import (
	"encoding/binary"
	"math"
	"strconv"
)

// The heads of elements of a listpack, by their highest bits.
const (
	packInt7   = 0x00
	packText6  = 0x80
	packInt13  = 0xc0
	packText12 = 0xe0
	packText32 = 0xf0
	packInt16  = 0xf1
	packInt24  = 0xf2
	packInt32  = 0xf3
	packInt64  = 0xf4
	packEnd    = 0xff
)

// packHead is what stands before the elements: the size of all in four bytes and their count in two.
const packHead = 6

// BackSize is what the length of an element, which stands behind it, takes: seven bits a byte, but for lengths
// of ones only.
func BackSize(n int64) int64 {
	switch {
	case n < 1<<7:
		return 1
	case n < 1<<14-1:
		return 2
	case n < 1<<21-1:
		return 3
	case n < 1<<28-1:
		return 4
	}
	return 5
}

// Listpack is a listpack while it is written. The zero value is empty.
type Listpack struct {
	b []byte // with room for the head
	n int
}

// Len returns the number of elements.
func (p *Listpack) Len() int { return p.n }

// Size returns how many bytes it takes as a whole.
func (p *Listpack) Size() int { return max(len(p.b), packHead) + 1 }

// Int appends an integer.
func (p *Listpack) Int(v int64) {
	from := p.begin()
	switch {
	case 0 <= v && v < 1<<7:
		p.b = append(p.b, packInt7|byte(v))
	case -1<<12 <= v && v < 1<<12:
		p.b = append(p.b, packInt13|byte(v>>8)&0x1f, byte(v))
	case math.MinInt16 <= v && v <= math.MaxInt16:
		p.b = binary.LittleEndian.AppendUint16(append(p.b, packInt16), uint16(v))
	case -1<<23 <= v && v < 1<<23:
		p.b = append(p.b, packInt24, byte(v), byte(v>>8), byte(v>>16))
	case math.MinInt32 <= v && v <= math.MaxInt32:
		p.b = binary.LittleEndian.AppendUint32(append(p.b, packInt32), uint32(v))
	default:
		p.b = binary.LittleEndian.AppendUint64(append(p.b, packInt64), uint64(v))
	}
	p.end(from)
}

// Text appends a string, which should be the text of no integer.
func (p *Listpack) Text(s []byte) {
	from := p.begin()
	switch n := len(s); {
	case n < 1<<6:
		p.b = append(p.b, packText6|byte(n))
	case n < 1<<12:
		p.b = append(p.b, packText12|byte(n>>8), byte(n))
	default:
		p.b = binary.LittleEndian.AppendUint32(append(p.b, packText32), uint32(n))
	}
	p.b = append(p.b, s...)
	p.end(from)
}

func (p *Listpack) begin() (from int) {
	if p.b == nil {
		p.b = make([]byte, packHead)
	}
	return len(p.b)
}

// end appends the length of the element that begins at from, the highest bits first.
func (p *Listpack) end(from int) {
	n := len(p.b) - from
	p.n++
	size := int(BackSize(int64(n)))
	for i := size - 1; i >= 0; i-- {
		b := byte(n>>(7*i)) & 0x7f
		if i < size-1 {
			b |= 0x80
		}
		p.b = append(p.b, b)
	}
}

// AppendTo appends the listpack as a string.
func (p *Listpack) AppendTo(dst []byte) []byte {
	p.begin()
	binary.LittleEndian.PutUint32(p.b, uint32(p.Size()))
	binary.LittleEndian.PutUint16(p.b[4:], uint16(min(p.n, math.MaxUint16)))
	dst = AppendLen(dst, uint64(p.Size()))
	return append(append(dst, p.b...), packEnd)
}

// Element is an element of a listpack: a text, or an integer if there is none.
type Element struct {
	Text []byte
	Int  int64
}

// Bytes returns the element as text.
func (e Element) Bytes() []byte {
	if e.Text != nil {
		return e.Text
	}
	return strconv.AppendInt(nil, e.Int, 10)
}

// Listpack reads a listpack, of which the elements are then read by Next.
func (r *Reader) Listpack() *Elements {
	b := r.String()
	if len(b) <= packHead || uint64(binary.LittleEndian.Uint32(b)) != uint64(len(b)) || b[len(b)-1] != packEnd {
		r.Fail()
		return &Elements{}
	}
	e := &Elements{Size: len(b), claimed: int(binary.LittleEndian.Uint16(b[4:]))}
	e.r.b = b[packHead : len(b)-1]
	return e
}

// Elements reads the elements of a listpack.
type Elements struct {
	Size    int // of the listpack, bytes
	r       Reader
	claimed int
	read    int
}

// Next reads an element. It is false at the end and at one that is bad; Whole tells which.
func (e *Elements) Next() (el Element, ok bool) {
	if e.r.Left() == 0 {
		return el, false
	}
	before := e.r.Left()
	el = e.r.element()
	n := before - e.r.Left()
	var back uint64
	for i, b := range e.r.Take(int(BackSize(int64(n)))) {
		if back = back<<7 | uint64(b&0x7f); (b&0x80 != 0) != (i > 0) {
			e.r.Fail()
		}
	}
	if back != uint64(n) {
		e.r.Fail()
	}
	e.read++
	return el, e.r.Err() == nil
}

// Int reads an element that must be an integer.
func (e *Elements) Int() (v int64, ok bool) {
	el, ok := e.Next()
	return el.Int, ok && el.Text == nil
}

// Whole tells whether all elements were read, and there were as many as there should be.
func (e *Elements) Whole() bool {
	return e.r.Err() == nil && e.r.Left() == 0 && (e.read == e.claimed || e.claimed == math.MaxUint16)
}

// element reads an element without what stands behind it.
func (r *Reader) element() Element {
	head := r.Byte()
	switch {
	case head&0x80 == packInt7:
		return Element{Int: int64(head)}
	case head&0xc0 == packText6:
		return r.text(uint64(head & 0x3f))
	case head&0xe0 == packInt13:
		return Element{Int: int64(int16(uint16(head&0x1f)<<11|uint16(r.Byte())<<3)) >> 3}
	case head&0xf0 == packText12:
		return r.text(uint64(head&0xf)<<8 | uint64(r.Byte()))
	case head == packText32:
		return r.text(r.little(4))
	case packInt16 <= head && head <= packInt32:
		size := int(head-packInt16) + 2
		return Element{Int: int64(r.little(size)<<(64-8*size)) >> (64 - 8*size)}
	case head == packInt64:
		return Element{Int: int64(r.little(8))}
	}
	r.Fail()
	return Element{}
}

// little reads a number of some bytes, the lowest first.
func (r *Reader) little(size int) (n uint64) {
	for i, b := range r.Take(size) {
		n |= uint64(b) << (8 * i)
	}
	return n
}

func (r *Reader) text(n uint64) Element {
	if n > uint64(len(r.b)) {
		r.Fail()
		return Element{}
	}
	return Element{Text: r.Take(int(n))}
}
