package keyspace

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/troupedb/troupe/wire/resp"
)

// bitRange is what BITCOUNT and BITPOS look at: the bits from first up to end.
type bitRange struct{ first, end int64 }

func allBits(b []byte) bitRange { return bitRange{0, 8 * int64(len(b))} }

// bitsBetween turns the ends of a range, which count units of bits, from behind
// the last one of b if negative, and belong to the range, into one of bits.
func bitsBetween(b []byte, start, end, unit int64) bitRange {
	n := 8 * int64(len(b)) / unit
	if start < 0 {
		start = max(start+n, 0)
	}
	if end < 0 {
		end = max(end+n, 0)
	}
	end = min(end, n-1)
	if start > end {
		return bitRange{}
	}
	return bitRange{start * unit, (end + 1) * unit}
}

// bitUnit reads "[BIT|BYTE]" as how many bits the unit has; ok is false, and it
// has answered, if it is something else.
func (c *call) bitUnit(args [][]byte) (unit int64, ok bool) {
	switch {
	case len(args) == 0 || resp.Is(args[0], "byte"):
		return 8, true
	case resp.Is(args[0], "bit"):
		return 1, true
	}
	c.W.Error(errSyntax)
	return 0, false
}

// bitcount is BITCOUNT key [start end [BIT|BYTE]].
func bitcount(s *State, c *call) {
	e := s.read(c.Args[1])
	if e == nil {
		c.W.Int(0)
		return
	}
	if !c.isString(e) {
		return
	}
	text := e.text(c.num[:])
	if r, ok := c.countRange(text); ok {
		c.W.Int(r.count(text))
	}
}

// countRange reads which bits of b BITCOUNT is to count; ok is false, and it has
// answered, if that is wrong.
func (c *call) countRange(b []byte) (r bitRange, ok bool) {
	args := c.Args[2:]
	if len(args) == 0 {
		return allBits(b), true
	}
	if len(args) == 1 || len(args) > 3 {
		c.W.Error(errSyntax)
		return r, false
	}
	start, ok := c.int(args[0])
	if !ok {
		return r, false
	}
	end, ok := c.int(args[1])
	if !ok {
		return r, false
	}
	if start < 0 && end < 0 && start > end { // empty also where both are before the first bit
		return r, true
	}
	unit, ok := c.bitUnit(args[2:])
	if !ok {
		return r, false
	}
	return bitsBetween(b, start, end, unit), true
}

// count counts the bits of b that are set.
func (r bitRange) count(b []byte) (n int64) {
	if r.first == r.end {
		return 0
	}
	b = b[r.first/8 : (r.end+7)/8]
	n -= int64(bits.OnesCount8(b[0] &^ firstMask(r.first)))
	n -= int64(bits.OnesCount8(b[len(b)-1] &^ lastMask(r.end)))
	for ; len(b) >= 8; b = b[8:] {
		n += int64(bits.OnesCount64(binary.LittleEndian.Uint64(b)))
	}
	for _, v := range b {
		n += int64(bits.OnesCount8(v))
	}
	return n
}

// firstMask and lastMask have those bits of the first and the last byte of a
// range that belong to it.
func firstMask(first int64) byte { return 0xff >> (first & 7) }
func lastMask(end int64) byte    { return 0xff << (-end & 7) }

// bitpos is BITPOS key bit [start [end [BIT|BYTE]]].
func bitpos(s *State, c *call) {
	bit, ok := c.int(c.Args[2])
	if !ok {
		return
	}
	if bit != 0 && bit != 1 {
		c.W.Error("ERR The bit argument must be 1 or 0.")
		return
	}
	e := s.read(c.Args[1])
	if e == nil { // zeros without end
		c.W.Int(-bit)
		return
	}
	if !c.isString(e) {
		return
	}
	text := e.text(c.num[:])
	r, open, ok := c.searchRange(text)
	if !ok {
		return
	}
	pos := r.find(text, byte(bit))
	if pos < 0 && bit == 0 && open {
		pos = r.end
	}
	c.W.Int(pos)
}

// searchRange reads which bits of b BITPOS is to look at. It is open if zeros
// follow it: it is not empty, and no end was named. ok is false, and it has
// answered, if an argument is wrong.
func (c *call) searchRange(b []byte) (r bitRange, open, ok bool) {
	args := c.Args[3:]
	if len(args) == 0 {
		return allBits(b), len(b) > 0, true
	}
	if len(args) > 3 {
		c.W.Error(errSyntax)
		return r, false, false
	}
	start, ok := c.int(args[0])
	if !ok {
		return r, false, false
	}
	if len(args) == 1 {
		r = bitsBetween(b, start, math.MaxInt64, 8)
		return r, r.first < r.end, true
	}
	unit, ok := c.bitUnit(args[2:])
	if !ok {
		return r, false, false
	}
	end, ok := c.int(args[1])
	return bitsBetween(b, start, end, unit), false, ok
}

// find returns the position of the first such bit of b, -1 if there is none.
func (r bitRange) find(b []byte, bit byte) int64 {
	if r.first == r.end {
		return -1
	}
	flip := byte(bit) - 1 // makes a 1 of what is looked for
	first, last := r.first/8, (r.end-1)/8
	for i := first; i <= last; i++ {
		for i > first && i+8 <= last && binary.LittleEndian.Uint64(b[i:]) == -uint64(flip&1) {
			i += 8
		}
		v := b[i] ^ flip
		if i == first {
			v &= firstMask(r.first)
		}
		if i == last {
			v &= lastMask(r.end)
		}
		if v != 0 {
			return i*8 + int64(bits.LeadingZeros8(v))
		}
	}
	return -1
}
