package keyspace

import "math"

// parseInt reads a 64-bit integer as strictly as Redis: no sign but a minus, no
// leading zeros, no spaces. What it accepts is what the number is printed as.
func parseInt(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 20 {
		return 0, false
	}
	if len(b) == 1 && b[0] == '0' {
		return 0, true
	}
	negative := b[0] == '-'
	if negative {
		b = b[1:]
	}
	if len(b) == 0 || b[0] < '1' || b[0] > '9' {
		return 0, false
	}
	u, ok := parseDigits(b)
	switch {
	case !ok || u > 1<<63:
		return 0, false
	case negative:
		return int64(-u), true
	}
	return int64(u), u < 1<<63
}

// parseDigits reads decimal digits only.
func parseDigits(b []byte) (uint64, bool) {
	var u uint64
	for _, c := range b {
		d := uint64(c - '0')
		if c < '0' || c > '9' || u > math.MaxUint64/10 {
			return 0, false
		}
		u *= 10
		if u+d < u {
			return 0, false
		}
		u += d
	}
	return u, len(b) > 0
}

// addInt adds two integers; ok is false if the sum does not fit.
func addInt(a, b int64) (sum int64, ok bool) {
	sum = a + b
	return sum, (sum > a) == (b > 0)
}
