package history

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

const patience = time.Minute

func judge(ops ...Op) Verdict {
	k := &Key{Name: "k"}
	for _, op := range ops {
		k.Record(op)
	}
	j := k.Check(patience)
	return j.Verdict
}

func at(call, ret int64, op Op) Op {
	op.Call, op.Return = call, ret
	return op
}

func done(call, ret int64, op Op) Op {
	op.Fate = fate.Done
	return at(call, ret, op)
}

func refused(call, ret int64, op Op) Op {
	op.Fate = fate.Refused
	return at(call, ret, op)
}

func TestCheck(t *testing.T) {
	set := func(v int64) Op { return Op{Kind: Set, Arg: v} }
	get := func(v int64) Op { return Op{Kind: Get, Out: v} }
	incr := func(v int64) Op { return Op{Kind: Incr, Out: v} }
	swap := func(old, v int64) Op { return Op{Kind: Swap, Old: old, Arg: v} }
	for name, c := range map[string]struct {
		want Verdict
		ops  []Op
	}{
		"nothing":                            {Linearizable, nil},
		"one after the other":                {Linearizable, []Op{done(1, 2, set(5)), done(3, 4, get(5)), done(5, 6, incr(6)), done(7, 8, swap(6, 9)), done(9, 9, get(9))}},
		"absent counts as 0":                 {Linearizable, []Op{done(1, 2, get(Absent)), done(3, 4, incr(1))}},
		"either while it runs":               {Linearizable, []Op{done(1, 9, set(5)), done(2, 3, get(Absent)), done(4, 5, get(5))}},
		"back and forth":                     {Unlinearizable, []Op{done(1, 9, set(5)), done(2, 3, get(5)), done(4, 5, get(Absent))}},
		"stale read":                         {Unlinearizable, []Op{done(1, 2, set(5)), done(3, 4, set(6)), done(5, 6, get(5))}},
		"lost write":                         {Unlinearizable, []Op{done(1, 2, set(5)), done(3, 4, get(Absent))}},
		"invented value":                     {Unlinearizable, []Op{done(1, 2, set(5)), done(3, 4, get(7))}},
		"incr done twice":                    {Unlinearizable, []Op{done(1, 2, incr(1)), done(3, 4, get(2))}},
		"two incr, same sum":                 {Unlinearizable, []Op{done(1, 5, incr(1)), done(1, 5, incr(1))}},
		"lost update":                        {Unlinearizable, []Op{done(1, 2, set(5)), done(3, 4, set(6)), done(5, 6, swap(5, 7))}},
		"two swaps of one":                   {Unlinearizable, []Op{done(1, 2, set(5)), done(3, 9, swap(5, 7)), done(3, 9, swap(5, 8))}},
		"unknown, done":                      {Linearizable, []Op{at(1, 0, set(5)), done(3, 4, get(5))}},
		"unknown, not done":                  {Linearizable, []Op{at(1, 0, set(5)), done(3, 4, get(Absent))}},
		"unknown, done late":                 {Linearizable, []Op{at(1, 0, incr(0)), done(3, 4, get(Absent)), done(5, 6, get(1)), done(7, 8, get(1))}},
		"unknown, done twice":                {Unlinearizable, []Op{at(1, 0, incr(0)), done(3, 4, get(1)), done(5, 6, get(2))}},
		"unknown swap":                       {Linearizable, []Op{done(1, 2, set(5)), at(3, 0, swap(5, 6)), done(5, 6, get(6))}},
		"unknown swap of what was not there": {Unlinearizable, []Op{done(1, 2, set(5)), at(3, 0, swap(4, 6)), done(5, 6, get(6))}},
		"unknown before its call":            {Unlinearizable, []Op{done(1, 2, get(5)), at(3, 0, set(5))}},
		"unknown read":                       {Linearizable, []Op{done(1, 2, set(5)), at(3, 0, get(77))}},
		"refused, not done":                  {Linearizable, []Op{refused(1, 2, set(5)), done(3, 4, get(Absent))}},
		"refused, but done":                  {RefusedButDone, []Op{refused(1, 2, set(5)), done(3, 4, get(5))}},
		"refused incr, but done":             {RefusedButDone, []Op{refused(1, 2, incr(0)), done(3, 4, incr(2))}},
		"refused, but done, and worse":       {RefusedButDone, []Op{refused(1, 2, set(5)), done(3, 4, get(5)), done(5, 6, get(Absent))}},
		"stale, and a refused removal":       {Unlinearizable, append([]Op{done(1, 2, set(5)), done(3, 4, set(6)), done(5, 6, get(5)), done(7, 8, get(Absent))}, refused(9, 10, set(Absent)))},
		"refused, and something else":        {Unlinearizable, []Op{refused(1, 2, set(5)), done(3, 4, get(6))}},
	} {
		if got := judge(c.ops...); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestCheckGivesUpInTime(t *testing.T) {
	var ops []Op
	for i := range int64(40) { // all at once, and a read that none explains
		ops = append(ops, done(1, 100, Op{Kind: Set, Arg: i}))
	}
	ops = append(ops, done(101, 102, Op{Kind: Get, Out: 1000}))
	k := &Key{Name: "k"}
	for _, op := range ops {
		k.Record(op)
	}
	if j := k.Check(time.Millisecond); j.Verdict == Linearizable {
		t.Errorf("verdict %v", j.Verdict)
	}
}

func TestDrawNamesTheOperations(t *testing.T) {
	k := &Key{Name: "k"}
	k.Record(done(1, 2, Op{Kind: Set, Arg: 5}))
	k.Record(done(3, 4, Op{Kind: Get, Out: 6}))
	j := k.Check(patience)
	var page strings.Builder
	if err := j.Draw(&page); err != nil || !strings.Contains(page.String(), "get = 6") {
		t.Errorf("the page does not show the read (%v)", err)
	}
}

func TestOpString(t *testing.T) {
	for want, op := range map[string]Op{
		"get = nothing":         done(0, 0, Op{Kind: Get, Out: Absent}),
		"set 4 (unknown)":       {Kind: Set, Arg: 4},
		"incr = 3":              done(0, 0, Op{Kind: Incr, Out: 3}),
		"swap 1 for 2":          done(0, 0, Op{Kind: Swap, Old: 1, Arg: 2}),
		"get (refused)":         refused(0, 0, Op{Kind: Get}),
		"swap nothing for 2":    done(0, 0, Op{Kind: Swap, Old: Absent, Arg: 2}),
		"set nothing (refused)": refused(0, 0, Op{Kind: Set, Arg: Absent}),
	} {
		if got := op.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestRecorderRetiresFullKeys(t *testing.T) {
	r := NewRecorder("h:", 2, Limits{Unknown: 2, Ops: 5})
	a, b := r.Pick(0), r.Pick(1)
	if a == b || r.Pick(2) != a {
		t.Fatal("two live keys, in turn")
	}
	for range 2 {
		a.Record(Op{Kind: Set})
		b.Record(Op{Kind: Get}) // an unknown read costs nothing
	}
	if r.Pick(0) == a || r.Pick(1) != b {
		t.Error("not the key with two unknown writes was retired")
	}
	for range 3 {
		b.Record(Op{Kind: Get})
	}
	if r.Pick(1) == b {
		t.Error("a key with five operations was not retired")
	}
	names := ""
	for _, j := range r.Check(2, patience) {
		names += fmt.Sprint(j.Key.Name, "=", j.Ops, " ")
	}
	if names != "h:0=2 h:1=5 h:2=0 h:3=0 " {
		t.Errorf("judged %s", names)
	}
}
