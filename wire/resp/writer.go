package resp

import (
	"strconv"
)

// Writer builds replies in a byte slice. The zero value writes RESP2 to a new slice.
type Writer struct {
	buf     []byte
	proto3  bool
	discard bool
	errors  int
	limit   int  // of len(buf) for strings; 0: none
	over    bool // a string did not fit
}

// Reset makes the writer append to buf in the given protocol version (2 or 3).
func (w *Writer) Reset(buf []byte, proto int) {
	*w = Writer{buf: buf, proto3: proto == 3}
}

// SetProto changes the protocol version for what follows.
func (w *Writer) SetProto(proto int) { w.proto3 = proto == 3 }

// Proto is the protocol version, 2 or 3.
func (w *Writer) Proto() int {
	if w.proto3 {
		return 3
	}
	return 2
}

// Bytes is what was written, with what Reset was given at its head.
func (w *Writer) Bytes() []byte { return w.buf }

// Len is the length of Bytes.
func (w *Writer) Len() int { return len(w.buf) }

// Truncate takes back what was written after the first n bytes.
func (w *Writer) Truncate(n int) { w.buf, w.over = w.buf[:n], false }

// SetLimit makes strings be left out with which Bytes would be longer than n; 0 is no limit. Overflowed tells
// whether one was: what was written is no whole reply then, and is to be taken back.
func (w *Writer) SetLimit(n int) { w.limit = n }

// Overflowed reports whether a string was left out since Reset or Truncate.
func (w *Writer) Overflowed() bool { return w.over }

// full reports whether n more bytes are too many.
func (w *Writer) full(n int) bool {
	if w.limit == 0 || len(w.buf)+n <= w.limit {
		return false
	}
	w.over = true
	return true
}

// SetDiscard turns all methods into no-ops, for replies that nobody waits for.
func (w *Writer) SetDiscard(discard bool) { w.discard = discard }

// Discarding reports what SetDiscard set.
func (w *Writer) Discarding() bool { return w.discard }

// Errors counts the calls of Error since Reset; discarded ones count too.
func (w *Writer) Errors() int { return w.errors }

// Simple writes a status. The text must not come from outside.
func (w *Writer) Simple(s string) { w.textLine('+', s) }

// OK writes the status OK.
func (w *Writer) OK() { w.textLine('+', "OK") }

// Error writes an error reply. The line begins with the error code; what would end it early is
// replaced by spaces.
func (w *Writer) Error(line string) {
	w.errors++
	if w.discard {
		return
	}
	w.buf = append(w.buf, '-')
	from := len(w.buf)
	w.buf = append(w.buf, line...)
	for i := from; i < len(w.buf); i++ {
		if c := w.buf[i]; c == '\r' || c == '\n' || c == 0 {
			w.buf[i] = ' '
		}
	}
	w.buf = append(w.buf, '\r', '\n')
}

// Int writes an integer.
func (w *Writer) Int(v int64) { w.number(':', v) }

// Bulk writes a string of any bytes. nil is the empty string, not null.
func (w *Writer) Bulk(b []byte) {
	if w.discard || w.full(len(b)) {
		return
	}
	w.number('$', int64(len(b)))
	w.buf = append(append(w.buf, b...), '\r', '\n')
}

// BulkString writes a string of any bytes.
func (w *Writer) BulkString(s string) {
	if w.discard || w.full(len(s)) {
		return
	}
	w.number('$', int64(len(s)))
	w.buf = append(append(w.buf, s...), '\r', '\n')
}

// Null writes the absence of a value.
func (w *Writer) Null() { w.versions("$-1\r\n", "_\r\n") }

// NullArray writes the absence of an array.
func (w *Writer) NullArray() { w.versions("*-1\r\n", "_\r\n") }

// Array writes the head of an array; n values are to follow.
func (w *Writer) Array(n int) { w.number('*', int64(n)) }

// Map writes the head of a map; n keys, each with its value, are to follow.
func (w *Writer) Map(n int) {
	if w.proto3 {
		w.number('%', int64(n))
	} else {
		w.number('*', 2*int64(n))
	}
}

// Set writes the head of a set; n values are to follow.
func (w *Writer) Set(n int) { w.aggregate('~', n) }

// Push writes the head of a message that answers no command; n values are to follow.
func (w *Writer) Push(n int) { w.aggregate('>', n) }

// Attribute writes the head of what is told beside the reply that follows; n keys, each with its value, come first.
// It is for RESP3 alone.
func (w *Writer) Attribute(n int) { w.number('|', int64(n)) }

// Bool writes a truth value.
func (w *Writer) Bool(v bool) {
	if v {
		w.versions(":1\r\n", "#t\r\n")
	} else {
		w.versions(":0\r\n", "#f\r\n")
	}
}

// Double writes a floating-point number.
func (w *Writer) Double(v float64) {
	if w.discard {
		return
	}
	var digits [maxDouble]byte
	text := AppendDouble(digits[:0], v)
	if !w.proto3 {
		w.Bulk(text)
		return
	}
	w.buf = append(append(append(w.buf, ','), text...), '\r', '\n')
}

// BigNumber writes an integer of any size, given in decimal.
func (w *Writer) BigNumber(digits string) {
	if w.proto3 {
		w.textLine('(', digits)
	} else {
		w.BulkString(digits)
	}
}

// Verbatim writes a text with its format, which is three letters such as "txt".
func (w *Writer) Verbatim(format, text string) {
	if !w.proto3 {
		w.BulkString(text)
		return
	}
	if w.discard || w.full(len(text)) {
		return
	}
	w.number('=', int64(len(text)+4))
	w.buf = append(w.buf, (format + "   ")[:3]...)
	w.buf = append(w.buf, ':')
	w.buf = append(append(w.buf, text...), '\r', '\n')
}

// Raw writes a reply that is already encoded.
func (w *Writer) Raw(b []byte) {
	if !w.discard && !w.full(len(b)) {
		w.buf = append(w.buf, b...)
	}
}

func (w *Writer) aggregate(kind3 byte, n int) {
	if w.proto3 {
		w.number(kind3, int64(n))
	} else {
		w.number('*', int64(n))
	}
}

func (w *Writer) versions(two, three string) {
	switch {
	case w.discard:
	case w.proto3:
		w.buf = append(w.buf, three...)
	default:
		w.buf = append(w.buf, two...)
	}
}

func (w *Writer) textLine(kind byte, s string) {
	if w.discard {
		return
	}
	w.buf = append(w.buf, kind)
	w.buf = append(append(w.buf, s...), '\r', '\n')
}

func (w *Writer) number(kind byte, v int64) {
	if w.discard {
		return
	}
	w.buf = append(w.buf, kind)
	w.buf = strconv.AppendInt(w.buf, v, 10)
	w.buf = append(w.buf, '\r', '\n')
}
