package keyspace

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// gen makes random commands that are mostly, but not always, well formed.
type gen struct {
	*rand.Rand
	now    int64 // ms
	family int
	is72   bool // the server knows 7.2

	next [][]string          // commands to come before others
	only func(*gen) []string // the family to make commands of, nil: all
	ids  uint64              // of entries of streams

	tally     tally // what was compared
	rareFlush bool  // keys live long
}

func (g *gen) pick(of ...string) string { return of[g.IntN(len(of))] }

func (g *gen) key() string { return fmt.Sprintf("{t}%d", g.IntN(12)) }

var oddInts = strings.Fields(`0 1 -1 7 10 99 -100 9999 10000 9223372036854775807 -9223372036854775808
	9223372036854775808 9223372036854775806 -9223372036854775807 00 01 -0 +1 1.0 1e3 0x10 abc 20000000000000000000`)

func (g *gen) int() string {
	switch g.IntN(6) {
	case 0:
		return g.pick(oddInts...)
	case 1:
		return strconv.FormatInt(int64(g.Uint64()), 10)
	case 2:
		return g.pick("", " 1", "1 ", "--1", "-")
	}
	return strconv.Itoa(g.IntN(60) - 20)
}

var oddFloats = strings.Fields(`0 -0 0.1 .5 5. . -.25 1e5 1E5 1e+5 1e-5 1e 1e+ e5 inf -inf +inf Infinity nan -nan nan(1) infi
	0x 0x1p4 0x.8p1 0xA.8 0x1p 0x1.8P-3 1e4931 1e4932 1.2e4932 1e5000 1e-4950 1e-4951 1.8e-4951 1e-99999999999 1_0 0b1
	1e99999999999 0e99999999999 0.0e-99999999999 9223372036854775807 18446744073709551615 18446744073709551616.5
	12345678901234567890.12345678901234567890 1.7976931348623157e308 3.0e3 +5 ++5 0.000000000000000005 1,5
	0.30000000000000000001 100000000000000000000000000000000000000000 -1e400 99999999999999999.99999999999999999`)

func (g *gen) float() string {
	switch g.IntN(6) {
	case 0:
		return g.int()
	case 1:
		return strconv.FormatFloat(g.NormFloat64(), 'g', -1, 64)
	case 2:
		return fmt.Sprintf("%d.%d", g.IntN(100)-50, g.IntN(1000000))
	case 3:
		return fmt.Sprintf("%d%d.%d%de%d", g.Int64(), g.Int64(), g.Int64(), g.Int64(), g.IntN(80)-40)
	}
	return g.pick(oddFloats...)
}

func (g *gen) value() string {
	switch g.IntN(8) {
	case 0:
		return g.int()
	case 1:
		return g.float()
	case 2:
		return ""
	case 3:
		return strings.Repeat(g.pick("a", "ab", "\x00\xff"), g.IntN(60))
	case 4:
		b := make([]byte, g.IntN(20))
		for i := range b {
			b[i] = byte(g.Uint32())
		}
		return string(b)
	}
	return g.pick("ohmytext", "mynewtext", "abcabba", "cbabac", "x", strings.Repeat("z", 44), strings.Repeat("z", 45))
}

func (g *gen) caps(s string) string {
	if g.IntN(3) == 0 {
		return strings.ToUpper(s)
	}
	return s
}

// soon is a length of time, long enough to outlive the test; later is a point in
// time beyond all those that soon makes, or long past.
func (g *gen) soon(seconds bool) string {
	n := 100000 + g.IntN(5)*100000
	if !seconds {
		n *= 1000
	}
	return g.orOdd(strconv.Itoa(n))
}

func (g *gen) later(seconds bool) string {
	n := g.now/1000 + 10_000_000 + int64(g.IntN(8))*1000
	if g.IntN(6) == 0 {
		n = int64(g.IntN(1000))
	}
	if !seconds {
		n *= 1000
	}
	return g.orOdd(strconv.FormatInt(n, 10))
}

func (g *gen) orOdd(s string) string {
	if g.IntN(10) == 0 {
		return g.pick("0", "-1", "x", "", "9223372036854775807", "-9223372036854775808", "9223372036854775", "1.5")
	}
	return s
}

// timeOption is an option of SET or GETEX with its argument, or without.
func (g *gen) timeOption() []string {
	var o []string
	switch g.IntN(4) {
	case 0:
		o = []string{g.caps("ex"), g.soon(true)}
	case 1:
		o = []string{g.caps("px"), g.soon(false)}
	case 2:
		o = []string{g.caps("exat"), g.later(true)}
	default:
		o = []string{g.caps("pxat"), g.later(false)}
	}
	if g.IntN(12) == 0 {
		return o[:1]
	}
	return o
}

func (g *gen) setOptions() (o []string) {
	for g.IntN(3) == 0 {
		if g.IntN(2) == 0 {
			o = append(o, g.timeOption()...)
		} else {
			o = append(o, g.caps(g.pick("nx", "xx", "get", "keepttl", "nx", "xx", "get", "persist", "bad")))
		}
	}
	return o
}

func (g *gen) command() []string {
	if len(g.next) > 0 {
		cmd := g.next[0]
		g.next = g.next[1:]
		return cmd
	}
	cmd := g.wellFormed()
	switch g.IntN(40) {
	case 0:
		cut := 1 + g.IntN(len(cmd))
		chance := cut == 2 && isAnyOf(cmd[0], "spop", "srandmember", "hrandfield", "zrandmember")
		partly := cut == 3 && isAnyOf(cmd[0], "sscan", "hscan", "zscan") || cut == 2 && cmd[0] == "scan" // what comes first is Redis's choice
		if !chance && !partly {
			return cmd[:cut]
		}
	case 1:
		if newerThan70[cmd[0]] == "arity" && !g.is72 {
			break
		}
		return append(cmd, g.pick("extra", "nx", "get", "0")) // not 1: there is no second database to copy to
	}
	return cmd
}

// families make the commands of each type; a new type is one more line here.
var families = []func(g *gen) []string{
	(*gen).numberCommand,
	(*gen).stringCommand,
	(*gen).hashCommand,
	(*gen).setCommand,
	(*gen).bitmapCommand,
	(*gen).listCommand,
	(*gen).zsetCommand,
	(*gen).sketchCommand,
	(*gen).streamCommand,
}

func (g *gen) wellFormed() []string {
	if g.only != nil {
		return g.only(g)
	}
	if g.IntN(4) == 0 {
		return g.genericCommand()
	}
	if g.IntN(2) == 0 { // most keys should hold what the family is about
		g.family = g.IntN(len(families))
	}
	return families[g.family](g)
}

func (g *gen) numberCommand() []string {
	switch g.IntN(6) {
	case 0:
		return []string{g.pick("incr", "decr"), g.key()}
	case 1, 2:
		return []string{g.pick("incrby", "decrby"), g.key(), g.int()}
	case 3:
		return []string{"set", g.key(), g.pick(g.int(), g.float())}
	}
	return []string{"incrbyfloat", g.key(), g.float()}
}

func (g *gen) stringCommand() []string {
	switch g.IntN(13) {
	case 0:
		return []string{"get", g.key()}
	case 1, 2, 3:
		return append([]string{"set", g.key(), g.value()}, g.setOptions()...)
	case 4:
		return []string{g.pick("setnx", "getset", "append"), g.key(), g.value()}
	case 5:
		return []string{"append", g.key(), g.value()}
	case 6:
		return []string{"setrange", g.key(), g.pick(g.int(), "3", "50"), g.value()}
	case 7:
		return []string{g.pick("getrange", "substr"), g.key(), g.int(), g.int()}
	case 8:
		return []string{g.pick("strlen", "getdel"), g.key()}
	case 9:
		return append([]string{g.pick("mset", "msetnx")}, g.key(), g.value(), g.key(), g.value())
	case 10:
		return []string{"mget", g.key(), g.key(), g.key()}
	case 11:
		return g.timed()
	}
	return append([]string{"lcs", g.key(), g.key()}, g.lcsOptions()...)
}

func (g *gen) timed() []string {
	switch g.IntN(3) {
	case 0:
		return []string{"setex", g.key(), g.soon(true), g.value()}
	case 1:
		return []string{"psetex", g.key(), g.soon(false), g.value()}
	}
	cmd := []string{"getex", g.key()}
	switch g.IntN(4) {
	case 0:
		return cmd
	case 1:
		return append(cmd, "persist")
	}
	return append(cmd, g.timeOption()...)
}

func (g *gen) lcsOptions() (o []string) {
	for g.IntN(2) == 0 {
		o = append(o, g.pick("len", "IDX", "withmatchlen", "idx", "WITHMATCHLEN"))
		if g.IntN(2) == 0 {
			o = append(o, "minmatchlen", g.int())
		}
	}
	return o
}

func (g *gen) genericCommand() []string {
	switch g.IntN(13) {
	case 12:
		return append([]string{"scan", g.cursor()}, g.scanOptions()...)
	case 0:
		return []string{g.pick("del", "unlink", "exists", "touch"), g.key(), g.key()}
	case 1:
		return []string{g.pick("type", "persist"), g.key()}
	case 2:
		return []string{g.pick("ttl", "pttl", "expiretime", "pexpiretime"), g.key()}
	case 3:
		return []string{"expire", g.key(), g.soon(true)}
	case 4:
		return []string{"pexpire", g.key(), g.soon(false)}
	case 5, 6:
		return append([]string{"expireat", g.key(), g.later(true)}, g.rules()...)
	case 7:
		return append([]string{"pexpireat", g.key(), g.later(false)}, g.rules()...)
	case 8:
		return []string{g.pick("rename", "renamenx"), g.key(), g.key()}
	case 9:
		return append([]string{"copy", g.key(), g.key()}, g.pick("replace", "REPLACE", "db", "x"))
	case 10:
		return []string{"object", g.pick("encoding", "freq", "idletime", "encoding", "bad"), g.key()}
	}
	return []string{"keys", g.pick("*", "{t}*", "{t}?", "{t}[0-4]", "{t}[^0-4]*", "{t}1\\0", "x*", "", "{t}[", "*[15]")}
}

func (g *gen) rules() (o []string) {
	for g.IntN(2) == 0 {
		o = append(o, g.caps(g.pick("nx", "xx", "gt", "lt", "lt", "gt", "bad")))
	}
	return o
}
