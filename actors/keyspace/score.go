package keyspace

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"

	"github.com/troupedb/troupe/wire/resp"
)

// scoreSize is what a score takes in an item.
const scoreSize = 8

// scoreKey turns a score into a number of the same order. Minus zero counts as zero.
func scoreKey(score float64) uint64 {
	key := math.Float64bits(score + 0)
	if key>>63 != 0 {
		return ^key
	}
	return key | 1<<63
}

func scoreOf(key uint64) float64 {
	if key>>63 != 0 {
		return math.Float64frombits(key &^ (1 << 63))
	}
	return math.Float64frombits(^key)
}

// appendScore appends a score so that the order of bytes is that of scores.
func appendScore(dst []byte, score float64) []byte {
	return binary.BigEndian.AppendUint64(dst, scoreKey(score))
}

// readScore reads what appendScore wrote.
func readScore(b []byte) float64 { return scoreOf(binary.BigEndian.Uint64(b)) }

// parseFloat reads a number as C's strtod does, and nothing around it. It refuses
// nan, and numbers too large or, but for zero, too small to be told from it.
func parseFloat(b []byte) (float64, bool) {
	v, rest, lost := scanFloat(b)
	return v, len(b) > 0 && len(rest) == 0 && !lost
}

// scanFloat reads the whole of b as a number; if it is none rest is not empty.
// lost tells that the number is out of the range of floats, and v infinite or zero.
func scanFloat(b []byte) (v float64, rest []byte, lost bool) {
	text := b
	if bytes.IndexByte(b, '_') >= 0 { // Go would take it
		return 0, b, false
	}
	if isHex(b) && !bytes.ContainsAny(b, "pP") {
		text = append(bytes.Clone(b), "p0"...)
	}
	v, err := strconv.ParseFloat(string(text), 64)
	switch {
	case math.IsNaN(v) || err != nil && !math.IsInf(v, 0):
		return 0, b, false
	case err != nil:
		return v, nil, true
	}
	return v, nil, v == 0 && hasDigits(b)
}

// scanLoose reads a number as those do who look no further than strtod does: up to a zero byte, behind
// spaces, out of range, and nothing at all for zero.
func scanLoose(b []byte) (v float64, ok, lost bool) {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	if len(b) == 0 {
		return 0, true, false
	}
	b = bytes.TrimLeft(b, " \t\n\v\f\r")
	v, rest, lost := scanFloat(b)
	return v, len(b) > 0 && len(rest) == 0, lost
}

// isHex tells whether the text of a number is hexadecimal.
func isHex(b []byte) bool {
	b = withoutSign(b)
	return len(b) > 1 && resp.Is(b[:2], "0x")
}

func withoutSign(b []byte) []byte {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		return b[1:]
	}
	return b
}

// hasDigits tells whether the text of a number has a digit that is not zero
// before its exponent.
func hasDigits(b []byte) bool {
	b = withoutSign(b)
	if isHex(b) {
		mantissa, _, _ := bytes.Cut(bytes.ToLower(b[2:]), []byte("p"))
		return bytes.ContainsAny(mantissa, "123456789abcdef")
	}
	mantissa, _, _ := bytes.Cut(bytes.ToLower(b), []byte("e"))
	return bytes.ContainsAny(mantissa, "123456789")
}

// float reads an argument as a number, or answers with text that it is none.
func (c *call) float(arg []byte, text string) (float64, bool) {
	v, ok := parseFloat(arg)
	if !ok {
		c.W.Error(text)
	}
	return v, ok
}

// appendLongScore appends a score with 17 digits, as Redis writes it where it
// takes it for a long double.
func appendLongScore(dst []byte, score float64) []byte {
	if math.IsInf(score, 0) {
		return resp.AppendDouble(dst, score)
	}
	return strconv.AppendFloat(dst, score, 'g', 17, 64)
}
