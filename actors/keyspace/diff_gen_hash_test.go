package keyspace

import (
	"fmt"
	"strings"
)

// field is one of some names; now and then of many, to make hashes large, or one that is too long for a small hash.
func (g *gen) field() string {
	switch g.IntN(12) {
	case 0:
		return fmt.Sprint("field", g.IntN(300))
	case 1:
		return g.pick("", "1", "-1", "\x00\r\n", strings.Repeat("f", 64), strings.Repeat("f", 65))
	}
	return g.pick("a", "b", "c", "d", "e", "f")
}

func (g *gen) fields() (fs []string) {
	for range 1 + g.IntN(4) {
		fs = append(fs, g.field())
	}
	return fs
}

func (g *gen) pairs() (ps []string) {
	n := 1 + g.IntN(3)
	if g.IntN(30) == 0 {
		n = 100
	}
	for range n {
		ps = append(ps, g.field(), g.value())
	}
	return ps
}

func (g *gen) hashCommand() []string {
	switch g.IntN(14) {
	case 0, 1, 2:
		return append([]string{g.pick("hset", "hset", "hmset"), g.key()}, g.pairs()...)
	case 3:
		return []string{"hsetnx", g.key(), g.field(), g.value()}
	case 4:
		return []string{g.pick("hget", "hexists", "hstrlen"), g.key(), g.field()}
	case 5:
		return append([]string{"hmget", g.key()}, g.fields()...)
	case 6:
		return append([]string{"hdel", g.key()}, g.fields()...)
	case 7, 8:
		return []string{"hincrby", g.key(), g.field(), g.int()}
	case 9, 10:
		return []string{"hincrbyfloat", g.key(), g.field(), g.float()}
	case 11:
		return append([]string{"hscan", g.key(), g.cursor()}, g.scanOptions()...)
	case 12:
		return append([]string{"hrandfield", g.key()}, g.randomOptions("withvalues")...)
	}
	return []string{g.pick("hlen", "hkeys", "hvals", "hgetall"), g.key()}
}

// cursor is the start of a round, or bad.
func (g *gen) cursor() string {
	if g.IntN(10) == 0 {
		return g.pick("x", "", "-0", "1.0")
	}
	return "0"
}

// scanOptions ask for everything at once, where Redis returns it in an order of its own.
func (g *gen) scanOptions() []string {
	o := []string{g.caps("count"), "100000"}
	switch g.IntN(6) {
	case 0:
		o = append(o, g.caps("match"), g.pick("*", "a*", "[^a]", "", "field?", "*1*"))
	case 1:
		o = append(o, g.pick("type", "count", "bad", "match"), g.pick("0", "x", "hash", "1000000"))
	case 2:
		o = append(o, g.pick("match", "count"))
	}
	return o
}

// randomOptions ask for random elements: for none or all of them, where chance decides nothing.
func (g *gen) randomOptions(with string) []string {
	o := []string{g.pick("0", "100000", "1000000000", "9223372036854775807", "-9223372036854775808", "x", "1.5",
		"4611686018427387904")}
	switch g.IntN(4) {
	case 0:
		return append(o, g.caps(with))
	case 1:
		return append(o, g.pick("bad", ""))
	case 2:
		return append(o, with, with)
	}
	return o
}
