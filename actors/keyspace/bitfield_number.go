package keyspace

import (
	"encoding/binary"
	"math"
)

// bitField is an integer of width bits that begins at bit offset of a string.
type bitField struct {
	offset int64
	width  uint // 1 to 64, to 63 if not signed
	signed bool
}

// overflow is what becomes of a number that does not fit in its field.
type overflow uint8

const (
	wrap overflow = iota // the bits that fit
	sat                  // the nearest number that fits
	fail                 // nothing is changed
)

var overflowNames = [...]string{wrap: "wrap", sat: "sat", fail: "fail"}

// end is how long a string must be to have the field, in bytes.
func (f *bitField) end() int64 { return (f.offset + int64(f.width) + 7) / 8 }

// get returns the number in b, which is followed by zeros.
func (f *bitField) get(b []byte) int64 {
	var window [9]byte
	if at := f.offset / 8; at < int64(len(b)) {
		copy(window[:], b[at:])
	}
	shift := f.offset % 8
	top := binary.BigEndian.Uint64(window[:])<<shift | uint64(window[8])>>(8-shift)
	if f.signed {
		return int64(top) >> (64 - f.width)
	}
	return int64(top >> (64 - f.width))
}

// set puts the low bits of v into b. REQUIRES: b has the field.
func (f *bitField) set(b []byte, v uint64) {
	b = b[f.offset/8:]
	var window [9]byte
	n := copy(window[:], b)
	shift := f.offset % 8
	top, mask := v<<(64-f.width), uint64(math.MaxUint64)<<(64-f.width)
	head := binary.BigEndian.Uint64(window[:])
	binary.BigEndian.PutUint64(window[:], head&^(mask>>shift)|top>>shift)
	window[8] = window[8]&^byte(mask<<(8-shift)) | byte(top<<(8-shift))
	copy(b, window[:n])
}

// add returns what the sum of a number and an increment is in the field, and
// whether it does not fit there.
func (f *bitField) add(n, incr int64, mode overflow) (sum int64, over bool) {
	if !f.signed {
		return f.addUnsigned(uint64(n), incr, mode)
	}
	most := int64(math.MaxInt64) >> (64 - f.width)
	least := -most - 1
	// These wrap where n does not fit, so that far too low a number saturates at the
	// top: so it does in Redis.
	up, down := most-n, least-n
	narrow := f.width < 64
	switch {
	case n > most || (narrow || n >= 0 && incr > 0) && incr > up:
		sum = most
	case n < least || (narrow || n < 0 && incr < 0) && incr < down:
		sum = least
	default:
		return n + incr, false
	}
	if mode == wrap {
		unused := 64 - f.width
		sum = (n + incr) << unused >> unused
	}
	return sum, true
}

// addUnsigned is add where no number is negative; a negative n is a large one.
func (f *bitField) addUnsigned(n uint64, incr int64, mode overflow) (sum int64, over bool) {
	most := uint64(math.MaxUint64) >> (64 - f.width)
	switch {
	case n > most || incr > 0 && incr > int64(most-n):
		sum = int64(most)
	case incr < 0 && incr < -int64(n):
		sum = 0
	default:
		return int64(n) + incr, false
	}
	if mode == wrap {
		sum = int64((n + uint64(incr)) & most)
	}
	return sum, true
}
