package keyspace

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
)

// streamID names an entry of a stream: milliseconds, and a number among the
// entries of the same one.
type streamID struct{ ms, seq uint64 }

var lastStreamID = streamID{math.MaxUint64, math.MaxUint64}

const errStreamID = "ERR Invalid stream ID specified as stream command argument"

// idSize is what an id takes in an item.
const idSize = 16

// appendID appends id so that the order of bytes is that of ids.
func appendID(dst []byte, id streamID) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, id.ms), id.seq)
}

// readID reads what appendID wrote. REQUIRES: b is that long.
func readID(b []byte) streamID {
	return streamID{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

// appendShortID is appendID for what there is most of: each number takes the bytes that it needs, and one that tells how
// many. No short id is the beginning of another one.
func appendShortID(dst []byte, id streamID) []byte {
	return appendShort(appendShort(dst, id.ms), id.seq)
}

func appendShort(dst []byte, n uint64) []byte {
	size := (bits.Len64(n) + 7) / 8
	dst = append(dst, byte(size))
	for i := size - 1; i >= 0; i-- {
		dst = append(dst, byte(n>>(8*i)))
	}
	return dst
}

// cutShortID cuts what appendShortID wrote off b.
func cutShortID(b []byte) (id streamID, rest []byte) {
	id.ms, b = cutShort(b)
	id.seq, b = cutShort(b)
	return id, b
}

func cutShort(b []byte) (n uint64, rest []byte) {
	end := 1 + int(b[0])
	for _, c := range b[1:end] {
		n = n<<8 | uint64(c)
	}
	return n, b[end:]
}

func (id streamID) compare(o streamID) int {
	if c := cmp.Compare(id.ms, o.ms); c != 0 {
		return c
	}
	return cmp.Compare(id.seq, o.seq)
}

func (id streamID) less(o streamID) bool { return id.compare(o) < 0 }

// next returns the id behind id; ok is false if there is none.
func (id streamID) next() (_ streamID, ok bool) {
	if id.seq++; id.seq == 0 {
		id.ms++
	}
	return id, id != streamID{}
}

// previous returns the id before id; ok is false if there is none.
func (id streamID) previous() (_ streamID, ok bool) {
	if id.seq--; id.seq == math.MaxUint64 {
		id.ms--
	}
	return id, id != lastStreamID
}

func (id streamID) appendText(dst []byte) []byte {
	dst = append(strconv.AppendUint(dst, id.ms, 10), '-')
	return strconv.AppendUint(dst, id.seq, 10)
}

// id answers an id.
func (c *call) id(id streamID) {
	var text [41]byte
	c.W.Bulk(id.appendText(text[:0]))
}

// parseID reads "ms-seq", or "ms" alone with a sequence of its own.
func parseID(arg []byte, seq uint64) (id streamID, ok bool) {
	ms, rest, both := bytes.Cut(arg, []byte("-"))
	if id.ms, ok = parseUint(ms); !ok {
		return id, false
	}
	if id.seq = seq; both {
		id.seq, ok = parseUint(rest)
	}
	return id, ok
}

// parseUint reads an integer that is not negative, as loosely as C's strtoull,
// which Redis leaves it to.
func parseUint(b []byte) (uint64, bool) {
	return parseDigits(bytes.TrimPrefix(bytes.TrimLeft(b, " \t\n\v\f\r"), []byte("+")))
}

// strictID reads an argument as an id; ok is false, and it has answered, if it is
// none. Without a sequence it is the first of its millisecond.
func (c *call) strictID(arg []byte) (id streamID, ok bool) {
	if id, ok = parseID(arg, 0); !ok {
		c.W.Error(errStreamID)
	}
	return id, ok
}

// strictIDs reads several.
func (c *call) strictIDs(args [][]byte) (ids []streamID, ok bool) {
	ids = make([]streamID, len(args))
	for i, arg := range args {
		if ids[i], ok = c.strictID(arg); !ok {
			return nil, false
		}
	}
	return ids, true
}

// looseID reads an id, of which - is the first and + the last one there can be.
func (c *call) looseID(arg []byte, seq uint64) (id streamID, ok bool) {
	switch string(arg) {
	case "-":
		return streamID{}, true
	case "+":
		return lastStreamID, true
	}
	if id, ok = parseID(arg, seq); !ok {
		c.W.Error(errStreamID)
	}
	return id, ok
}

// idRange is a range of ids, both ends included.
type idRange struct{ first, last streamID }

// idRange reads the ends of a range, each of which a "(" leaves out. ok is false,
// and it has answered, if they are wrong.
func (c *call) idRange(first, last []byte) (r idRange, ok bool) {
	if r.first, ok = c.rangeStart(first); !ok {
		return r, false
	}
	open := len(last) > 1 && last[0] == '('
	if !open {
		r.last, ok = c.looseID(last, math.MaxUint64)
		return r, ok
	}
	id, ok := parseID(last[1:], math.MaxUint64)
	if !ok {
		c.W.Error(errStreamID)
		return r, false
	}
	if r.last, ok = id.previous(); !ok {
		c.W.Error("ERR invalid end ID for the interval")
	}
	return r, ok
}

// rangeStart reads the first end of a range.
func (c *call) rangeStart(arg []byte) (id streamID, ok bool) {
	if len(arg) < 2 || arg[0] != '(' {
		return c.looseID(arg, 0)
	}
	if id, ok = c.strictID(arg[1:]); !ok {
		return id, false
	}
	if id, ok = id.next(); !ok {
		c.W.Error("ERR invalid start ID for the interval")
	}
	return id, ok
}
