package sim

import (
	"fmt"
	"strconv"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/cmd/internal/history"
)

// brief is a register whose values expire: what was set with a time to live may be gone at any later moment,
// and what is gone does not come back.
type brief struct {
	s    *Sim
	keys []*briefKey
	due  time.Duration // about when the time of the value set last is over
}

type briefKey struct {
	name    string
	ops     []porcupine.Operation
	unknown int
}

// briefOp is one operation; a Set if it has an argument.
type briefOp struct {
	arg  int64
	ttl  int // ms, 0 for none
	out  int64
	done bool
}

// task sets or reads a key.
func (b *brief) task(c *client) task {
	if n := len(b.keys); n == 0 || b.keys[n-1].unknown >= limits.Unknown || len(b.keys[n-1].ops) >= limits.Ops {
		b.keys = append(b.keys, &briefKey{name: fmt.Sprintf("brief%d", n)})
	}
	t := &fleeting{c: c, key_: b.keys[len(b.keys)-1], call: b.s.moment()}
	if !c.reads && !c.brink && c.rng.IntN(2) == 0 {
		t.op.arg = b.s.value(t.key_.name)
		if c.rng.IntN(4) > 0 {
			t.op.ttl = 1 + c.rng.IntN(800)
			b.due = b.s.now + time.Duration(t.op.ttl)*time.Millisecond
		}
	}
	c.brink = false
	return t
}

type fleeting struct {
	c    *client
	key_ *briefKey
	op   briefOp
	call int64
}

func (f *fleeting) key() string { return f.key_.name }

func (f *fleeting) commands() [][]string {
	v := strconv.FormatInt(f.op.arg, 10)
	switch {
	case f.op.arg == 0:
		return [][]string{{"GET", f.key()}}
	case f.op.ttl == 0:
		return [][]string{{"SET", f.key(), v}}
	}
	return [][]string{{"SET", f.key(), v, "PX", strconv.Itoa(f.op.ttl)}}
}

func (f *fleeting) end(replies []reply) task {
	end := f.c.s.moment()
	switch f.c.fateOf(replies, 0) {
	case fate.Refused:
		return nil
	case fate.Unknown:
		if f.op.arg == 0 {
			return nil
		}
		f.key_.unknown++
		end = 1 << 62
	default:
		f.op.done = true
		f.op.out = f.c.number(f.key(), replies[0])
	}
	f.key_.ops = append(f.key_.ops, porcupine.Operation{ClientId: f.c.id, Input: f.op, Call: f.call, Return: end})
	return nil
}

// check judges all keys; the search for an order takes no longer than timeout for each.
func (b *brief) check(timeout time.Duration) {
	for _, k := range b.keys {
		switch porcupine.CheckOperationsTimeout(briefModel, k.ops, timeout) {
		case porcupine.Illegal:
			b.s.fail("%s: no order of the operations explains what they answered", k.name)
		case porcupine.Unknown:
			b.s.tally.Undecided++
		}
	}
}

// briefState is what a key holds; a volatile value may be gone.
type briefState struct {
	value    int64
	volatile bool
}

var briefModel = (&porcupine.NondeterministicModel{
	Init: func() []any { return []any{briefState{value: history.Absent}} },
	Step: func(state, in, _ any) []any { return state.(briefState).step(in.(briefOp)) },
}).ToModel()

func (b briefState) step(op briefOp) []any {
	if op.arg != 0 {
		return []any{briefState{op.arg, op.ttl > 0}}
	}
	var next []any
	if op.out == b.value {
		next = append(next, b)
	}
	if gone := (briefState{value: history.Absent}); b.volatile && op.out == history.Absent {
		next = append(next, gone)
	}
	return next
}
