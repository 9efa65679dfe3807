package resp

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// TestReplyScan: a scan ends where the parser does, however the reply arrives, and counts what it makes.
func TestReplyScan(t *testing.T) {
	for in, values := range map[string]int64{
		"+OK\r\n": 1, "$3\r\na\r\n\r\n": 1, "$-1\r\n": 1, "*-1\r\n": 1, "*0\r\n": 1, "=6\r\ntxt:hi\r\n": 1,
		"*2\r\n:1\r\n*2\r\n$1\r\na\r\n_\r\n": 5, "%1\r\n+k\r\n~1\r\n:1\r\n": 4, "|1\r\n+a\r\n+b\r\n*1\r\n:7\r\n": 5,
	} {
		rapid.Check(t, func(t *rapid.T) {
			var s ReplyScan
			for n := 0; n < len(in); n += rapid.IntRange(1, 5).Draw(t, "more") {
				if _, err := s.End([]byte(in[:n])); !errors.Is(err, ErrIncomplete) {
					t.Fatalf("%q: %v", in[:n], err)
				}
			}
			n, err := s.End([]byte(in + "rest"))
			_, parsed, _ := ParseReply([]byte(in + "rest"))
			if err != nil || n != parsed || s.Values != values {
				t.Fatalf("%q: %d bytes, %d values, %v", in, n, s.Values, err)
			}
		})
	}
	for _, in := range []string{"\r\n", "$-2\r\n", "$1\r\nabc", "*-2\r\n", "*67108865\r\n", "*67108864\r\n*67108864\r\n"} {
		var s ReplyScan
		if _, err := s.End([]byte(in)); !errors.Is(err, ErrReply) {
			t.Errorf("%q: %v", in, err)
		}
	}
}
