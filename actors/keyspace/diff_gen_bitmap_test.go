package keyspace

import (
	"fmt"
	"strconv"
)

// bitOffset is the position of a bit in a string that is not long, or bad.
func (g *gen) bitOffset() string {
	switch g.IntN(12) {
	case 0:
		return g.pick("-1", "4294967296", "9223372036854775807", "x", "", "01", "1.0", "#")
	case 1:
		return strconv.Itoa(g.IntN(3000))
	}
	return strconv.Itoa(g.IntN(80))
}

func (g *gen) fieldOffset() string {
	if g.IntN(4) == 0 {
		return "#" + g.pick(strconv.Itoa(g.IntN(10)), "", "-1", "x", "4294967296")
	}
	return g.bitOffset()
}

func (g *gen) fieldType() string {
	if g.IntN(15) == 0 {
		return g.pick("u64", "i65", "i0", "u0", "i", "u", "", "x8", "I8", "i08", "u-1", "8")
	}
	return g.pick("u8", "i8", "u1", "i1", "i64", "u63", "i63", fmt.Sprint("i", 1+g.IntN(64)), fmt.Sprint("u", 1+g.IntN(63)))
}

func (g *gen) fieldNumber() string {
	if g.IntN(2) == 0 {
		return strconv.Itoa(g.IntN(600) - 300)
	}
	return g.int()
}

func (g *gen) fieldOps(readOnly bool) (ops []string) {
	for range g.IntN(5) {
		switch n := g.IntN(8); {
		case readOnly && n < 6 || n < 2:
			ops = append(ops, g.caps("get"), g.fieldType(), g.fieldOffset())
		case n < 4:
			ops = append(ops, g.caps("incrby"), g.fieldType(), g.fieldOffset(), g.fieldNumber())
		case n < 6:
			ops = append(ops, g.caps("set"), g.fieldType(), g.fieldOffset(), g.fieldNumber())
		default:
			ops = append(ops, g.caps("overflow"), g.pick("wrap", "SAT", "sat", "fail", "Fail", "bad"))
		}
	}
	return ops
}

// bitRange is "start end unit", or a beginning of that.
func (g *gen) bitRange() []string {
	r := []string{g.int(), g.int(), g.caps(g.pick("bit", "byte", "bit", "x"))}
	return r[:g.IntN(4)]
}

func (g *gen) bitmapCommand() []string {
	switch g.IntN(10) {
	case 0, 1:
		return []string{"setbit", g.key(), g.bitOffset(), g.pick("0", "1", "1", "2", "-1", "x", "")}
	case 2:
		return []string{"getbit", g.key(), g.bitOffset()}
	case 3:
		return append([]string{"bitcount", g.key()}, g.bitRange()...)
	case 4:
		return append([]string{"bitpos", g.key(), g.pick("0", "1", "0", "1", "2", "x")}, g.bitRange()...)
	case 5:
		return []string{"bitop", g.caps(g.pick("and", "or", "xor")), g.key(), g.key(), g.key(), g.key()}
	case 6:
		return []string{"bitop", g.pick("not", "NOT", "or", "bad"), g.key(), g.key()}
	case 7:
		return append([]string{"bitfield_ro", g.key()}, g.fieldOps(true)...)
	}
	return append([]string{"bitfield", g.key()}, g.fieldOps(false)...)
}
