package sim

import (
	"fmt"

	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/cmd/internal/history"
)

// relays are pairs of lists in one slot: jobs are pushed to the first, moved to the second by who takes them
// up, and removed when they are finished.
type relays struct {
	s    *Sim
	keys []*relay
	made int
}

type relay struct {
	history.Relay
	held          []string // taken up, and not finished
	first, second []string // what is there at the end
}

const maxRelayed = 250

func (l *relay) todo() string  { return "{" + l.Name + "}todo" }
func (l *relay) doing() string { return "{" + l.Name + "}doing" }

// task pushes a job, takes one up, or finishes one.
func (r *relays) task(c *client) task {
	if n := len(r.keys); n == 0 || r.keys[n-1].Len() >= maxRelayed {
		r.keys = append(r.keys, &relay{Relay: history.Relay{Name: fmt.Sprintf("relay%d", n)}})
	}
	l := r.keys[len(r.keys)-1]
	t := &relayed{c: c, l: l, op: history.RelayOp{Call: r.s.moment()}}
	switch n := c.rng.IntN(10); {
	case n < 4:
		r.made++
		t.op.Kind, t.op.Job = history.Push, fmt.Sprintf("%d.%d", c.id, r.made)
	case n < 7 || len(l.held) == 0:
		t.op.Kind = history.Move
		if n%2 == 0 {
			t.wait = c.patienceAtQueue()
		}
	default:
		t.op.Kind, t.op.Job = history.Finish, take(&l.held, c.rng.IntN(len(l.held)))
	}
	return t
}

// take removes an element from a slice without keeping the order, and returns it.
func take[T any](from *[]T, i int) T {
	all := *from
	x := all[i]
	all[i] = all[len(all)-1]
	*from = all[:len(all)-1]
	return x
}

// relayed is one operation on a relay.
type relayed struct {
	c    *client
	l    *relay
	op   history.RelayOp
	wait float64 // seconds that a move waits for a job, 0 for none
}

func (r *relayed) key() string { return r.l.todo() }

func (r *relayed) commands() [][]string {
	switch {
	case r.op.Kind == history.Push:
		return [][]string{{"RPUSH", r.l.todo(), r.op.Job}}
	case r.op.Kind == history.Finish:
		return [][]string{{"LREM", r.l.doing(), "0", r.op.Job}}
	case r.wait > 0:
		return [][]string{{"BLMOVE", r.l.todo(), r.l.doing(), "LEFT", "RIGHT", fmt.Sprintf("%.3f", r.wait)}}
	}
	return [][]string{{"LMOVE", r.l.todo(), r.l.doing(), "LEFT", "RIGHT"}}
}

func (r *relayed) end(replies []reply) task {
	r.op.Fate = r.c.fateOf(replies, 0)
	r.op.Return = r.c.s.moment()
	switch {
	case r.op.Kind == history.Finish && r.op.Fate == fate.Refused:
		r.l.held = append(r.l.held, r.op.Job)
	case r.op.Kind == history.Finish && r.op.Fate == fate.Done:
		r.op.Found = int(replies[0].n)
	case r.op.Kind == history.Move && r.op.Fate == fate.Done && !replies[0].null:
		r.op.Job = replies[0].text
		r.l.held = append(r.l.held, r.op.Job)
	}
	r.l.Add(r.op)
	return nil
}

// closings read what is left in both lists, at one moment.
func (r *relays) closings() (all []*closing) {
	for _, l := range r.keys {
		ask := [][]string{{"MULTI"}, {"LRANGE", l.todo(), "0", "-1"}, {"LRANGE", l.doing(), "0", "-1"}, {"EXEC"}}
		all = append(all, &closing{s: r.s, name: l.todo(), ask: ask, from: len(ask) - 1, take: func(replies []reply) {
			both := replies[len(ask)-1].items
			if len(both) != 2 {
				r.s.fail("%s: two lists are read, and the answer is %v", l.Name, both)
				return
			}
			l.first, l.second = texts(both[0]), texts(both[1])
		}})
	}
	return all
}

// check judges all relays.
func (r *relays) check() {
	for _, l := range r.keys {
		if wrong := l.Check(l.first, l.second); wrong != "" {
			r.s.fail("%s", wrong)
		}
	}
}
