package keyspace

import (
	"bytes"
	"math/big"

	"github.com/troupedb/troupe/wire/resp"
)

// longDouble is a number of the 80-bit format of x86, which Redis computes
// INCRBYFLOAT in: 64 bits of mantissa, 15 of exponent. Here it is computed by
// integers, so that all machines agree on every digit.
type longDouble struct {
	f big.Float // finite; also if inf is set
	// inf is set for the texts of infinity, which are numbers but for nothing.
	inf bool
}

const (
	mantissaBits = 64
	// A finite number is below 2^maxExponent.
	maxExponent = 16384
	// What rounds to zero is not above 2^minExponent: half the smallest number.
	minExponent = -16446
	// maxFloatText is the longest text that is looked at.
	maxFloatText = 5*1024 - 1
	// decimalLimit bounds exponents of ten: beyond it everything is infinite, or
	// zero, whatever digits a text of that length has.
	decimalLimit = 5000 + maxFloatText
)

func newLongDouble() *longDouble {
	d := &longDouble{}
	d.f.SetPrec(mantissaBits)
	return d
}

// parse reads what strtold of C reads, and nothing around it: decimal or
// hexadecimal numbers and infinity. What is not zero and rounds to it is
// refused, as are overflow and nan.
func (d *longDouble) parse(b []byte) bool {
	if len(b) == 0 || len(b) > maxFloatText {
		return false
	}
	negative := b[0] == '-'
	if negative || b[0] == '+' {
		b = b[1:]
	}
	if resp.Is(b, "inf") || resp.Is(b, "infinity") {
		d.inf = true
		return true
	}
	if len(b) > 1 && resp.Is(b[:2], "0x") {
		return d.parseScaled(b[2:], 16, 'p', 2, 4, negative)
	}
	return d.parseScaled(b, 10, 'e', 10, 1, negative)
}

// parseScaled reads digits of a base with an optional point, then an optional
// exponent of radix. A digit is worth perDigit steps of that exponent.
func (d *longDouble) parseScaled(b []byte, base int, mark byte, radix int64, perDigit int, negative bool) bool {
	digits, exponent := b, []byte(nil)
	if i := bytes.IndexAny(b, string([]byte{mark, mark - 'a' + 'A'})); i >= 0 {
		digits, exponent = b[:i], b[i+1:]
		if len(exponent) == 0 {
			return false
		}
	}
	whole, fraction, _ := bytes.Cut(digits, []byte("."))
	mantissa, ok := parseMantissa(whole, fraction, base)
	if !ok {
		return false
	}
	exp, ok := parseExponent(exponent)
	if !ok {
		return false
	}
	if !d.scale(mantissa, exp-perDigit*len(fraction), radix) {
		return false
	}
	if negative {
		d.f.Neg(&d.f)
	}
	return true
}

func parseMantissa(whole, fraction []byte, base int) (*big.Int, bool) {
	all := append(append(make([]byte, 0, len(whole)+len(fraction)), whole...), fraction...)
	for _, c := range all {
		if c == '_' || c == '+' || c == '-' { // SetString would take them
			return nil, false
		}
	}
	return new(big.Int).SetString(string(all), base)
}

// parseExponent reads an exponent; a large one is cut to what decides as much.
func parseExponent(b []byte) (int, bool) {
	if b == nil {
		return 0, true
	}
	negative := b[0] == '-'
	if negative || b[0] == '+' {
		b = b[1:]
	}
	exp := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		exp = min(exp*10+int(c-'0'), 1<<20)
	}
	if negative {
		exp = -exp
	}
	return exp, len(b) > 0
}

// scale makes d the number m times radix to the power exp, rounded to the
// nearest; it is false if that is no finite number or is lost to zero.
func (d *longDouble) scale(m *big.Int, exp int, radix int64) bool {
	if m.Sign() == 0 {
		return true
	}
	if limit := decimalLimit * 4; exp > limit || exp < -limit {
		return false
	}
	power := new(big.Int).Exp(big.NewInt(radix), big.NewInt(int64(max(exp, -exp))), nil)
	if exp >= 0 {
		d.f.SetInt(m.Mul(m, power))
	} else { // the operands are exact, so this rounds once
		d.f.Quo(new(big.Float).SetInt(m), new(big.Float).SetInt(power))
	}
	return d.finite() && d.above(minExponent)
}

// finite tells whether d is within the format.
func (d *longDouble) finite() bool { return !d.inf && d.f.MantExp(nil) <= maxExponent }

// above tells whether d, which is positive, is greater than 2^exp.
func (d *longDouble) above(exp int) bool {
	limit := new(big.Float).SetMantExp(big.NewFloat(1), exp)
	return d.f.Cmp(limit) > 0
}

// add makes d the rounded sum of d and o; it is false if that is not finite.
func (d *longDouble) add(o *longDouble) bool {
	if d.inf || o.inf {
		return false
	}
	d.f.Add(&d.f, &o.f)
	return d.finite()
}

// appendText appends d as Redis prints it for people: 17 digits after the
// point, without zeros at the end, never an exponent. REQUIRES: d is finite.
func (d *longDouble) appendText(dst []byte) []byte {
	from := len(dst)
	dst = d.f.Append(dst, 'f', 17)
	dst = bytes.TrimRight(dst, "0")
	dst = bytes.TrimSuffix(dst, []byte("."))
	if string(dst[from:]) == "-0" {
		return append(dst[:from], '0')
	}
	return dst
}
