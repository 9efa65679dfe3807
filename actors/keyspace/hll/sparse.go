package hll

import (
	"fmt"
	"slices"
)

const (
	maxSparseValue = 32
	maxValueRun    = 4
	maxShortZeros  = 64

	valueBit = 0x80
	longBit  = 0x40
)

// nextRun reads the run that b begins with: n registers of a value, in width
// bytes. The width is 0 if b is cut off in the middle of it. REQUIRES: b is not empty.
func nextRun(b []byte) (value uint8, n, width int) {
	switch head := b[0]; {
	case head&valueBit != 0:
		return head>>2&0x1f + 1, int(head&3) + 1, 1
	case head&longBit == 0:
		return 0, int(head) + 1, 1
	case len(b) < 2:
		return 0, 0, 0
	default:
		return 0, int(head&^longBit)<<8 + int(b[1]) + 1, 2
	}
}

// appendRun appends the run of n registers of a value, nothing if n is 0.
// REQUIRES: n <= maxValueRun unless the value is 0.
func appendRun(dst []byte, value uint8, n int) []byte {
	switch {
	case n == 0:
		return dst
	case value > 0:
		return append(dst, valueBit|(value-1)<<2|uint8(n-1))
	case n > maxShortZeros:
		return append(dst, longBit|uint8((n-1)>>8), uint8(n-1))
	}
	return append(dst, uint8(n-1))
}

// mergeRuns is Merge of sparse registers.
func (r *Registers) mergeRuns(b []byte) bool {
	i := 0
	for len(b) > 0 {
		value, n, width := nextRun(b)
		if width == 0 || n > Count-i {
			return false
		}
		if value > 0 {
			for k := range n {
				r[i+k] = max(r[i+k], value)
			}
		}
		i, b = i+n, b[width:]
	}
	return i == Count
}

// appendRuns appends the registers as runs; ok is false if the sketch would be
// longer than maxSparse bytes, or a value is too high for a run.
func (r *Registers) appendRuns(dst []byte, maxSparse int) (_ []byte, ok bool) {
	for i := 0; i < Count; {
		value, n := r[i], 1
		for i+n < Count && r[i+n] == value && (value == 0 || n < maxValueRun) {
			n++
		}
		if value > maxSparseValue {
			return nil, false
		}
		if dst = appendRun(dst, value, n); len(dst) > maxSparse {
			return nil, false
		}
		i += n
	}
	return dst, true
}

// countRuns counts the registers of runs; it stops at a count that is wrong.
func countRuns(b []byte) (count int) {
	for len(b) > 0 && count <= Count {
		_, n, width := nextRun(b)
		if width == 0 {
			return 0
		}
		count, b = count+n, b[width:]
	}
	return count
}

// run is a run of a sketch: n registers of a value, from first on.
type run struct {
	value    uint8
	first, n int
	at       int // its place in the sketch
	width    int // its bytes
	before   int // the place of the run before it, its own if it is the first
}

// findRun returns the run that a register is in. REQUIRES: Valid(b).
func findRun(b []byte, register int) run {
	r := run{at: headerSize, before: headerSize}
	for {
		r.value, r.n, r.width = nextRun(b[r.at:])
		if register < r.first+r.n {
			return r
		}
		r.before, r.at, r.first = r.at, r.at+r.width, r.first+r.n
	}
}

// setRun splits the run that a register is in, so that it has the value. ok is
// false if that does not go, or makes b longer than maxSparse.
func setRun(b []byte, register int, value uint8, maxSparse int) (_ []byte, ok bool) {
	if value > maxSparseValue {
		return nil, false
	}
	r := findRun(b, register)
	var room [5]byte
	split := appendRun(room[:0], r.value, register-r.first)
	split = appendRun(split, value, 1)
	split = appendRun(split, r.value, r.first+r.n-1-register)
	if longer := len(split) - r.width; longer > 0 && len(b)+longer > maxSparse {
		return nil, false
	}
	b = slices.Replace(b, r.at, r.at+r.width, split...)
	return joinRuns(b, r.before), true
}

// joinRuns joins neighbours of the same value among the few runs from at on,
// which a split may have made.
func joinRuns(b []byte, at int) []byte {
	for range 5 {
		if at+1 >= len(b) {
			break
		}
		value, n, width := nextRun(b[at:])
		if value > 0 {
			if next, more, _ := nextRun(b[at+1:]); next == value && n+more <= maxValueRun {
				appendRun(b[:at], value, n+more)
				b = slices.Delete(b, at+1, at+2)
				continue
			}
		}
		at += width
	}
	return b
}

// AppendText appends the runs of a sparse sketch for people to read: z and Z are
// runs of zeros, of one byte and of two, v of another value.
func AppendText(dst, sketch []byte) []byte {
	from := len(dst)
	for b := sketch[headerSize:]; len(b) > 0; {
		value, n, width := nextRun(b)
		switch {
		case width == 0:
			return dst
		case value > 0:
			dst = fmt.Appendf(dst, " v:%d,%d", value, n)
		case width == 1:
			dst = fmt.Appendf(dst, " z:%d", n)
		default:
			dst = fmt.Appendf(dst, " Z:%d", n)
		}
		b = b[width:]
	}
	return slices.Delete(dst, from, min(from+1, len(dst)))
}
