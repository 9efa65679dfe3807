package sim

import (
	"fmt"

	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/cmd/internal/history"
)

// queues are lists that some push to, and others take from and wait at.
type queues struct {
	s    *Sim
	keys []*history.Queue
	left map[*history.Queue][]string // at the end
	made int
}

const maxQueued = 250

// task pushes an element, or takes one: half of those who do wait for it.
func (q *queues) task(c *client) task {
	if n := len(q.keys); n == 0 || q.keys[n-1].Len() >= maxQueued {
		q.keys = append(q.keys, &history.Queue{Name: fmt.Sprintf("queue%d", n)})
	}
	t := &queued{c: c, q: q.keys[len(q.keys)-1], op: history.QueueOp{Call: q.s.moment()}}
	switch n := c.rng.IntN(10); {
	case n < 5:
		q.made++
		t.op.Push = fmt.Sprintf("%d.%d", c.id, q.made)
	case n < 8:
		t.wait = 0.05 + 0.5*c.rng.Float64()
	}
	return t
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
	switch {
	case q.op.Push != "":
		return [][]string{{"RPUSH", q.q.Name, q.op.Push}}
	case q.wait > 0:
		return [][]string{{"BLPOP", q.q.Name, fmt.Sprintf("%.3f", q.wait)}}
	}
	return [][]string{{"LPOP", q.q.Name}}
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

func (q *queued) got(r reply) string {
	if q.wait == 0 || r.null {
		return r.text
	}
	if len(r.items) != 2 || r.items[0].text != q.q.Name {
		q.c.s.fail("client %d waits at %s and is answered %v: a reply that belongs elsewhere", q.c.id, q.q.Name, r.items)
		return ""
	}
	return r.items[1].text
}

// leftover reads what a queue holds at the end.
type leftover struct {
	c    *client
	s    *Sim
	q    *history.Queue
	open *int
}

func (l *leftover) key() string          { return l.q.Name }
func (l *leftover) commands() [][]string { return [][]string{{"LRANGE", l.q.Name, "0", "-1"}} }

func (l *leftover) by(c *client) task {
	l.c = c
	return l
}

func (l *leftover) end(replies []reply) task {
	if l.c.fateOf(replies, 0) != fate.Done {
		l.s.again = append(l.s.again, l)
		return nil
	}
	*l.open--
	for _, item := range replies[0].items {
		l.s.queues.left[l.q] = append(l.s.queues.left[l.q], item.text)
	}
	return nil
}
