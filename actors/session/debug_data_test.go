package session

import (
	"io"
	"strings"
	"testing"
)

// TestDebugProtocol: what is told beside a reply, and numbers of any size, have forms of their own in RESP3 alone.
func TestDebugProtocol(t *testing.T) {
	c := newBed(t, 1, func(_ *bed, c *Config) { c.Debug = true }).dial()
	const big, reply = "1234567999999999999999999999999999999", "Some real reply following the attribute"
	c.want("DEBUG PROTOCOL bignum", big, "DEBUG PROTOCOL attrib", reply)
	c.do("HELLO 3")
	c.want("DEBUG PROTOCOL attrib", reply, "DEBUG PROTOCOL bignum", big)
	c.send("DEBUG PROTOCOL attrib")
	want := "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n$39\r\n" + reply + "\r\n"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Errorf("%q %v", got, err)
	}
}

func TestDebugOfData(t *testing.T) {
	b := newBed(t, 2, func(_ *bed, c *Config) { c.Debug = true })
	c := b.dial()
	zero := strings.Repeat("0", 40)
	c.want("DEBUG OBJECT a", "-ERR no such key", "DEBUG DIGEST", zero, "DEBUG DIGEST-VALUE a b", "["+zero+" "+zero+"]",
		"SET a v", "OK", "SET b v", "OK", "DEBUG SET-ACTIVE-EXPIRE 0", "OK", "DEBUG SET-ACTIVE-EXPIRE x", "-ERR syntax error",
		"DEBUG RELOAD", "OK", "DEBUG QUICKLIST-PACKED-THRESHOLD 1b", "OK")
	if got := c.do("DEBUG OBJECT b"); !strings.HasPrefix(got, "Value at:0x0 refcount:1 encoding:embstr serializedlength:2 ") {
		t.Error(got)
	}
	values := strings.Fields(strings.Trim(c.do("DEBUG DIGEST-VALUE a b"), "[]"))
	if len(values) != 2 || values[0] != values[1] || values[0] == zero {
		t.Errorf("digests of the same value: %q", values)
	}
	both := c.do("DEBUG DIGEST")
	c.want("DEL b", "1")
	if one := c.do("DEBUG DIGEST"); one == both || one == zero {
		t.Errorf("digest %s of two keys and %s of one", both, one)
	}
}
