package rdb

import (
	"encoding/binary"
	"math"
)

// What the two highest bits of a length say.
const (
	len6    = 0x00
	len14   = 0x40
	lenLong = 0x80
	encoded = 0xc0 // a string that is not written as it is
)

// The long forms of a length.
const (
	len32 = lenLong
	len64 = lenLong + 1
)

// The forms of a string that is not written as it is.
const (
	encInt8 = encoded + iota
	encInt16
	encInt32
	encLZF
)

// AppendLen appends a length.
func AppendLen(dst []byte, n uint64) []byte {
	switch {
	case n < 1<<6:
		return append(dst, len6|byte(n))
	case n < 1<<14:
		return append(dst, len14|byte(n>>8), byte(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, len32), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, len64), n)
}

// AppendString appends a string as it is.
func AppendString(dst, s []byte) []byte {
	return append(AppendLen(dst, uint64(len(s))), s...)
}

// AppendInt appends the string that is the text of v, which must be of 32 bits.
func AppendInt(dst []byte, v int32) []byte {
	switch {
	case math.MinInt8 <= v && v <= math.MaxInt8:
		return append(dst, encInt8, byte(v))
	case math.MinInt16 <= v && v <= math.MaxInt16:
		return binary.LittleEndian.AppendUint16(append(dst, encInt16), uint16(v))
	}
	return binary.LittleEndian.AppendUint32(append(dst, encInt32), uint32(v))
}
