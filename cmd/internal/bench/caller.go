package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/wire/resp"
)

// Latencies are kept from a microsecond to a minute, to two digits: a hundredth.
const (
	longest = time.Minute
	digits  = 2
)

// patience is how long after the end of a load a reply may come.
const patience = 30 * time.Second

// caller is one connection of the spread client: it sends a pipeline, reads all the replies, and begins again.
// One goroutine uses it.
type caller struct {
	load   Load
	number int
	atlas  *atlas
	once   bool // ask for each key once, in order, and not at random
	rnd    *rand.Rand

	layout *layout
	conn   net.Conn
	keys   []uint32 // that this caller asks for, all of one node
	at     int      // the next of them, if once

	out   resp.Writer
	key   []byte
	value []byte
	in    replies

	tally
}

// tally is what a caller counted.
type tally struct {
	done, failed int64
	failure      string
	moved        bool     // since the layout was looked up
	asked        []uint32 // keys of the replies to come, if each is asked for once
	missed       []uint32 // those of them that failed
	times        *hdrhistogram.Histogram
}

func newTally() tally {
	return tally{times: hdrhistogram.New(1, longest.Microseconds(), digits)}
}

func newCaller(l Load, number int, a *atlas, once bool) *caller {
	c := &caller{load: l, number: number, atlas: a, once: once, tally: newTally()}
	c.rnd = rand.New(rand.NewPCG(uint64(number), uint64(l.Pipeline)))
	c.value = make([]byte, l.Value)
	for i := range c.value {
		c.value[i] = 'a' + byte(c.rnd.IntN(26))
	}
	return c
}

// locate takes the newest layout, a node of it and the part of that node's keys that is this caller's.
func (c *caller) locate(ctx context.Context) (err error) {
	if c.layout, err = c.atlas.after(ctx, c.layout); err != nil {
		return err
	}
	c.moved = false
	node, nodes := c.number%len(c.layout.nodes), len(c.layout.nodes)
	c.keys = c.layout.keys[node]
	if c.once {
		sharers := (c.load.Clients - node + nodes - 1) / nodes
		c.keys = part(c.keys, c.number/nodes, sharers)
	}
	return c.dial(ctx, c.layout.nodes[node])
}

// part is the k-th of n parts of keys.
func part(keys []uint32, k, n int) []uint32 {
	return keys[k*len(keys)/n : (k+1)*len(keys)/n]
}

// dial connects, for as long as a load, twice its time with a rate, and its last replies may take. The connection breaks when ctx ends.
func (c *caller) dial(ctx context.Context, addr string) (err error) {
	c.hangUp()
	c.in = replies{}
	var d net.Dialer
	if c.conn, err = d.DialContext(ctx, "tcp", addr); err != nil {
		return err
	}
	conn := c.conn
	context.AfterFunc(ctx, func() { conn.Close() })
	return c.conn.SetDeadline(time.Now().Add(2*c.load.Length + patience))
}

func (c *caller) hangUp() {
	if c.conn != nil {
		c.conn.Close()
	}
}

// call sends pipelines, at least one, until the time is up, or until there are no more keys: each when the one before is
// answered.
func (c *caller) call(ctx context.Context, until time.Time) error {
	if c.load.rate > 0 {
		return c.callInTime(ctx, until)
	}
	for {
		n := c.write()
		if n == 0 {
			return nil
		}
		if err := c.exchange(ctx, n, time.Now()); err != nil {
			return err
		}
		if !time.Now().Before(until) {
			return nil
		}
	}
}

// callInTime sends each pipeline when it is due, or when the one before is answered: all that are due until the time is
// up, and what is not sent after as long again has failed.
func (c *caller) callInTime(ctx context.Context, until time.Time) error {
	giveUp := until.Add(c.load.Length)
	var lag time.Duration // by which this program slept too long: its clock is not the servers'
	for due := time.Now().Add(c.gap()); !due.After(until); due = due.Add(c.gap()) {
		now := time.Now()
		switch wait := due.Sub(now); {
		case wait > 0:
			if err := rest(ctx, wait); err != nil {
				return err
			}
			now = time.Now()
			lag = now.Sub(due)
		case now.After(giveUp):
			if err := c.unsent(now.Sub(due)); err != nil {
				return err
			}
			continue
		}
		if err := c.exchange(ctx, c.write(), waitsSince(due, now, lag)); err != nil {
			return err
		}
	}
	return nil
}

// waitsSince is from when on the servers are waited for with a pipeline that was due and is sent now. What is late, is so
// for the one before was, by this program's lag, or for the servers had not answered it.
func waitsSince(due, now time.Time, lag time.Duration) time.Time {
	if since := due.Add(lag); since.Before(now) {
		return since
	}
	return now
}

// unsent counts a pipeline that was due so long ago, and is not sent any more.
func (c *caller) unsent(late time.Duration) error {
	for range c.load.Pipeline {
		c.fail("not sent: the replies before took too long")
	}
	return c.record(late, c.load.Pipeline)
}

// gap is the time from one pipeline to the next of a load with a rate: at random, as of clients that know nothing of each
// other.
func (c *caller) gap() time.Duration {
	mean := float64(c.load.Pipeline*c.load.Clients) / c.load.rate
	return time.Duration(mean * c.rnd.ExpFloat64() * float64(time.Second))
}

// write makes a pipeline, and returns how many requests are in it.
func (c *caller) write() (n int) {
	c.out.Reset(c.out.Bytes()[:0], 2)
	if c.once {
		c.asked = c.keys[c.at:]
	}
	for n < c.load.Pipeline {
		id, ok := c.next()
		if !ok {
			break
		}
		c.key = c.load.Test.appendKey(c.key[:0], id)
		c.load.Test.request(&c.out, c.key, c.value)
		n++
	}
	return n
}

func (c *caller) next() (id uint32, ok bool) {
	if !c.once {
		return c.keys[c.rnd.IntN(len(c.keys))], true
	}
	if c.at >= len(c.keys) {
		return 0, false
	}
	c.at++
	return c.keys[c.at-1], true
}

// exchange sends the pipeline and reads n replies, which somebody waits for since then. Where slots have moved it looks
// them up; not if each key is asked for once, for the rest of them is another's then.
func (c *caller) exchange(ctx context.Context, n int, since time.Time) error {
	if _, err := c.conn.Write(c.out.Bytes()); err != nil {
		return c.broken(err)
	}
	for n > 0 {
		got, err := c.in.read(c.conn, n, c.note)
		if err == nil {
			err = c.record(time.Since(since), got)
		}
		if err != nil {
			return c.broken(err)
		}
		n -= got
	}
	if c.moved && !c.once {
		return c.locate(ctx)
	}
	return nil
}

func (c *caller) broken(err error) error { return fmt.Errorf("%s: %w", c.conn.RemoteAddr(), err) }

// record notes that so many replies took so long.
func (t *tally) record(took time.Duration, replies int) error {
	return t.times.RecordValues(max(min(took, longest).Microseconds(), 1), int64(replies))
}

// note counts a reply.
func (t *tally) note(v resp.Value) {
	switch v.Kind {
	case resp.Error:
		text := string(v.Str)
		t.fail(text)
		t.moved = t.moved || fate.Code(text) == "MOVED"
	case resp.Null:
		t.fail("no such key")
	default:
		t.done++
	}
	if len(t.asked) > 0 {
		if v.Kind == resp.Error || v.Kind == resp.Null {
			t.missed = append(t.missed, t.asked[0])
		}
		t.asked = t.asked[1:]
	}
}

func (t *tally) fail(text string) {
	if t.failed++; t.failed == 1 {
		t.failure = text
	}
}
