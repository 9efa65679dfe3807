package keyspace

import "slices"

const errBitOffset = "ERR bit offset is not an integer or out of range"

// bitOffset reads an argument as the position of a bit that a string may have;
// ok is false, and it has answered, if it is none. With a width, "#n" is the
// position of the n-th field of so many bits.
func (s *State) bitOffset(c *call, arg []byte, width int64) (offset int64, ok bool) {
	scale := int64(1)
	if width > 0 && len(arg) > 0 && arg[0] == '#' {
		arg, scale = arg[1:], width
	}
	n, ok := parseInt(arg)
	if !ok || n < 0 || n > (8*int64(s.maxValue)-1)/scale {
		c.W.Error(errBitOffset)
		return 0, false
	}
	return n * scale, true
}

// textToRead returns the bytes of a string for a command that does not change it,
// none if there is no such key. ok is false, and it has answered, if that is no
// string.
func (s *State) textToRead(c *call, key []byte) (text []byte, ok bool) {
	e := s.read(key)
	if e == nil || !c.isString(e) {
		return nil, e == nil
	}
	return e.text(c.num[:]), true
}

// extend makes a string ready to be changed in place, and at least n bytes long;
// it is true if the string was shorter, or no such key was there.
func (e *entry) extend(n int64) bool {
	e.makeRaw()
	from := len(e.data())
	if n <= int64(from) {
		return false
	}
	e.own(slices.Grow(e.data(), int(n)-from)[:n])
	clear(e.data()[from:])
	return true
}

// bitAt returns a bit of b; what is behind the end is zero.
func bitAt(b []byte, offset int64) byte {
	if offset/8 >= int64(len(b)) {
		return 0
	}
	return b[offset/8] >> (7 - offset%8) & 1
}

// getbit is GETBIT key offset.
func getbit(s *State, c *call) {
	offset, ok := s.bitOffset(c, c.Args[2], 0)
	if !ok {
		return
	}
	if text, ok := s.textToRead(c, c.Args[1]); ok {
		c.W.Int(int64(bitAt(text, offset)))
	}
}

// setbit is SETBIT key offset bit.
func setbit(s *State, c *call) {
	offset, ok := s.bitOffset(c, c.Args[2], 0)
	if !ok {
		return
	}
	bit, ok := parseInt(c.Args[3])
	if !ok || bit != 0 && bit != 1 {
		c.W.Error("ERR bit is not an integer or out of range")
		return
	}
	p := s.write(c.Args[1])
	if !c.isString(p.e) {
		return
	}
	if p.e.hasBit(offset, byte(bit)) {
		c.W.Int(bit)
		return
	}
	e, size := s.upsert(&p)
	grown := e.extend(offset/8 + 1)
	old := bitAt(e.data(), offset)
	if mask := byte(1) << (7 - offset%8); old != byte(bit) {
		e.data()[offset/8] ^= mask
	}
	s.resized(e, size)
	if grown || old != byte(bit) {
		s.notify(EventString, "setbit", e.name())
	}
	c.W.Int(int64(old))
}

// hasBit tells that to set a bit would change nothing at all.
func (e *entry) hasBit(offset int64, bit byte) bool {
	return e != nil && e.enc == encRaw && offset/8 < int64(len(e.data())) && bitAt(e.data(), offset) == bit
}
