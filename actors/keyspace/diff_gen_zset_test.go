package keyspace

import (
	"fmt"
	"strconv"
)

// lexKey is a key whose members all have the score 0: for others the order of names means nothing.
func (g *gen) lexKey() string { return g.pick("{t}lex1", "{t}lex2") }

func (g *gen) score() string {
	switch g.IntN(10) {
	case 0:
		return g.float()
	case 1:
		return g.pick("inf", "-inf", "+inf", "1e308", "-1e-300", "5e-324", "0.1", "3.0e3", "nan", "")
	case 2, 3:
		return strconv.FormatFloat(g.NormFloat64()*100, 'g', 6, 64)
	}
	return strconv.Itoa(g.IntN(20) - 5)
}

// scoreEnd is an end of a range of scores.
func (g *gen) scoreEnd() string {
	switch g.IntN(12) {
	case 0:
		return g.pick("(", "((1", " 1", "1 ", "-", "+", "[1", "1\x002", "(1e999", "-1e999", "1_0", "(nan", "nan")
	case 1, 2:
		return g.pick("-inf", "+inf", "inf")
	}
	return g.pick("", "(") + g.score()
}

// lexEnd is an end of a range of names.
func (g *gen) lexEnd() string {
	switch g.IntN(12) {
	case 0:
		return g.pick("", "a", "-x", "+x", "-\x00", "(", "[")
	case 1, 2, 3:
		return g.pick("-", "+")
	}
	return g.pick("[", "(") + g.member()
}

func (g *gen) zaddOptions() (o []string) {
	for g.IntN(3) == 0 {
		o = append(o, g.caps(g.pick("nx", "xx", "gt", "lt", "ch", "ch", "incr")))
	}
	return o
}

func (g *gen) scores() (ps []string) {
	n := 1 + g.IntN(3)
	if g.IntN(30) == 0 {
		n = 120
	}
	for range n {
		ps = append(ps, g.score(), g.member())
	}
	return ps
}

// rangeOptions are those of a range by rank, score or name, and now and then of another.
func (g *gen) rangeOptions(by ...string) (o []string) {
	o = append(o, by...)
	for g.IntN(3) == 0 {
		switch g.IntN(6) {
		case 0, 1:
			o = append(o, "limit", g.pick("0", "1", "2", "-1", "x", "100"), g.pick("0", "1", "5", "-1", "-3", "x"))
		case 2:
			o = append(o, "rev")
		case 3:
			o = append(o, g.pick("limit", "withscore", "bad"))
		default:
			o = append(o, g.caps("withscores"))
		}
	}
	return o
}

func (g *gen) rangeCommand() []string {
	store := []string{"zrange", g.key()}
	if g.IntN(3) == 0 {
		store = []string{"zrangestore", g.key(), g.key()}
	}
	switch g.IntN(8) {
	case 0:
		return append(append(store, g.int(), g.int()), g.rangeOptions()...)
	case 1, 2:
		return append(append(store, g.scoreEnd(), g.scoreEnd()), g.rangeOptions("byscore")...)
	case 3:
		return append([]string{"zrange", g.lexKey(), g.lexEnd(), g.lexEnd()}, g.rangeOptions("bylex")...)
	case 4:
		return append([]string{g.pick("zrangebylex", "zrevrangebylex"), g.lexKey(), g.lexEnd(), g.lexEnd()}, g.rangeOptions()...)
	case 5:
		return append([]string{g.pick("zrangebyscore", "zrevrangebyscore"), g.key(), g.scoreEnd(), g.scoreEnd()}, g.rangeOptions()...)
	case 6:
		return append([]string{"zrevrange", g.key(), g.int(), g.int()}, g.rangeOptions()...)
	}
	return []string{"zcount", g.key(), g.scoreEnd(), g.scoreEnd()}
}

func (g *gen) lexCommand() []string {
	if g.IntN(2) == 0 {
		return []string{"zadd", g.lexKey(), "0", g.member(), "0", g.member()}
	}
	return []string{g.pick("zlexcount", "zlexcount", "zremrangebylex"), g.lexKey(), g.lexEnd(), g.lexEnd()}
}

// combineOptions are those of the commands that combine sorted sets.
func (g *gen) combineOptions(keys int) (o []string) {
	for g.IntN(2) == 0 {
		switch g.IntN(5) {
		case 0, 1:
			o = append(o, g.caps("weights"))
			for range keys {
				o = append(o, g.score())
			}
		case 2, 3:
			o = append(o, g.caps("aggregate"), g.pick("sum", "MIN", "max", "bad"))
		case 4:
			o = append(o, g.pick("withscores", "WITHSCORES", "limit", "aggregate", "weights"))
		}
	}
	return o
}

func (g *gen) combineCommand() []string {
	keys := g.counted()
	name := g.pick("zunion", "zinter", "zdiff")
	switch g.IntN(5) {
	case 0:
		return append(append([]string{"zintercard"}, keys...), g.limit()...)
	case 1, 2:
		return append(append([]string{name + "store", g.key()}, keys...), g.combineOptions(len(keys)-1)...)
	}
	return append(append([]string{name}, keys...), g.combineOptions(len(keys)-1)...)
}

func (g *gen) zsetCommand() []string {
	switch g.IntN(22) {
	case 0, 1, 2, 3, 4:
		return append(append([]string{"zadd", g.key()}, g.zaddOptions()...), g.scores()...)
	case 5:
		return []string{"zincrby", g.key(), g.score(), g.member()}
	case 6:
		return append([]string{"zrem", g.key()}, g.members()...)
	case 7:
		return append([]string{"zmscore", g.key()}, g.members()...)
	case 8:
		cmd := []string{g.pick("zscore", "zrank", "zrevrank"), g.key(), g.member()}
		if g.is72 && g.IntN(3) == 0 {
			cmd = append(cmd, g.caps(g.pick("withscore", "withscore", "withscores")))
		}
		return cmd
	case 9, 10, 11, 12:
		return g.rangeCommand()
	case 13:
		return []string{g.pick("zremrangebyrank"), g.key(), g.int(), g.int()}
	case 14:
		return []string{"zremrangebyscore", g.key(), g.scoreEnd(), g.scoreEnd()}
	case 15:
		return g.lexCommand()
	case 16, 17, 18:
		return g.combineCommand()
	case 19:
		return g.popCommand()
	case 20:
		return append([]string{"zscan", g.key(), g.cursor()}, g.scanOptions()...)
	}
	return append([]string{"zrandmember", g.key()}, g.randomOptions("withscores")...)
}

func (g *gen) popCommand() []string {
	count := fmt.Sprint(g.IntN(5))
	if g.IntN(6) == 0 {
		count = g.pick("-1", "x", "9223372036854775807", "1.5")
	}
	switch g.IntN(5) {
	case 0, 1:
		cmd := []string{"zmpop"}
		if g.IntN(2) == 0 {
			cmd = []string{"bzmpop", g.instant()}
		}
		cmd = append(append(cmd, g.counted()...), g.caps(g.pick("min", "max", "bad")))
		if g.IntN(2) == 0 {
			cmd = append(cmd, g.caps("count"), count)
		}
		return cmd
	case 2:
		return []string{g.pick("bzpopmin", "bzpopmax"), g.key(), g.key(), g.instant()}
	case 3:
		return []string{g.pick("zpopmin", "zpopmax", "zcard"), g.key()}
	}
	return []string{g.pick("zpopmin", "zpopmax"), g.key(), count}
}
