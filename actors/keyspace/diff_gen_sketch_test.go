package keyspace

import "fmt"

// sketchKey is of keys that no other family uses: a real server notes an estimate in a sketch when it is asked
// for one, which those commands would show.
func (g *gen) sketchKey() string { return fmt.Sprintf("{t}hll%d", g.IntN(5)) }

func (g *gen) sketchKeys(n int) (keys []string) {
	for range g.IntN(n) {
		keys = append(keys, g.sketchKey())
	}
	return keys
}

func (g *gen) manyElements() (els []string) {
	n := g.IntN(6)
	if g.IntN(20) == 0 {
		n = g.IntN(800)
	}
	for range n {
		els = append(els, fmt.Sprint(g.IntN(3000)))
	}
	return els
}

func (g *gen) sketchCommand() []string {
	switch g.IntN(12) {
	case 0, 1, 2:
		return append([]string{"pfadd", g.sketchKey()}, g.manyElements()...)
	case 3, 4:
		return append([]string{"pfcount", g.sketchKey()}, g.sketchKeys(4)...)
	case 5, 6:
		return append([]string{"pfmerge", g.sketchKey()}, g.sketchKeys(4)...)
	case 7:
		return []string{"pfdebug", g.caps(g.pick("getreg", "encoding", "decode")), g.pick(g.sketchKey(), "{t}none")}
	case 8:
		return []string{"pfdebug", g.pick("todense", "TODENSE", "bad"), g.sketchKey()}
	case 9: // holds something else, or nothing
		return []string{g.pick("pfcount", "pfmerge"), g.pick("{t}none", "{t}0"), g.key(), g.key()}
	case 10:
		return []string{"setrange", g.sketchKey(), g.pick("0", "4"), g.pick("\x02", "\x00", "X")}
	}
	return []string{"del", g.sketchKey()}
}
