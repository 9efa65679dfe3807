package hll

import "encoding/binary"

const (
	// Count is how many registers there are.
	Count = 1 << indexBits

	indexBits = 14
	// maxRun is the largest value that the hash of an element gives.
	maxRun = 64 - indexBits + 1

	magic      = "HYLL"
	headerSize = 16
	denseSize  = headerSize + Count*registerBits/8

	encodingAt   = 4
	estimateAt   = 8
	dense        = 0
	sparse       = 1
	invalidCache = 1 << 63
)

// Registers are the registers of a sketch, or of several that are merged.
type Registers [Count]uint8

// New returns an empty sketch, sparse, whose estimate is not noted.
func New() []byte { return appendRun(header(sparse, headerSize), 0, Count) }

// header returns the beginning of a sketch, and zeros up to size.
func header(encoding byte, size int) []byte {
	b := make([]byte, size)
	copy(b, magic)
	b[encodingAt] = encoding
	Invalidate(b)
	return b
}

// Is tells whether b looks like a sketch, from its header and size.
func Is(b []byte) bool {
	if len(b) < headerSize || string(b[:len(magic)]) != magic || b[encodingAt] > sparse {
		return false
	}
	return b[encodingAt] == sparse || len(b) == denseSize
}

// Dense tells how a sketch is encoded. REQUIRES: Is(b).
func Dense(b []byte) bool { return b[encodingAt] == dense }

// Noted returns the estimate that stands in a sketch, if one does. REQUIRES: Is(b).
func Noted(b []byte) (n uint64, ok bool) {
	n = binary.LittleEndian.Uint64(b[estimateAt:])
	return n, n&invalidCache == 0
}

// Invalidate marks the estimate that stands in a sketch as out of date.
// REQUIRES: Is(b).
func Invalidate(b []byte) { b[headerSize-1] |= invalidCache >> 56 }

// Merge raises the registers to those of b. It is false, and they are undefined,
// if b is not valid. REQUIRES: Is(b).
func (r *Registers) Merge(b []byte) bool {
	if Dense(b) {
		r.mergeDense(b[headerSize:])
		return true
	}
	return r.mergeRuns(b[headerSize:])
}

// Valid tells whether the registers of a sketch can be read and changed. Dense
// ones always can. REQUIRES: Is(b).
func Valid(b []byte) bool { return Dense(b) || countRuns(b[headerSize:]) == Count }

// Raises tells whether a register of b is lower than value. REQUIRES: Valid(b).
func Raises(b []byte, register int, value uint8) bool {
	if Dense(b) {
		return getDense(b[headerSize:], register) < value
	}
	return findRun(b, register).value < value
}

// Set raises a register of b to value and returns b, which may have moved, with
// its estimate marked as out of date. A sketch that would have to be longer than
// maxSparse bytes, or cannot hold the value, becomes dense.
// REQUIRES: Raises(b, register, value).
func Set(b []byte, register int, value uint8, maxSparse int) []byte {
	if !Dense(b) {
		if longer, ok := setRun(b, register, value, maxSparse); ok {
			Invalidate(longer)
			return longer
		}
		b = MakeDense(b)
	}
	setDense(b[headerSize:], register, value)
	Invalidate(b)
	return b
}

// MakeDense returns a dense copy of b with the same registers and estimate.
// REQUIRES: Valid(b).
func MakeDense(b []byte) []byte {
	var r Registers
	r.Merge(b)
	out := r.Encode(true, 0)
	copy(out[estimateAt:headerSize], b[estimateAt:])
	return out
}

// Encode returns a sketch of the registers, whose estimate is not noted: a sparse
// one unless dense is asked for, or it would be longer than maxSparse bytes.
func (r *Registers) Encode(asDense bool, maxSparse int) []byte {
	if !asDense {
		if b, ok := r.appendRuns(header(sparse, headerSize), maxSparse); ok {
			return b
		}
	}
	b := header(dense, denseSize)
	for i, value := range r {
		if value != 0 {
			setDense(b[headerSize:], i, value)
		}
	}
	return b
}
