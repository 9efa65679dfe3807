package sim

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/cmd/internal/history"
	"github.com/troupedb/troupe/slotmap"
)

// fateOf is what became of a task by the reply that decides it; there is none where the connection broke, and
// an empty list where nothing was sent.
func (c *client) fateOf(replies []reply, decides int) fate.Fate {
	switch {
	case replies == nil:
		c.s.tally.Unknown++
		return fate.Unknown
	case len(replies) <= decides: // not sent
		return fate.Refused
	}
	line := replies[decides].err
	if line == "" {
		c.s.tally.Done++
		return fate.Done
	}
	code := fate.Code(line)
	if c.s.tally.refusal(code); !fate.Expected(code) {
		c.s.fail("client %d is answered %q", c.id, line)
	}
	f := fate.OfError(line)
	if f == fate.Unknown {
		c.s.tally.Unknown++
	} else {
		c.s.tally.Refused++
	}
	return f
}

// register is an operation on a key that holds a number.
type register struct {
	c    *client
	hist *history.Key
	op   history.Op
}

func (r *register) key() string { return r.hist.Name }

func (r *register) commands() [][]string {
	key := r.hist.Name
	switch {
	case r.op.Kind == history.Get:
		return [][]string{{"GET", key}}
	case r.op.Kind == history.Incr:
		return [][]string{{"INCR", key}}
	case r.op.Arg == history.Absent:
		return [][]string{{"DEL", key}}
	}
	return [][]string{{"SET", key, strconv.FormatInt(r.op.Arg, 10)}}
}

func (r *register) end(replies []reply) task {
	r.op.Fate = r.c.fateOf(replies, 0)
	if r.op.Fate == fate.Done {
		r.op.Out = r.c.number(r.hist.Name, replies[0])
	}
	r.c.s.record(r.hist, r.op)
	return nil
}

// number reads a number, and sees to it that it is one of the key.
func (c *client) number(key string, r reply) int64 {
	switch {
	case r.null:
		return history.Absent
	case r.text == "" || r.text == "OK":
		return r.n
	}
	n, err := strconv.ParseInt(r.text, 10, 64)
	if of, known := c.s.values[n]; err != nil || known && of != key {
		c.s.fail("client %d reads %q at %s, a value of %s: a reply that belongs elsewhere", c.id, r.text, key, of)
	}
	return n
}

// swap changes a register by WATCH, if nobody else did meanwhile.
type swap struct {
	register
	watched bool
}

func (w *swap) commands() [][]string {
	key := w.hist.Name
	if !w.watched {
		return [][]string{{"WATCH", key}, {"GET", key}}
	}
	return [][]string{{"MULTI"}, {"SET", key, strconv.FormatInt(w.op.Arg, 10)}, {"EXEC"}}
}

func (w *swap) end(replies []reply) task {
	if w.watched {
		w.op.Fate = w.c.fateOf(replies, 2)
		if w.op.Fate == fate.Done && replies[2].null {
			w.op.Fate = fate.Refused
		}
		w.c.s.record(w.hist, w.op)
		return nil
	}
	if len(replies) < 2 || replies[0].err != "" || replies[1].err != "" {
		return nil
	}
	w.op.Old = w.c.number(w.hist.Name, replies[1])
	w.watched = true
	w.op.Call = w.c.s.moment()
	return w
}

// pair writes or reads two keys of one slot as one: they are never seen to differ.
type pair struct{ register }

func (p *pair) key() string { return "{" + p.hist.Name + "}" }

func (p *pair) commands() [][]string {
	x, y := p.key()+"x", p.key()+"y"
	switch {
	case p.op.Kind == history.Set:
		v := strconv.FormatInt(p.op.Arg, 10)
		return [][]string{{"MULTI"}, {"SET", x, v}, {"SET", y, v}, {"EXEC"}}
	case p.op.Arg == 0:
		return [][]string{{"MGET", x, y}}
	}
	return [][]string{{"MULTI"}, {"GET", x}, {"GET", y}, {"EXEC"}}
}

func (p *pair) end(replies []reply) task {
	decides := max(0, len(p.commands())-1)
	p.op.Fate = p.c.fateOf(replies, decides)
	if p.op.Fate == fate.Done && p.op.Kind == history.Get {
		both := replies[decides].items
		if len(both) != 2 || both[0].text != both[1].text {
			p.c.s.fail("client %d reads %v at %s: a transaction was torn", p.c.id, both, p.key())
			return nil
		}
		p.op.Out = p.c.number(p.hist.Name, both[0])
	}
	p.c.s.record(p.hist, p.op)
	return nil
}

// once is a write to a key that is written once.
type once struct {
	c   *client
	w   *history.Writer
	seq uint64
}

func (o *once) key() string          { return o.w.Key(o.seq) }
func (o *once) commands() [][]string { return [][]string{{"SET", o.key(), o.w.Value(o.seq)}} }

func (o *once) end(replies []reply) task {
	o.w.Record(o.seq, o.c.fateOf(replies, 0))
	return nil
}

// audit reads such a key back.
type audit struct {
	once
	left *int
}

func (a *audit) commands() [][]string { return [][]string{{"GET", a.key()}} }

func (a *audit) end(replies []reply) task {
	if f := a.c.fateOf(replies, 0); f != fate.Done {
		a.c.s.again = append(a.c.s.again, a)
		return nil
	}
	*a.left--
	r := replies[0]
	if found := a.w.Judge(a.seq, r.text, !r.null); found != history.Fine {
		a.c.s.fail("%s was %v, and reads %q: %v", a.key(), a.w.Fate(a.seq), r.text, found)
	}
	return nil
}

// echo has its own words come back.
type echo struct {
	c    *client
	text string
}

func (e *echo) commands() [][]string { return [][]string{{"ECHO", e.text}} }

func (e *echo) end(replies []reply) task {
	if len(replies) > 0 && replies[0].text != e.text {
		e.c.s.fail("client %d: %q comes back as %v: a reply that belongs elsewhere", e.c.id, e.text, replies[0])
	}
	return nil
}

// switchMode makes a connection read at followers too, or have its commands forwarded.
type switchMode struct {
	c    *client
	line string
}

func (m *switchMode) commands() [][]string     { return [][]string{strings.Fields(m.line)} }
func (m *switchMode) end(replies []reply) task { return nil }

// look asks for the table of slots.
type look struct{ c *client }

func (look) commands() [][]string { return [][]string{{"CLUSTER", "SLOTS"}} }

func (l *look) end(replies []reply) task {
	if len(replies) == 0 || replies[0].err != "" {
		return nil
	}
	next := int64(0)
	for _, row := range replies[0].items {
		if len(row.items) < 3 || row.items[0].n < next || row.items[1].n < row.items[0].n || row.items[1].n >= slotmap.Count || len(row.items[2].items) < 2 {
			l.c.s.fail("client %d: CLUSTER SLOTS lists %v", l.c.id, row)
			return nil
		}
		next = row.items[1].n + 1
		master := row.items[2].items
		place := l.c.s.placeOf(fmt.Sprintf("%s:%d", master[0].text, master[1].n))
		if place == 0 {
			continue
		}
		slots := l.c.routes[row.items[0].n:next]
		for i := range slots {
			slots[i] = uint8(place)
		}
	}
	return nil
}

// await is a WAIT for some followers.
type await struct {
	c    *client
	need int
}

func (a *await) commands() [][]string { return [][]string{{"WAIT", strconv.Itoa(a.need), "500"}} }
func (a *await) end([]reply) task     { return nil }
