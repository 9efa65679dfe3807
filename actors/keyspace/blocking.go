package keyspace

import (
	"math"
	"math/big"
	"slices"
	"strconv"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// waitFor says what an operation that found nothing waits for.
type waitFor struct {
	keys    [][]byte
	kind    kind  // of the value that it can use
	timeout int64 // ms, 0: none. It is for the client's node: here nothing ends by itself
	gone    bool  // it wants to know also when a key is deleted or replaced
}

// Blocked tells of an operation that waits.
type Blocked struct {
	ID      uint64 // names it for Served and for the internal command "unblock"
	Timeout int64  // ms after which it is to be ended by "unblock", 0: never
}

// Served is the end of an operation that waited.
type Served struct {
	ID        uint64
	Reply     []byte // owned; empty if its slot is another shard's now
	Cancelled bool   // by "unblock"
}

const errTooManyWaiters = "TRYAGAIN The shard has as many blocked clients as it may have: not done"

// block ends a command that found nothing, and has changed nothing, and would
// wait. It will be repeated as it stands in c.Args, which may be edited before.
// Where it may not wait it answers a null array.
func (s *State) block(c *call, f waitFor) {
	switch {
	case c.repeats:
		s.again = true
		return
	case !c.waits:
		c.W.NullArray()
		return
	}
	w := &waiter{id: s.waiters.number(c.Env.Index), slot: slotmap.Slot(f.keys[0]), kind: f.kind, gone: f.gone}
	for _, key := range f.keys {
		w.keys = append(w.keys, string(key))
	}
	for _, arg := range c.Args {
		w.args = append(w.args, slices.Clone(arg))
	}
	if !c.W.Discarding() {
		w.proto = c.W.Proto()
	}
	if !s.waiters.add(w) {
		c.W.Error(errTooManyWaiters)
		return
	}
	s.blocked = Blocked{w.id, f.timeout}
}

// Blocked tells that the last operation waits: it has no reply yet, and of the data
// it has changed nothing. Its end will be among those of TakeServed, if its writer did not
// discard.
func (s *State) Blocked() (b Blocked, ok bool) { return s.blocked, s.blocked.ID != 0 }

// Waiters returns the number of operations that wait.
func (s *State) Waiters() int { return s.waiters.all.Len() }

// BlockingKeys returns the number of keys that operations wait for, and of how many of them they want to know also
// when they are deleted.
func (s *State) BlockingKeys() (all, gone int) { return len(s.waiters.queues), s.waiters.gone }

// TakeServed returns the operations that ended their wait since it was called
// last, those of EndWaits left out.
func (s *State) TakeServed() []Served {
	served := s.served
	s.served = nil
	return served
}

// EndWaits forgets all operations that wait. They belong to the leader that they
// came in by, so it is called with the first entry of every term.
func (s *State) EndWaits() { s.waiters = waitTable{} }

// ready reports that whoever waits for the value of e may find something.
func (s *State) ready(e *entry) { s.waiters.wake(e.name()) }

// serve repeats the operations whose keys became ready, key by key; what they do
// may make further keys ready.
func (s *State) serve() {
	t := &s.waiters
	for len(t.ready) > 0 {
		q := t.ready[0]
		t.ready = t.ready[1:]
		q.ready = false
		s.serveQueue(q)
	}
	t.ready = nil
}

// serveQueue gives everyone who waits for a key now one turn, by arrival.
func (s *State) serveQueue(q *waitQueue) {
	turns := q.Len()
	for el := q.Front(); turns > 0; turns-- {
		w := el.Value.(*waiter)
		el = el.Next()
		e := s.read([]byte(q.key))
		if e == nil && q.gone == 0 {
			return
		}
		if w.gone || e != nil && e.kind() == w.kind {
			s.repeat(w)
		}
	}
}

// repeat carries out an operation that waits. It goes on waiting, in its place, if
// it finds nothing again.
func (s *State) repeat(w *waiter) {
	var out resp.Writer
	out.Reset(nil, w.proto)
	out.SetDiscard(w.proto == 0)
	c := &s.call
	c.W, c.waits, c.repeats, s.again = &out, true, true, false
	c.changed = false // what it does counts as an operation of its own
	s.run(w.args)
	c.repeats = false
	if !s.again {
		s.endWait(w, Served{Reply: out.Bytes()})
	}
}

func (s *State) endWait(w *waiter, end Served) {
	s.waiters.remove(w)
	if end.ID = w.id; w.proto != 0 {
		s.served = append(s.served, end)
	}
}

// endWaitsOn ends the operations that wait for keys of slots that went to another
// shard.
func (s *State) endWaitsOn(gone slotmap.Range) {
	for w := range s.waiters.each() {
		if gone.First <= w.slot && w.slot <= gone.Last {
			s.endWait(w, Served{})
		}
	}
}

// unblock is the internal command "unblock timeout|error id…": it ends operations
// that wait, as the timeout of a client does, or CLIENT UNBLOCK.
func unblock(s *State, c *call) {
	s.mayWrite()
	var n int64
	for _, arg := range c.Args[2:] {
		id, _ := strconv.ParseUint(string(arg), 10, 64)
		w := s.waiters.byID[id]
		if w == nil {
			continue
		}
		var out resp.Writer
		out.Reset(nil, w.proto)
		if resp.Is(c.Args[1], "error") {
			out.Error("UNBLOCKED client unblocked via CLIENT UNBLOCK")
		} else {
			out.NullArray()
		}
		s.endWait(w, Served{Reply: out.Bytes(), Cancelled: true})
		n++
	}
	c.W.Int(n)
}

// seconds reads a timeout in seconds as milliseconds, rounded up. ok is false, and
// it has answered, if that is wrong.
func (c *call) seconds(arg []byte) (ms int64, ok bool) {
	d := newLongDouble()
	if !d.parse(arg) {
		c.W.Error("ERR timeout is not a float or out of range")
		return 0, false
	}
	if d.inf {
		d.f.SetInf(arg[0] == '-')
	}
	d.f.Mul(&d.f, big.NewFloat(1000))
	ms, accuracy := d.f.Int64() // cut towards zero, or the nearest end of the range
	if accuracy == big.Below && ms < math.MaxInt64 {
		ms++
	}
	return c.timeout(ms)
}

// millis reads a timeout in milliseconds. ok is false, and it has answered, if
// that is wrong.
func (c *call) millis(arg []byte) (ms int64, ok bool) {
	if ms, ok = parseInt(arg); !ok {
		c.W.Error("ERR timeout is not an integer or out of range")
		return 0, false
	}
	return c.timeout(ms)
}

// timeout refuses what would end before it began, or after the end of time.
func (c *call) timeout(ms int64) (int64, bool) {
	switch {
	case ms < 0:
		c.W.Error("ERR timeout is negative")
	case ms > 0 && ms > math.MaxInt64-c.now:
		c.W.Error("ERR timeout is out of range")
	default:
		return ms, true
	}
	return 0, false
}
