package keyspace

import (
	"fmt"
	"strings"
)

// element is often one of a few, so that lists have the same twice; now and then one that is too long for a small list.
func (g *gen) element() string {
	switch g.IntN(24) {
	case 0:
		return strings.Repeat("x", g.IntN(600))
	case 1:
		return strings.Repeat("y", 3000+g.IntN(6000))
	case 2, 3:
		return g.value()
	case 4, 5:
		return fmt.Sprint(g.IntN(100000) - 50000)
	}
	return g.pick("a", "b", "c", "d", "1", "2")
}

func (g *gen) elements() (es []string) {
	n := 1 + g.IntN(5)
	if g.IntN(30) == 0 {
		n = 300
	}
	for range n {
		es = append(es, g.element())
	}
	return es
}

func (g *gen) side() string {
	return g.pick("left", "right", "LEFT", "Right", "left", "right", "middle")
}

// instant is a timeout that is over soon, or a bad one.
func (g *gen) instant() string {
	if g.IntN(5) == 0 {
		return g.pick("-1", "x", "", "1e-3", "0x.1p-7", "-0.5", "nan", "-inf", "0.001 ")
	}
	return "0.001"
}

func (g *gen) listCommand() []string {
	switch g.IntN(20) {
	case 0, 1, 2, 3, 4:
		return append([]string{g.pick("lpush", "rpush", "rpush", "lpushx", "rpushx"), g.key()}, g.elements()...)
	case 5, 6:
		return []string{g.pick("lpop", "rpop"), g.key()}
	case 7:
		return []string{g.pick("lpop", "rpop"), g.key(), g.count()}
	case 8:
		return []string{"lindex", g.key(), g.int()}
	case 9:
		return []string{"linsert", g.key(), g.caps(g.pick("before", "after", "after", "x")), g.element(), g.element()}
	case 10:
		return []string{"lset", g.key(), g.int(), g.element()}
	case 11, 12:
		return []string{"lrange", g.key(), g.pick("0", g.int()), g.pick("-1", g.int())}
	case 13:
		return []string{"ltrim", g.key(), g.pick("0", "1", g.int()), g.pick("-1", "-2", "60", g.int())}
	case 14:
		return []string{"lrem", g.key(), g.pick("0", "1", "-1", g.int()), g.element()}
	case 15, 16:
		return append([]string{"lpos", g.key(), g.element()}, g.posOptions()...)
	case 17:
		return []string{"lmove", g.key(), g.key(), g.side(), g.side()}
	case 18:
		return g.moreLists()
	}
	return []string{g.pick("llen", "llen", "rpoplpush"), g.key(), g.key()}[:2+g.IntN(2)]
}

func (g *gen) moreLists() []string {
	switch g.IntN(6) {
	case 0:
		return append(append([]string{"lmpop"}, g.keyList()...), g.popOptions()...)
	case 1:
		return append(append([]string{"blmpop", g.instant()}, g.keyList()...), g.popOptions()...)
	case 2:
		return []string{g.pick("blpop", "brpop"), g.key(), g.key(), g.instant()}
	case 3:
		return []string{"blmove", g.key(), g.key(), g.side(), g.side(), g.instant()}
	case 4:
		return []string{"brpoplpush", g.key(), g.key(), g.instant()}
	}
	return []string{"rpoplpush", g.key(), g.key()}
}

func (g *gen) count() string { return g.pick("0", "1", "2", "3", "100", "-1", "x", g.int()) }

func (g *gen) keyList() []string {
	keys := []string{g.key(), g.key(), g.key()}[:1+g.IntN(3)]
	n := fmt.Sprint(len(keys))
	if g.IntN(10) == 0 {
		n = g.pick("0", "-1", "x", "2", "5", "9223372036854775800")
	}
	return append([]string{n}, keys...)
}

func (g *gen) popOptions() []string {
	o := []string{g.side()}
	switch g.IntN(6) {
	case 0:
		o = append(o, g.caps("count"))
	case 1, 2:
		o = append(o, g.caps("count"), g.count())
	case 3:
		o = append(o, g.pick("count", "bad"), g.count(), "count", "1")
	}
	return o
}

func (g *gen) posOptions() (o []string) {
	for g.IntN(2) == 0 {
		o = append(o, g.caps(g.pick("rank", "count", "maxlen", "rank", "count", "bad")))
		if g.IntN(10) > 0 {
			o = append(o, g.pick("0", "1", "2", "-1", "-2", "3", "-1000", "x", "9223372036854775807")) // 7.0 takes one more
		}
	}
	return o
}
