package sim

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/cmd/internal/history"
)

// A history whose outcome is unknown too often takes too long to check; its key is replaced by a new one.
var limits = history.Limits{Unknown: 6, Ops: 300}

// histories begins what the clients write down.
func (s *Sim) histories() {
	s.recorder = map[string]*history.Recorder{}
	for _, kind := range []string{"register", "counter", "swap", "pair"} {
		s.recorder[kind] = history.NewRecorder(kind, 2, limits)
	}
	s.ledger = history.NewLedger(s.options.Seed)
	s.logs = &logs{s: s}
	s.brief = &brief{s: s}
	s.queues, s.ranks = s.newQueues("queue", false), s.newQueues("rank", true)
	s.relays, s.groups = &relays{s: s}, &groups{s: s}
	s.channels = newChannels(s)
}

// record writes down an operation that has come to its end.
func (s *Sim) record(k *history.Key, op history.Op) {
	if op.Fate == fate.Done || op.Kind != history.Get {
		op.Return = s.moment()
		k.Record(op)
	}
	if op.Fate == fate.Done && op.Kind != history.Get {
		s.fresh = k
	}
}

// value is a number that nobody else writes.
func (s *Sim) value(key string) int64 {
	n := int64(len(s.values)) + 1_000_000
	s.values[n] = key
	return n
}

// worker is a client that does a little of everything, or reads all the time.
func (s *Sim) worker() {
	var c *client
	var w *history.Writer
	echoes := 0
	c = s.addClient(func(*client) task {
		switch n := c.rng.IntN(100); {
		case c.brink:
			return s.brief.task(c)
		case n%10 == 0 || n%2 == 0 && c.reads:
			return c.lookBack()
		case n < 22:
			return c.onRegister()
		case n < 34:
			return c.onCounter()
		case n < 44:
			return c.onSwap()
		case n < 55:
			return c.onPair()
		case n < 64:
			return s.logs.task(c)
		case n < 74:
			return s.brief.task(c)
		case n < 86 && !c.reads:
			return c.onJobs()
		case n < 94 && !c.reads:
			return &once{c, w, w.Next()}
		case n < 96:
			return s.channels.task(c)
		case n < 97:
			echoes++
			return &echo{c, fmt.Sprintf("client %d, echo %d", c.id, echoes)}
		case n < 98:
			return &await{c, c.rng.IntN(3)}
		}
		return &look{c}
	})
	c.reads = c.rng.IntN(4) == 0
	w = s.ledger.Writer("once" + strconv.Itoa(c.id) + ":")
	c.think()
}

// onJobs hands a job on, by a list, a sorted set, two lists or a stream.
func (c *client) onJobs() task {
	switch c.rng.IntN(4) {
	case 0:
		return c.s.queues.task(c)
	case 1:
		return c.s.ranks.task(c)
	case 2:
		return c.s.relays.task(c)
	}
	return c.s.groups.task(c)
}

func (c *client) base(kind string) register {
	return register{c: c, hist: c.s.recorder[kind].Pick(c.rng.Uint64()), op: history.Op{Client: int32(c.id), Call: c.s.moment()}}
}

// lookBack reads what somebody has just changed.
func (c *client) lookBack() task {
	k := c.s.fresh
	if k == nil {
		return c.onRegister()
	}
	r := register{c: c, hist: k, op: history.Op{Client: int32(c.id), Call: c.s.moment()}}
	if strings.HasPrefix(k.Name, "pair") {
		return &pair{r}
	}
	return &r
}

func (c *client) onRegister() task {
	r := c.base("register")
	switch n := c.rng.IntN(10); {
	case c.reads:
	case n < 4:
		r.op.Kind, r.op.Arg = history.Set, c.s.value(r.hist.Name)
	case n < 5:
		r.op.Kind, r.op.Arg = history.Set, history.Absent
	}
	return &r
}

func (c *client) onCounter() task {
	r := c.base("counter")
	if !c.reads && c.rng.IntN(3) > 0 {
		r.op.Kind = history.Incr
	}
	return &r
}

func (c *client) onSwap() task {
	r := c.base("swap")
	if c.reads || c.rng.IntN(4) == 0 {
		return &r
	}
	r.op.Kind, r.op.Arg = history.Swap, c.s.value(r.hist.Name)
	return &swap{register: r}
}

func (c *client) onPair() task {
	r := c.base("pair")
	if !c.reads && c.rng.IntN(2) == 0 {
		r.op.Kind, r.op.Arg = history.Set, c.s.value(r.hist.Name)
	} else {
		r.op.Arg = int64(c.rng.IntN(2))
	}
	return &pair{r}
}
