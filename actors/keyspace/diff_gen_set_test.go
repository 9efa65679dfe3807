package keyspace

import (
	"fmt"
	"strings"
)

// member is often one of a few, so that sets have members in common; now and then one of many.
func (g *gen) member() string {
	switch g.IntN(16) {
	case 0:
		return fmt.Sprint(g.IntN(600))
	case 1:
		return g.int()
	case 2:
		return fmt.Sprint("member", g.IntN(200))
	case 3:
		return g.pick("", "\x00\r\n", strings.Repeat("m", 64), strings.Repeat("m", 65))
	case 4, 5:
		return g.pick("a", "b", "c", "d", "e", "f")
	}
	return fmt.Sprint(g.IntN(12))
}

func (g *gen) members() (ms []string) {
	n := 1 + g.IntN(4)
	switch g.IntN(40) {
	case 0:
		n = 150
	case 1:
		n = 600
	}
	for range n {
		ms = append(ms, g.member())
	}
	return ms
}

func (g *gen) someKeys() []string {
	keys := []string{g.key()}
	for g.IntN(2) == 0 {
		keys = append(keys, g.key())
	}
	return keys
}

// counted is the number of keys and the keys, or another number.
func (g *gen) counted() []string {
	keys := g.someKeys()
	n := fmt.Sprint(len(keys))
	if g.IntN(12) == 0 {
		n = g.pick("0", "-1", "x", "3", "9223372036854775807")
	}
	return append([]string{n}, keys...)
}

func (g *gen) setCommand() []string {
	switch g.IntN(16) {
	case 0, 1, 2, 3:
		return append([]string{"sadd", g.key()}, g.members()...)
	case 4:
		return append([]string{"srem", g.key()}, g.members()...)
	case 5:
		return []string{"smove", g.key(), g.key(), g.member()}
	case 6:
		return []string{"sismember", g.key(), g.member()}
	case 7:
		return append([]string{"smismember", g.key()}, g.members()...)
	case 8:
		return []string{g.pick("scard", "smembers"), g.key()}
	case 9:
		return append([]string{g.pick("sinter", "sunion", "sdiff")}, g.someKeys()...)
	case 10, 11:
		return append([]string{g.pick("sinterstore", "sunionstore", "sdiffstore"), g.key()}, g.someKeys()...)
	case 12:
		return append(append([]string{"sintercard"}, g.counted()...), g.limit()...)
	case 13:
		return append([]string{"sscan", g.key(), g.cursor()}, g.scanOptions()...)
	case 14:
		return []string{"spop", g.key(), g.pick("0", "100000", "9223372036854775807", "-1", "x", "")}
	}
	return append([]string{"srandmember", g.key()}, g.randomOptions("x")[:1]...)
}

func (g *gen) limit() []string {
	switch g.IntN(6) {
	case 0:
		return []string{g.caps("limit"), g.pick("0", "1", "2", "1000", "-1", "x")}
	case 1:
		return []string{g.pick("limit", "bad")}
	case 2:
		return []string{"limit", "3", "limit", "1"}
	}
	return nil
}
