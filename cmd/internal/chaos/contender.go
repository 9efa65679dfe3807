package chaos

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/cmd/internal/history"
)

// thinkTime is the longest pause between two operations of a contender. Histories need overlap, not mass.
const thinkTime = 6 * time.Millisecond

// valueStep lies between two stored values, so that sums by INCR never meet another value.
const valueStep = 1 << 20

// contender works on keys that others work on too.
type contender struct {
	session  *client.Session
	recorder *history.Recorder
	tally    *tally
	rng      *rand.Rand
	ids      *atomic.Int32 // the next client id
	values   *atomic.Int64 // the newest stored value
	id       int32
}

// run works until ctx ends. The last operation is waited for.
func (c *contender) run(ctx context.Context) {
	c.id = c.ids.Add(1)
	for ctx.Err() == nil {
		k := c.recorder.Pick(c.rng.Uint64())
		switch n := c.rng.IntN(10); {
		case n < 4:
			c.do(k, history.Op{Kind: history.Get}, "GET", k.Name)
		case n < 6:
			v := c.value()
			c.do(k, history.Op{Kind: history.Set, Arg: v}, "SET", k.Name, strconv.FormatInt(v, 10))
		case n < 8:
			c.do(k, history.Op{Kind: history.Incr}, "INCR", k.Name)
		default:
			c.swap(ctx, k)
		}
		c.think(ctx)
	}
}

func (c *contender) think(ctx context.Context) {
	pause(ctx, time.Duration(c.rng.Int64N(int64(thinkTime))))
}

func (c *contender) value() int64 { return c.values.Add(valueStep) }

// do carries out one command and records it.
func (c *contender) do(k *history.Key, op history.Op, args ...string) {
	op.Call = c.recorder.Now()
	r := c.session.Do(k.Name, args...)
	c.record(k, op, &r)
}

// swap reads the key under WATCH and stores another value if nobody touched it. These are two
// operations: the read, and the write that claims what the key held.
func (c *contender) swap(ctx context.Context, k *history.Key) {
	var op history.Op
	call := c.recorder.Now()
	write, swapped := c.session.Swap(k.Name, func(read *client.Request) string {
		c.record(k, history.Op{Kind: history.Get, Call: call}, read)
		c.think(ctx) // leave the others a chance
		op = history.Op{Kind: history.Swap, Old: output(read), Arg: c.value(), Call: c.recorder.Now()}
		return strconv.FormatInt(op.Arg, 10)
	})
	if write == nil {
		return
	}
	if write.Fate == fate.Done && !swapped {
		c.tally.count(write)
		return // somebody touched it: no effect, no claim
	}
	c.record(k, op, write)
}

// record completes an operation by what the request came back with. After an unknown outcome the client
// goes on under a new id: the operation may still be running, and one client does one thing at a time.
func (c *contender) record(k *history.Key, op history.Op, r *client.Request) {
	op.Client, op.Return, op.Fate, op.Out = c.id, c.recorder.Now(), r.Fate, output(r)
	k.Record(op)
	c.tally.count(r)
	c.tally.latency(time.Duration(op.Return - op.Call))
	if r.Fate == fate.Unknown {
		c.id = c.ids.Add(1)
	}
}

// output is the number in a reply. Text that is no number is one that nobody wrote, and the checker will
// say so.
func output(r *client.Request) int64 {
	if r.Reply.Null {
		return history.Absent
	}
	n, err := strconv.ParseInt(r.Reply.String(), 10, 64)
	if err != nil {
		return -1
	}
	return n
}
