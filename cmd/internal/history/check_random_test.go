package history

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

// planned is an operation before it is carried out: when, and whether at all.
type planned struct {
	op    Op
	point int64 // when it takes effect
	takes bool
}

// plan draws operations of some clients, each one after the other. Some are of unknown outcome and take
// effect much later or never; some are refused and take none.
func plan(t *rapid.T) []planned {
	var out []planned
	clock := make([]int64, rapid.IntRange(1, 5).Draw(t, "clients"))
	unknown := 0
	for i := range rapid.IntRange(1, 60).Draw(t, "ops") {
		c := rapid.IntRange(0, len(clock)-1).Draw(t, "client")
		call := clock[c] + int64(rapid.IntRange(1, 20).Draw(t, "wait"))
		ret := call + int64(rapid.IntRange(0, 30).Draw(t, "time"))
		clock[c] = ret
		p := planned{op: done(call, ret, Op{Client: int32(c)}), takes: true}
		p.op.Kind = rapid.SampledFrom([]Kind{Get, Set, Incr, Swap}).Draw(t, "kind")
		p.op.Arg = int64(i+1) << 20
		p.point = rapid.Int64Range(call, ret).Draw(t, "point")
		switch rapid.IntRange(0, 9).Draw(t, "fate") {
		case 0:
			p.op.Fate, p.takes = fate.Refused, false
		case 1:
			if unknown++; unknown <= 6 {
				p.op.Fate = fate.Unknown
				p.point += int64(rapid.IntRange(0, 1000).Draw(t, "late"))
				p.takes = rapid.Bool().Draw(t, "takes")
			}
		}
		out = append(out, p)
	}
	return out
}

// carryOut runs a plan on a register that is right, in the order of the points.
func carryOut(plan []planned) []Op {
	slices.SortStableFunc(plan, func(a, b planned) int { return cmp.Compare(a.point, b.point) })
	state, ops := int64(Absent), []Op(nil)
	for _, p := range plan {
		op := p.op
		op.Old = state
		next := state
		switch {
		case !p.takes:
		case op.Kind == Incr && state == Absent:
			next = 1
		case op.Kind == Incr:
			next++
		case op.write():
			next = op.Arg
		}
		state, op.Out = next, next
		ops = append(ops, op)
	}
	return ops
}

func TestWhatARegisterAnswersIsLinearizable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ops := carryOut(plan(t))
		if v := judge(ops...); v != Linearizable {
			t.Fatalf("%v: %v", v, ops)
		}
	})
}

func TestAnInventedReadIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ops := carryOut(plan(t))
		i := rapid.IntRange(0, len(ops)-1).Draw(t, "where")
		ops[i].Kind, ops[i].Fate, ops[i].Out = Get, fate.Done, -7
		if v := judge(ops...); v != Unlinearizable {
			t.Fatalf("%v: %v", v, ops)
		}
	})
}

func TestARefusedWriteThatIsReadIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ops := carryOut(plan(t))
		end := int64(0)
		for _, op := range ops {
			end = max(end, op.Return)
		}
		ops = append(ops, refused(end+1, end+2, Op{Kind: Set, Arg: -7}), done(end+3, end+4, Op{Kind: Get, Out: -7}))
		if v := judge(ops...); v != RefusedButDone {
			t.Fatalf("%v: %v", v, ops)
		}
	})
}
