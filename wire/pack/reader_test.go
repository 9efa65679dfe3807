package pack

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"
)

// What is read without a call of its own is read as what is not: the same value, place and error, whatever the input and
// the limit.
func TestShortFormsAreReadAsLongOnes(t *testing.T) {
	inputs := [][]byte{nil, {}}
	for head := range 256 {
		for _, tail := range [][]byte{{}, {0}, {1}, {2}, {3}, {1, 7}, {2, 7, 8}, {3, 7, 8}, {3, 7, 8, 9, 10}, bytes.Repeat([]byte{4}, 40)} {
			inputs = append(inputs, slices.Concat([]byte{byte(head)}, tail))
		}
	}
	inputs = append(inputs, AppendBytes(nil, make([]byte, 255)), AppendBytes(nil, make([]byte, 256)), AppendBytes(nil, make([]byte, 255))[:256])
	for _, in := range inputs {
		for _, skip := range []int{0, 1} { // not only at the beginning
			for _, max := range []int{-1, 0, 1, 2, 3, 14, 15, 16, 254, 255, 256, math.MaxInt} {
				short, long := NewReader(slices.Concat(make([]byte, skip), in)), NewReader(slices.Concat(make([]byte, skip), in))
				for range skip {
					short.Uint()
					long.longUint()
				}
				a, b := *short, *long
				same(t, in, max, &a, &b, a.ArrayLen(max), b.longArrayLen(max))
				a, b = *short, *long
				same(t, in, max, &a, &b, a.Uint(), b.longUint())
				a, b = *short, *long
				x, y := a.Bytes(max), b.longBytes(max)
				same(t, in, max, &a, &b, string(x), string(y))
				if (x == nil) != (y == nil) || cap(x) != cap(y) {
					t.Fatalf("%x, at most %d: %#v of %d bytes, want %#v of %d", in, max, x, cap(x), y, cap(y))
				}
			}
		}
	}
}

func same[T comparable](t *testing.T, in []byte, max int, a, b *Reader, got, want T) {
	t.Helper()
	text := func(err error) string { return errors.Join(err, errors.New("")).Error() }
	if got != want || a.pos != b.pos || a.Len() != b.Len() || text(a.err) != text(b.err) {
		t.Fatalf("%x, at most %d: %v at %d, %v; want %v at %d, %v", in, max, got, a.pos, a.err, want, b.pos, b.err)
	}
}
