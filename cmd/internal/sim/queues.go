package sim

import (
	"fmt"
	"strconv"

	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/cmd/internal/history"
)

// queues are lists, and sorted sets, that some push to, and others take from and wait at.
type queues struct {
	s      *Sim
	name   string
	ranked bool
	keys   []*history.Queue
	left   map[*history.Queue][]string // at the end
	made   int
}

const (
	maxQueued = 250
	maxRank   = 20
)

func (s *Sim) newQueues(name string, ranked bool) *queues {
	return &queues{s: s, name: name, ranked: ranked, left: map[*history.Queue][]string{}}
}

// task pushes an element, or takes one: half of those who do wait for it.
func (q *queues) task(c *client) task {
	if n := len(q.keys); n == 0 || q.keys[n-1].Len() >= maxQueued {
		q.keys = append(q.keys, &history.Queue{Name: fmt.Sprintf("%s%d", q.name, n), Ranked: q.ranked})
	}
	t := &queued{c: c, q: q.keys[len(q.keys)-1], op: history.QueueOp{Call: q.s.moment()}}
	switch n := c.rng.IntN(10); {
	case n < 5:
		q.made++
		t.op.Push, t.op.Rank = fmt.Sprintf("%d.%d", c.id, q.made), c.rng.IntN(maxRank)
	case n < 8:
		t.wait = c.patienceAtQueue()
	}
	return t
}

// patienceAtQueue is for how many seconds a client waits for an element.
func (c *client) patienceAtQueue() float64 { return 0.05 + 0.5*c.rng.Float64() }

// closings read what is left.
func (q *queues) closings() (all []*closing) {
	for _, k := range q.keys {
		read := []string{"LRANGE", k.Name, "0", "-1"}
		if q.ranked {
			read[0] = "ZRANGE"
		}
		all = append(all, &closing{s: q.s, name: k.Name, ask: [][]string{read}, take: func(replies []reply) {
			q.left[k] = texts(replies[0])
		}})
	}
	return all
}

// check judges all queues.
func (q *queues) check() {
	for _, k := range q.keys {
		if wrong := k.Check(q.left[k]); wrong != "" {
			q.s.fail("%s", wrong)
		}
	}
}

// queued is one operation on a queue.
type queued struct {
	c    *client
	q    *history.Queue
	op   history.QueueOp
	wait float64 // seconds that a pop waits for an element, 0 for none
}

func (q *queued) key() string { return q.q.Name }

func (q *queued) commands() [][]string {
	name := q.q.Name
	wait := fmt.Sprintf("%.3f", q.wait)
	switch {
	case q.op.Push != "" && q.q.Ranked:
		return [][]string{{"ZADD", name, strconv.Itoa(q.op.Rank), q.op.Push}}
	case q.op.Push != "":
		return [][]string{{"RPUSH", name, q.op.Push}}
	case q.q.Ranked && q.wait > 0:
		return [][]string{{"BZPOPMIN", name, wait}}
	case q.q.Ranked:
		return [][]string{{"ZPOPMIN", name}}
	case q.wait > 0:
		return [][]string{{"BLPOP", name, wait}}
	}
	return [][]string{{"LPOP", name}}
}

func (q *queued) end(replies []reply) task {
	q.op.Fate = q.c.fateOf(replies, 0)
	q.op.Return = q.c.s.moment()
	if q.op.Fate == fate.Done && q.op.Push == "" {
		q.op.Got = q.got(replies[0])
	}
	q.q.Add(q.op)
	return nil
}

// got is the element that a pop was given.
func (q *queued) got(r reply) string {
	switch {
	case r.null || q.wait == 0 && q.q.Ranked && len(r.items) == 0:
		return ""
	case q.wait == 0 && !q.q.Ranked:
		return r.text
	case q.wait == 0:
		return r.items[0].text
	}
	if len(r.items) < 2 || r.items[0].text != q.q.Name {
		q.c.s.fail("client %d waits at %s and is answered %v: a reply that belongs elsewhere", q.c.id, q.q.Name, r.items)
		return ""
	}
	return r.items[1].text
}
