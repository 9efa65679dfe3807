package keyspace

import (
	"encoding/binary"
	"math"
	"slices"
)

// intset is a set of integers in order, all in the least width that holds them
// all, which the first byte tells: 2, 4 or 8. The zero value is empty.
type intset []byte

func (is intset) len() int {
	if len(is) == 0 {
		return 0
	}
	return (len(is) - 1) / int(is[0])
}

// widthOf is the least width that an integer fits in.
func widthOf(v int64) int {
	switch {
	case int64(int16(v)) == v:
		return 2
	case int64(int32(v)) == v:
		return 4
	}
	return 8
}

func (is intset) at(i int) int64 {
	w := int(is[0])
	b := is[1+i*w:]
	switch w {
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	}
	return int64(binary.LittleEndian.Uint64(b))
}

func (is intset) put(i int, v int64) {
	w := int(is[0])
	b := is[1+i*w:]
	switch w {
	case 2:
		binary.LittleEndian.PutUint16(b, uint16(v))
	case 4:
		binary.LittleEndian.PutUint32(b, uint32(v))
	default:
		binary.LittleEndian.PutUint64(b, uint64(v))
	}
}

// find returns how many integers are less than v, and whether v is the next.
func (is intset) find(v int64) (pos int, found bool) {
	low, high := 0, is.len()
	for low < high {
		mid := int(uint(low+high) / 2)
		if is.at(mid) < v {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, low < is.len() && is.at(low) == v
}

// insert adds v at pos, which find returned.
func (is *intset) insert(pos int, v int64) {
	is.widen(widthOf(v))
	w := int((*is)[0])
	is.grow(w)
	copy((*is)[1+(pos+1)*w:], (*is)[1+pos*w:])
	is.put(pos, v)
}

// grow makes it w bytes longer, with little to spare: there are many small sets.
func (is *intset) grow(w int) {
	size := len(*is) + w
	if size > cap(*is) {
		*is = append(slices.Grow(intset(nil), size+size/16), *is...)
	}
	*is = (*is)[:size]
}

// widen makes the width at least w.
func (is *intset) widen(w int) {
	switch {
	case len(*is) == 0:
		*is = intset{byte(w)}
	case int((*is)[0]) < w:
		wide := make(intset, 1+is.len()*w, 1+(is.len()+1)*w)
		wide[0] = byte(w)
		for i := range is.len() {
			wide.put(i, is.at(i))
		}
		*is = wide
	}
}

func (is *intset) remove(pos int) {
	w := int((*is)[0])
	*is = append((*is)[:1+pos*w], (*is)[1+(pos+1)*w:]...)
}

// longest returns the length of the longest text of an integer in is.
func (is intset) longest() int {
	if is.len() == 0 {
		return 0
	}
	return max(intLen(is.at(0)), intLen(is.at(is.len()-1)))
}

// intLen returns the length of the text of v.
func intLen(v int64) int {
	n := 1
	if v < 0 {
		n++
	}
	if v == math.MinInt64 {
		return 20
	}
	for v = max(v, -v); v >= 10; v /= 10 {
		n++
	}
	return n
}
