package hll

import (
	"encoding/binary"
	"math/bits"
)

// Place returns the register that an element belongs to, and the value that it
// must have at least.
func Place(element []byte) (register int, value uint8) {
	h := hash(element)
	run := bits.TrailingZeros64(h>>indexBits | 1<<(64-indexBits))
	return int(h & (Count - 1)), uint8(run + 1)
}

// hash is MurmurHash2 in its version for 64-bit machines, by Austin Appleby, with
// the seed that Redis takes.
func hash(b []byte) uint64 {
	const (
		seed = uint64(0xadc83b19)
		m    = uint64(0xc6a4a7935bd1e995)
		r    = 47
	)
	h := seed ^ uint64(len(b))*m
	for ; len(b) >= 8; b = b[8:] {
		k := binary.LittleEndian.Uint64(b) * m
		k ^= k >> r
		h = (h ^ k*m) * m
	}
	if len(b) > 0 {
		var tail [8]byte
		copy(tail[:], b)
		h = (h ^ binary.LittleEndian.Uint64(tail[:])) * m
	}
	h = (h ^ h>>r) * m
	return h ^ h>>r
}
