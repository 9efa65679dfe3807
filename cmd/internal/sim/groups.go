package sim

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/cmd/internal/history"
)

// groups are streams, each with one consumer group: jobs are added, read, claimed from those who have them, and
// acknowledged.
type groups struct {
	s    *Sim
	keys []*crewed
	made int
}

// crewed is a stream with its group.
type crewed struct {
	history.Group
	made bool        // the group is there
	held []delivered // what somebody was given, and has not acknowledged
	end  history.GroupEnd
}

type delivered struct{ id, job string }

const (
	maxDelivered = 250
	groupName    = "crew"
)

// task adds a job, reads some, claims some, or acknowledges one.
func (g *groups) task(c *client) task {
	if n := len(g.keys); n == 0 || g.keys[n-1].Len() >= maxDelivered {
		g.keys = append(g.keys, &crewed{Group: history.Group{Name: fmt.Sprintf("stream%d", n)}})
	}
	st := g.keys[len(g.keys)-1]
	b := dealing{c: c, st: st}
	switch n := c.rng.IntN(12); {
	case !st.made && n < 6:
		return &found{b}
	case n < 4 || !st.made:
		g.made++
		return &added{b, fmt.Sprintf("%d.%d", c.id, g.made)}
	case n < 7 || len(st.held) == 0:
		return &given{dealing: b, block: n % 2 * c.rng.IntN(500)}
	case n < 8:
		return &given{dealing: b, claims: true}
	}
	return &acked{b, take(&st.held, c.rng.IntN(len(st.held)))}
}

// dealing is an operation on a stream.
type dealing struct {
	c  *client
	st *crewed
}

func (d *dealing) key() string { return d.st.Name }

// found makes the group, which somebody else may have done.
type found struct{ dealing }

func (f *found) commands() [][]string {
	return [][]string{{"XGROUP", "CREATE", f.key(), groupName, "0", "MKSTREAM"}}
}

func (f *found) end(replies []reply) task {
	exists := len(replies) > 0 && strings.HasPrefix(replies[0].err, "BUSYGROUP")
	f.st.made = f.st.made || exists || f.c.fateOf(replies, 0) == fate.Done
	return nil
}

// added is a job that is put into a stream.
type added struct {
	dealing
	job string
}

func (a *added) commands() [][]string { return [][]string{{"XADD", a.key(), "*", "job", a.job}} }

func (a *added) end(replies []reply) task {
	op := history.GroupOp{Kind: history.Append, Job: a.job, Fate: a.c.fateOf(replies, 0)}
	if op.Fate == fate.Done {
		op.ID = replies[0].text
	}
	a.st.Add(op)
	return nil
}

// given are jobs that are read, or claimed from who has them.
type given struct {
	dealing
	claims bool
	block  int // ms that a read waits for a job, 0 for none
}

func (r *given) commands() [][]string {
	name := "client" + strconv.Itoa(r.c.id)
	if r.claims {
		return [][]string{{"XAUTOCLAIM", r.key(), groupName, name, "0", "0", "COUNT", "2"}}
	}
	cmd := []string{"XREADGROUP", "GROUP", groupName, name, "COUNT", "2"}
	if r.block > 0 {
		cmd = append(cmd, "BLOCK", strconv.Itoa(r.block))
	}
	return [][]string{append(cmd, "STREAMS", r.key(), ">")}
}

func (r *given) end(replies []reply) task {
	kind := history.Read
	if r.claims {
		kind = history.Claim
	}
	f := r.c.fateOf(replies, 0)
	if f != fate.Done {
		r.st.Add(history.GroupOp{Kind: kind, Fate: f})
		return nil
	}
	for _, d := range r.c.entries(r.entries(replies[0])) {
		r.st.held = append(r.st.held, d)
		r.st.Add(history.GroupOp{Kind: kind, Job: d.job, ID: d.id, Fate: f})
	}
	return nil
}

// entries is the part of a reply that lists entries.
func (r *given) entries(answer reply) reply {
	switch {
	case answer.null:
		return answer
	case r.claims && len(answer.items) == 3:
		return answer.items[1]
	case !r.claims && len(answer.items) == 1 && len(answer.items[0].items) == 2 && answer.items[0].items[0].text == r.key():
		return answer.items[0].items[1]
	}
	r.c.s.fail("client %d reads %s and is answered %v: a reply that belongs elsewhere", r.c.id, r.key(), answer)
	return reply{}
}

// entries reads a list of entries of a stream.
func (c *client) entries(list reply) (all []delivered) {
	for _, e := range list.items {
		if len(e.items) != 2 || len(e.items[1].items) != 2 {
			c.s.fail("client %d is given the entry %v: a reply that belongs elsewhere", c.id, e)
			return nil
		}
		all = append(all, delivered{e.items[0].text, e.items[1].items[1].text})
	}
	return all
}

// acked is a job that is acknowledged.
type acked struct {
	dealing
	d delivered
}

func (a *acked) commands() [][]string { return [][]string{{"XACK", a.key(), groupName, a.d.id}} }

func (a *acked) end(replies []reply) task {
	op := history.GroupOp{Kind: history.Ack, Job: a.d.job, ID: a.d.id, Fate: a.c.fateOf(replies, 0)}
	switch op.Fate {
	case fate.Refused:
		a.st.held = append(a.st.held, a.d)
	case fate.Done:
		op.Found = int(replies[0].n)
		a.c.s.tally.Jobs += op.Found
	}
	a.st.Add(op)
	return nil
}

// closings have everything delivered that was not, and read what is there and what is pending.
func (g *groups) closings() (all []*closing) {
	for _, st := range g.keys {
		ask := [][]string{
			{"XGROUP", "CREATE", st.Name, groupName, "0", "MKSTREAM"},
			{"XREADGROUP", "GROUP", groupName, "last", "STREAMS", st.Name, ">"},
			{"XRANGE", st.Name, "-", "+"},
			{"XPENDING", st.Name, groupName, "-", "+", "100000"},
		}
		l := &closing{s: g.s, name: st.Name, ask: ask, from: 1}
		l.take = func(replies []reply) {
			st.end.Entries = map[string]string{}
			for _, d := range l.c.entries(replies[2]) {
				st.end.Entries[d.id] = d.job
			}
			for _, p := range replies[3].items {
				if len(p.items) != 4 {
					g.s.fail("%s: the pending entry %v is none", st.Name, p)
					return
				}
				st.end.Pending = append(st.end.Pending, p.items[0].text)
			}
		}
		all = append(all, l)
	}
	return all
}

// check judges all streams.
func (g *groups) check() {
	for _, st := range g.keys {
		if wrong := st.Check(st.end); wrong != "" {
			g.s.fail("%s", wrong)
		}
	}
}
