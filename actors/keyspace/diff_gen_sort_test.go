package keyspace

import (
	"fmt"
	"testing"
)

func TestSortAsRedis(t *testing.T) {
	for proto := 2; proto <= 3; proto++ {
		server := startRedis(t)
		g := newServerGen(t, server)
		g.only = (*gen).sortCommand
		differOn(t, server, newBench(t), g, proto, 20*more(t))
	}
}

// sortKey is a key of no interest to others: Redis changes the encoding of a sorted set by sorting it.
func (g *gen) sortKey() string { return g.pick("{t}sort1", "{t}sort2", "{t}sort3") }

// sortCommand makes what a server that is no cluster answers as well. ALPHA without STORE ends at a zero
// byte there, and the order of a set that is not sorted is free: both come with STORE only. Redis takes a
// number for one out of range if the one that it read before, for whatever command, was: this is a family
// of its own for that.
func (g *gen) sortCommand() []string {
	switch g.IntN(10) {
	case 0:
		return append([]string{"rpush", g.sortKey()}, g.numbers()...)
	case 1:
		return append([]string{"sadd", g.sortKey()}, g.numbers()...)
	case 2:
		return []string{"zadd", g.sortKey(), fmt.Sprint(g.IntN(9)), g.pick("a", "b", "1", "2"), "3", fmt.Sprint(g.IntN(30))}
	case 3:
		return []string{g.pick("del", "copy"), g.sortKey(), g.sortKey()}
	case 4, 5:
		return append([]string{"sort_ro", g.sortKey()}, g.sortOptions("asc", "desc")...)
	case 6, 7:
		return append([]string{"sort", g.sortKey()}, g.sortOptions("asc", "desc")...)
	}
	return append([]string{"sort", g.sortKey(), g.caps("store"), g.sortKey()},
		g.sortOptions("asc", "desc", "alpha", "alpha", "nosort")...)
}

func (g *gen) numbers() (ns []string) {
	for range 1 + g.IntN(8) {
		n := fmt.Sprintf("%d.%d", g.IntN(100)-50, g.IntN(100))
		switch g.IntN(20) {
		case 0:
			n = g.pick("", " 7", "1\x002", "abc", "1e5", "-0", "0x10", "inf", "-inf", "nan", "8 ")
		case 1, 2, 3, 4, 5:
			n = fmt.Sprint(g.IntN(20))
		}
		ns = append(ns, n)
	}
	return ns
}

func (g *gen) sortOptions(words ...string) (o []string) {
	for g.IntN(2) == 0 {
		switch w := g.pick(append(words, "limit", "limit", "bad")...); w {
		case "limit":
			o = append(o, g.caps(w), g.pick("0", "1", "2", "-3", "x"), g.pick("0", "1", "3", "-1", "-2", ""))
		case "nosort":
			o = append(o, g.caps("by"), w)
		case "bad":
			if g.IntN(4) == 0 {
				o = append(o, g.pick("limit", "bad", "store"))
			}
		default:
			o = append(o, g.caps(w))
		}
	}
	return o
}
