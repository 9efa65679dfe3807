package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// What may be wrong with the bytes; a Reader's error wraps one of these.
var (
	ErrShort    = errors.New("input ends too early")
	ErrType     = errors.New("value of another type")
	ErrLimit    = errors.New("length over the limit")
	ErrTrailing = errors.New("bytes after the last value")
)

// Reader decodes the values of a byte slice one after the other. The zero
// value reads from an empty slice; use NewReader or Reset.
type Reader struct {
	b   []byte
	pos int
	err error
}

// NewReader returns a Reader over b, which it does not copy.
func NewReader(b []byte) *Reader { return &Reader{b: b} }

// Reset makes r read from b and forgets the error.
func (r *Reader) Reset(b []byte) { *r = Reader{b: b} }

// Err returns the first failure, or nil.
func (r *Reader) Err() error { return r.err }

// Len returns the number of bytes not read yet; 0 after a failure.
func (r *Reader) Len() int { return len(r.b) - r.pos }

// Own makes the Reader go on in a copy of what is left, so that slices which it
// returns from now on stay valid when the input is overwritten.
func (r *Reader) Own() {
	if r.Len() > 0 {
		r.b, r.pos = bytes.Clone(r.b[r.pos:]), 0
	}
}

// Finish returns the first failure; bytes left over are one.
func (r *Reader) Finish() error {
	if r.err == nil && r.Len() > 0 {
		r.fail(ErrTrailing, "end")
	}
	return r.err
}

// Fail makes the Reader fail with err unless it has failed already: for a
// decoder that finds a well-formed value of forbidden content.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b, r.pos = nil, 0
}

func (r *Reader) fail(err error, want string) {
	r.Fail(fmt.Errorf("pack: reading %s at byte %d: %w", want, r.pos, err))
}

// head takes the first byte of a value.
func (r *Reader) head(want string) (byte, bool) {
	if r.pos >= len(r.b) {
		r.fail(ErrShort, want)
		return 0, false
	}
	c := r.b[r.pos]
	r.pos++
	return c, true
}

// fixed takes n bytes as a big-endian number; n is 1, 2, 4 or 8.
func (r *Reader) fixed(n int, want string) uint64 {
	if r.Len() < n {
		r.fail(ErrShort, want)
		return 0
	}
	b := r.b[r.pos : r.pos+n]
	r.pos += n
	switch n {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(b))
	case 4:
		return uint64(binary.BigEndian.Uint32(b))
	}
	return binary.BigEndian.Uint64(b)
}

// Nil takes a nil value and reports true, or takes nothing and reports false.
func (r *Reader) Nil() bool {
	if r.pos >= len(r.b) {
		r.fail(ErrShort, "nil or value")
		return false
	}
	if r.b[r.pos] != codeNil {
		return false
	}
	r.pos++
	return true
}

// Bool takes a boolean.
func (r *Reader) Bool() bool {
	c, ok := r.head("bool")
	if ok && c != codeTrue && c != codeFalse {
		r.fail(ErrType, "bool")
	}
	return c == codeTrue
}

// Float takes a 64-bit float.
func (r *Reader) Float() float64 {
	c, ok := r.head("float")
	if ok && c != codeFloat64 {
		r.fail(ErrType, "float")
		return 0
	}
	return math.Float64frombits(r.fixed(8, "float"))
}

// Uint takes an integer of any width that is not negative.
func (r *Reader) Uint() uint64 {
	if p := r.pos; p < len(r.b) && r.b[p] < 0x80 {
		r.pos = p + 1
		return uint64(r.b[p])
	}
	return r.longUint()
}

func (r *Reader) longUint() uint64 {
	const want = "unsigned integer"
	c, ok := r.head(want)
	if !ok || c < 0x80 {
		return uint64(c)
	}
	if c >= codeUint8 && c <= codeUint64 {
		return r.fixed(1<<(c-codeUint8), want)
	}
	v, ok := r.signed(c, want)
	if ok && v < 0 {
		r.fail(ErrType, want)
		return 0
	}
	return uint64(v)
}

// UintMax takes an integer of at most max.
func (r *Reader) UintMax(max uint64) uint64 {
	v := r.Uint()
	if v > max {
		r.fail(ErrLimit, "unsigned integer")
		return 0
	}
	return v
}

// Int takes an integer of any width that fits an int64.
func (r *Reader) Int() int64 {
	const want = "integer"
	c, ok := r.head(want)
	if !ok || c < 0x80 {
		return int64(c)
	}
	if c >= codeUint8 && c <= codeUint64 {
		v := r.fixed(1<<(c-codeUint8), want)
		if v > math.MaxInt64 {
			r.fail(ErrLimit, want)
			return 0
		}
		return int64(v)
	}
	v, _ := r.signed(c, want)
	return v
}

// signed takes the rest of an integer whose head c names a signed form.
func (r *Reader) signed(c byte, want string) (int64, bool) {
	switch {
	case c >= fixNegInt:
		return int64(int8(c)), true
	case c == codeInt8:
		return int64(int8(r.fixed(1, want))), true
	case c == codeInt16:
		return int64(int16(r.fixed(2, want))), true
	case c == codeInt32:
		return int64(int32(r.fixed(4, want))), true
	case c == codeInt64:
		return int64(r.fixed(8, want)), true
	}
	r.fail(ErrType, want)
	return 0, false
}

// ArrayLen takes the head of an array and returns how many values follow. It
// fails if they are more than max, or more than the bytes that remain.
func (r *Reader) ArrayLen(max int) int {
	if p := r.pos; p < len(r.b) && r.b[p]&0xf0 == fixArray {
		if n := int(r.b[p] & 0x0f); n <= min(max, len(r.b)-p-1) {
			r.pos = p + 1
			return n
		}
	}
	return r.longArrayLen(max)
}

// longArrayLen is ArrayLen for whatever is not short or not right.
func (r *Reader) longArrayLen(max int) int {
	const want = "array"
	c, ok := r.head(want)
	if !ok {
		return 0
	}
	var n uint64
	switch {
	case c&0xf0 == fixArray:
		n = uint64(c & 0x0f)
	case c == codeArray16:
		n = r.fixed(2, want)
	case c == codeArray32:
		n = r.fixed(4, want)
	default:
		r.fail(ErrType, want)
		return 0
	}
	return r.claim(n, max, want)
}

// Bytes takes a binary value of at most max bytes. The result aliases the
// input; it is empty but not nil for an empty value, and nil after a failure.
func (r *Reader) Bytes(max int) []byte {
	if p := r.pos + 2; p <= len(r.b) && r.b[p-2] == codeBin8 {
		if n := int(r.b[p-1]); n <= min(max, len(r.b)-p) {
			r.pos = p + n
			return r.b[p : p+n : p+n]
		}
	}
	return r.longBytes(max)
}

// longBytes is Bytes for whatever is not short or not right.
func (r *Reader) longBytes(max int) []byte {
	const want = "bytes"
	c, ok := r.head(want)
	if !ok {
		return nil
	}
	if c < codeBin8 || c > codeBin32 {
		r.fail(ErrType, want)
		return nil
	}
	return r.payload(r.fixed(1<<(c-codeBin8), want), max, want)
}

// String takes a string value of at most max bytes. It need not be UTF-8.
func (r *Reader) String(max int) string {
	const want = "string"
	c, ok := r.head(want)
	if !ok {
		return ""
	}
	var n uint64
	switch {
	case c&0xe0 == fixStr:
		n = uint64(c & 0x1f)
	case c >= codeStr8 && c <= codeStr32:
		n = r.fixed(1<<(c-codeStr8), want)
	default:
		r.fail(ErrType, want)
		return ""
	}
	return string(r.payload(n, max, want))
}

// payload takes the n bytes that a head announced.
func (r *Reader) payload(n uint64, max int, want string) []byte {
	k := r.claim(n, max, want)
	if r.err != nil {
		return nil
	}
	p := r.b[r.pos : r.pos+k : r.pos+k]
	r.pos += k
	return p
}

// claim believes a length if it is within the limit and backed by bytes.
func (r *Reader) claim(n uint64, max int, want string) int {
	switch {
	case r.err != nil:
		return 0
	case n > uint64(max):
		r.fail(ErrLimit, want)
		return 0
	case n > uint64(r.Len()):
		r.fail(ErrShort, want)
		return 0
	}
	return int(n)
}
