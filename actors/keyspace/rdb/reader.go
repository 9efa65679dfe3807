package rdb

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
)

// ErrFormat says that bytes are not in the format.
var ErrFormat = errors.New("rdb: bad format")

// Reader reads a value.
type Reader struct {
	b       []byte
	budget  int // how many bytes may still come out of compressed strings
	longest int
	err     error
}

// NewReader returns a Reader of b for strings up to longest bytes, and compressed ones up to budget bytes together.
func NewReader(b []byte, longest, budget int) *Reader {
	return &Reader{b: b, longest: longest, budget: budget}
}

// Err returns ErrFormat if anything that was read was bad.
func (r *Reader) Err() error { return r.err }

// Left returns how many bytes were not read yet.
func (r *Reader) Left() int { return len(r.b) }

// Fail makes the reader fail: what was read is no value.
func (r *Reader) Fail() { r.err, r.b = ErrFormat, nil }

// Take reads n bytes, nil if there are not so many.
func (r *Reader) Take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.Fail()
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

// Byte reads a byte.
func (r *Reader) Byte() byte {
	if b := r.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// Uint64 reads eight bytes, the lowest first.
func (r *Reader) Uint64() uint64 {
	if b := r.Take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Len reads a length.
func (r *Reader) Len() uint64 {
	n, form := r.head()
	if form != 0 {
		r.Fail()
		return 0
	}
	return n
}

// Count reads how many things follow, each of which takes a byte at least.
func (r *Reader) Count() int {
	n := r.Len()
	if n > uint64(len(r.b)) {
		r.Fail()
		return 0
	}
	return int(n)
}

// head reads a length, or the form of a string.
func (r *Reader) head() (n uint64, form byte) {
	first := r.Byte()
	switch first & encoded {
	case len6:
		return uint64(first), 0
	case len14:
		return uint64(first&^encoded)<<8 | uint64(r.Byte()), 0
	case encoded:
		return 0, first
	}
	switch first {
	case len32:
		if b := r.Take(4); b != nil {
			return uint64(binary.BigEndian.Uint32(b)), 0
		}
	case len64:
		if b := r.Take(8); b != nil {
			return binary.BigEndian.Uint64(b), 0
		}
	default:
		r.Fail()
	}
	return 0, 0
}

// String reads a string.
func (r *Reader) String() []byte {
	n, form := r.head()
	switch form {
	case 0:
		if n > uint64(r.longest) {
			r.Fail()
			return nil
		}
		return r.Take(int(n))
	case encInt8:
		return r.integer(int64(int8(r.Byte())))
	case encInt16:
		if b := r.Take(2); b != nil {
			return r.integer(int64(int16(binary.LittleEndian.Uint16(b))))
		}
	case encInt32:
		if b := r.Take(4); b != nil {
			return r.integer(int64(int32(binary.LittleEndian.Uint32(b))))
		}
	case encLZF:
		return r.compressed()
	default:
		r.Fail()
	}
	return nil
}

func (r *Reader) integer(v int64) []byte { return strconv.AppendInt(nil, v, 10) }

// compressed reads a compressed string: how long it is, how long it becomes, and its bytes.
func (r *Reader) compressed() []byte {
	packed, size := r.Len(), r.Len()
	if packed > uint64(len(r.b)) || size > uint64(min(r.longest, r.budget)) {
		r.Fail()
		return nil
	}
	s, ok := unpack(r.Take(int(packed)), int(size))
	if !ok {
		r.Fail()
	}
	r.budget -= len(s)
	return s
}

// Float reads eight bytes as a number.
func (r *Reader) Float() float64 { return math.Float64frombits(r.Uint64()) }

// FloatText reads a number as it was written before version 8: its length and its text, or one byte for those
// that have none.
func (r *Reader) FloatText() float64 {
	switch n := r.Byte(); n {
	case 253:
		return math.NaN()
	case 254:
		return math.Inf(1)
	case 255:
		return math.Inf(-1)
	default:
		v, err := strconv.ParseFloat(string(r.Take(int(n))), 64)
		if err != nil {
			r.Fail()
		}
		return v
	}
}
