package resp

import (
	"math"
	"strconv"
)

// maxDouble bounds the text of a double: sign, leading "0.000000" or an exponent, 17 digits.
const maxDouble = 40

// AppendDouble appends v as Redis 7.2 writes doubles: the shortest digits that read back as v, as a
// plain number where that is not much longer, else with an exponent.
func AppendDouble(dst []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, "nan"...)
	case math.IsInf(v, 1):
		return append(dst, "inf"...)
	case math.IsInf(v, -1):
		return append(dst, "-inf"...)
	case v == 0 && math.Signbit(v):
		return append(dst, "-0"...)
	case math.Abs(v) <= math.MaxInt64/2 && v == math.Trunc(v):
		return strconv.AppendInt(dst, int64(v), 10)
	}
	return appendShortest(dst, v)
}

func appendShortest(dst []byte, v float64) []byte {
	var scratch [32]byte
	if v < 0 {
		dst, v = append(dst, '-'), -v
	}
	digits, exp10 := decimal(strconv.AppendFloat(scratch[:0], v, 'e', -1, 64))
	scale := exp10 - len(digits) + 1 // v is the digits read as an integer, times ten to the scale
	magnitude := max(exp10, -exp10)
	switch {
	case scale >= 0 && magnitude < len(digits)+7:
		return appendZeros(append(dst, digits...), scale)
	case scale < 0 && (scale > -7 || magnitude < 4):
		return appendFraction(dst, digits, len(digits)+scale)
	}
	return appendExponent(dst, digits, exp10)
}

// decimal splits the text "d.ddde±dd" in place into its digits and its exponent.
func decimal(text []byte) (digits []byte, exp10 int) {
	e := len(text) - 1
	for text[e] != 'e' {
		e--
	}
	exp10, _ = strconv.Atoi(string(text[e+1:]))
	if e == 1 {
		return text[:1], exp10
	}
	text[1] = text[0]
	return text[1:e], exp10
}

// appendFraction writes digits with the decimal point after the first whole of them.
func appendFraction(dst, digits []byte, whole int) []byte {
	if whole <= 0 {
		dst = appendZeros(append(dst, '0', '.'), -whole)
		return append(dst, digits...)
	}
	dst = append(dst, digits[:whole]...)
	dst = append(dst, '.')
	return append(dst, digits[whole:]...)
}

func appendExponent(dst, digits []byte, exp10 int) []byte {
	dst = append(dst, digits[0])
	if len(digits) > 1 {
		dst = append(append(dst, '.'), digits[1:]...)
	}
	dst = append(dst, 'e')
	if exp10 >= 0 {
		dst = append(dst, '+')
	}
	return strconv.AppendInt(dst, int64(exp10), 10)
}

func appendZeros(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, '0')
	}
	return dst
}
