package session

import (
	"bytes"
	"io"
	"net"
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

// FuzzSession sends bytes that may be anything, in a connection of their own: the session ends with them, nothing
// panics, and the node still answers.
func FuzzSession(f *testing.F) {
	for _, seed := range []string{
		"*1\r\n$4\r\nPING\r\n", "GET a\r\nset a 1\r\nMGET a b\r\n", "HELLO 3\r\nMULTI\r\nSET {a}1 x\r\nINCR {a}1\r\nEXEC\r\n",
		"WATCH a\r\nMULTI\r\nGET b\r\nDISCARD\r\nUNWATCH\r\n", "SUBSCRIBE c\r\nPUBLISH c m\r\nPSUBSCRIBE *\r\nRESET\r\n",
		"BLPOP l 0\r\nRPUSH l x\r\n", "*2\r\n$4\r\nECHO\r\n$-1\r\n", "*1048577\r\n$1\r\nx\r\n", "SCAN 0\r\nDBSIZE\r\nKEYS *\r\nRANDOMKEY\r\n",
		"CLUSTER SLOTS\r\nCLUSTER NODES\r\nCLIENT LIST\r\nCOMMAND DOCS\r\nINFO\r\n", "WAIT 1 10\r\nREADONLY\r\nASKING\r\nGET a\r\nQUIT\r\nGET a\r\n",
	} {
		f.Add([]byte(seed))
	}
	b := newBed(f, 2, func(b *bed, _ *Config) { b.maxValue = 1 << 16 })
	f.Fuzz(func(t *testing.T, input []byte) {
		if bytes.Contains(bytes.ToLower(input), []byte("config")) {
			return // it may lock the next input out
		}
		b.t = t
		c := b.dial()
		go func() {
			c.Write(input)
			c.Conn.(*net.TCPConn).CloseWrite()
		}()
		io.Copy(io.Discard, c)
		alive := b.dial()
		if got := alive.do("PING"); got != "+PONG" && got != "PONG" {
			t.Fatalf("answers %q to a ping", got)
		}
		alive.do("FLUSHALL")
		if log := b.logs.String(); strings.Contains(log, "panic") {
			t.Fatal(log)
		}
	})
}
