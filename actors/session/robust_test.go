package session

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestOddArguments sends every command with arguments of all sorts: each has one reply, and none ends a
// session by a panic.
func TestOddArguments(t *testing.T) {
	b := newBed(t, 2)
	for _, f := range b.shards {
		f.durable.Store(1 << 40)
	}
	c := b.dial()
	names := strings.Fields(strings.Trim(c.do("COMMAND LIST"), "[]"))
	args := rapid.OneOf(
		rapid.SampledFrom([]string{"", "0", "1", "-1", "9223372036854775807", "18446744073709551615", "x", "*", "id", "type", "normal",
			"addr", "skipme", "no", "yes", "on", "off", "setname", "auth", "default", "match", "count", "{a}1", "{a}2", "nan", "[", "ex"}),
		rapid.StringN(0, 8, 40),
	)
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom(names).Draw(rt, "command")
		if name == "config|set" || name == "client|reply" {
			return // one locks this test out, the other has no reply
		}
		line := append(strings.Split(name, "|"), rapid.SliceOfN(args, 0, 6).Draw(rt, "arguments")...)
		c.Write(encodeArgs(line...))
		if c.reply() == "closed" {
			c = b.dial()
		}
		if log := b.logs.String(); strings.Contains(log, "panic") {
			rt.Fatalf("%q: %s", line, log)
		}
	})
}

// TestGarbage sends bytes that are no protocol, in a connection of their own each time.
func TestGarbage(t *testing.T) {
	b := newBed(t, 1)
	rapid.Check(t, func(rt *rapid.T) {
		c := b.dial()
		defer c.Close()
		c.Write(rapid.SliceOfN(rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte("*$\r\n0123456789\"' "))), 0, 200).Draw(rt, "bytes"))
		c.Conn.(interface{ CloseWrite() error }).CloseWrite()
		for c.reply() != "closed" {
		}
		if log := b.logs.String(); strings.Contains(log, "panic") {
			rt.Fatal(log)
		}
	})
}
