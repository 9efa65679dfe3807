package keyspace

import (
	"encoding/binary"

	"github.com/troupedb/troupe/wire/resp"
)

// bitwise combines eight bytes of two strings.
type bitwise func(a, b uint64) uint64

var bitwiseOps = []struct {
	name string
	op   bitwise
}{
	{"and", func(a, b uint64) uint64 { return a & b }},
	{"or", func(a, b uint64) uint64 { return a | b }},
	{"xor", func(a, b uint64) uint64 { return a ^ b }},
	{"not", func(a, _ uint64) uint64 { return ^a }},
}

// bitop is BITOP AND|OR|XOR|NOT destination key [key …].
func bitop(s *State, c *call) {
	var op bitwise
	for _, o := range bitwiseOps {
		if resp.Is(c.Args[1], o.name) {
			op = o.op
		}
	}
	if op == nil {
		c.W.Error(errSyntax)
		return
	}
	not := resp.Is(c.Args[1], "not")
	if not && len(c.Args) != 4 {
		c.W.Error("ERR BITOP NOT must be called with a single source key.")
		return
	}
	texts, longest, ok := s.texts(c, c.Args[3:])
	if !ok {
		return
	}
	if not {
		texts = append(texts, nil)
	}
	s.storeText(c.Args[2], combineAll(texts, longest, op))
	c.W.Int(int64(longest))
}

// texts returns the bytes of strings that are only read, and the length of the
// longest. ok is false, and it has answered, if one of them is no string.
func (s *State) texts(c *call, keys [][]byte) (texts [][]byte, longest int, ok bool) {
	texts = make([][]byte, len(keys))
	for i, key := range keys {
		e := s.read(key)
		if !c.isString(e) {
			return nil, 0, false
		}
		if e != nil {
			texts[i] = e.text(nil)
		}
		longest = max(longest, len(texts[i]))
	}
	return texts, longest, true
}

// combineAll combines all texts, each followed by zeros up to n bytes, in order.
func combineAll(texts [][]byte, n int, op bitwise) []byte {
	out := make([]byte, n)
	copy(out, texts[0])
	for _, text := range texts[1:] {
		combine(out, text, op)
	}
	return out
}

// combine makes each byte of dst what op makes of it and the one of src, which is
// followed by zeros.
func combine(dst, src []byte, op bitwise) {
	i := 0
	for ; i+8 <= len(src); i += 8 {
		v := op(binary.LittleEndian.Uint64(dst[i:]), binary.LittleEndian.Uint64(src[i:]))
		binary.LittleEndian.PutUint64(dst[i:], v)
	}
	for ; i < len(src); i++ {
		dst[i] = byte(op(uint64(dst[i]), uint64(src[i])))
	}
	for ; i+8 <= len(dst); i += 8 {
		binary.LittleEndian.PutUint64(dst[i:], op(binary.LittleEndian.Uint64(dst[i:]), 0))
	}
	for ; i < len(dst); i++ {
		dst[i] = byte(op(uint64(dst[i]), 0))
	}
}

// storeText gives a key a string that it then owns, and no time to live; without
// bytes the key is deleted.
func (s *State) storeText(key, text []byte) {
	p := s.write(key)
	switch {
	case len(text) > 0:
		s.setValue(&p, stringValue(text, encRaw), 0)
		s.notify(EventString, "set", p.e.name())
	case p.e != nil:
		name := p.e.name()
		s.remove(p.e)
		s.notify(EventGeneric, "del", name)
	}
}
