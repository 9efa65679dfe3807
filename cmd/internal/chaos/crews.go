package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/cmd/internal/history"
)

// crews are streams, each with one consumer group: workers add jobs, read them, claim those of others and
// acknowledge them. Safe for concurrent use.
type crews struct {
	mu   sync.Mutex
	all  []*crew
	done int // jobs that were acknowledged
}

// crew is a stream with its group.
type crew struct {
	history.Group
	made bool     // the group is there
	held []parcel // what somebody was given, and has not acknowledged
}

type parcel struct{ id, job string }

const crewGroup = "crew"

// newest is the stream in use, and whether its group is there.
func (c *crews) newest() (_ *crew, made bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.all); n == 0 || c.all[n-1].Len() >= maxJobOps {
		c.all = append(c.all, &crew{Group: history.Group{Name: fmt.Sprintf("crew:%d", n)}})
	}
	last := c.all[len(c.all)-1]
	return last, last.made
}

func (c *crews) founded(s *crew) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.made = true
}

// note notes an operation. What somebody was given, or could not acknowledge, is held from then on.
func (c *crews) note(s *crew, op history.GroupOp) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Add(op)
	given := op.Kind == history.Read || op.Kind == history.Claim
	switch {
	case given && op.ID != "", op.Kind == history.Ack && op.Fate == fate.Refused:
		s.held = append(s.held, parcel{op.ID, op.Job})
	case op.Kind == history.Ack && op.Fate == fate.Done:
		c.done += op.Found
	}
}

// take takes a job out of those that are held; ok is false if there is none.
func (c *crews) take(s *crew, rng *rand.Rand) (p parcel, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(s.held) == 0 {
		return p, false
	}
	i, last := rng.IntN(len(s.held)), len(s.held)-1
	p, s.held[i] = s.held[i], s.held[last]
	s.held = s.held[:last]
	return p, true
}

// onCrew adds a job to a stream, reads some, claims some, or acknowledges one.
func (w *worker) onCrew() {
	s, made := w.crews.newest()
	n := w.rng.IntN(12)
	switch {
	case !made && n < 6:
		w.found(s)
	case !made, n < 4:
		w.add(s)
	case n < 7:
		w.receive(s, history.Read, "XREADGROUP", "GROUP", crewGroup, w.name, "COUNT", "2", "BLOCK", "100", "STREAMS", s.Name, ">")
	case n < 8:
		w.receive(s, history.Claim, "XAUTOCLAIM", s.Name, crewGroup, w.name, "0", "0", "COUNT", "2")
	default:
		w.acknowledge(s)
	}
}

// found makes the group, which somebody else may have done.
func (w *worker) found(s *crew) {
	r := w.session.Do(s.Name, "XGROUP", "CREATE", s.Name, crewGroup, "0", "MKSTREAM")
	exists := r.Code() == "BUSYGROUP"
	if !exists {
		w.tally.count(&r)
	}
	if exists || r.Fate == fate.Done {
		w.crews.founded(s)
	}
}

func (w *worker) add(s *crew) {
	op := history.GroupOp{Kind: history.Append, Job: w.jobs.name()}
	r := w.do(s.Name, "XADD", s.Name, "*", "job", op.Job)
	if op.Fate = r.Fate; op.Fate == fate.Done {
		op.ID = r.Reply.Text
	}
	w.crews.note(s, op)
}

// receive is given jobs: new ones, or those of others.
func (w *worker) receive(s *crew, kind history.GroupKind, args ...string) {
	r := w.do(s.Name, args...)
	if r.Fate != fate.Done {
		w.crews.note(s, history.GroupOp{Kind: kind, Fate: r.Fate})
		return
	}
	parcels, ok := parcelsOf(&r.Reply, kind)
	if !ok {
		w.violations.add(Misdone, fmt.Sprintf("%s: %s is answered %v", s.Name, args[0], r.Reply))
	}
	for _, p := range parcels {
		w.crews.note(s, history.GroupOp{Kind: kind, ID: p.id, Job: p.job, Fate: r.Fate})
	}
}

// parcelsOf reads an answer of XREADGROUP of one stream, or of XAUTOCLAIM; ok is false if it is none.
func parcelsOf(answer *client.Reply, kind history.GroupKind) (_ []parcel, ok bool) {
	switch items := answer.Items; {
	case answer.Null:
		return nil, true
	case kind == history.Claim && len(items) == 3:
		return entriesOf(items[1])
	case kind == history.Read && len(items) == 2: // a map, of RESP3
		return entriesOf(items[1])
	case kind == history.Read && len(items) == 1 && len(items[0].Items) == 2:
		return entriesOf(items[0].Items[1])
	}
	return nil, false
}

// entriesOf reads a list of entries of a stream, each with one field; ok is false if it is none.
func entriesOf(list client.Reply) (all []parcel, ok bool) {
	for _, e := range list.Items {
		if len(e.Items) != 2 || len(e.Items[1].Items) != 2 {
			return all, false
		}
		all = append(all, parcel{e.Items[0].Text, e.Items[1].Items[1].Text})
	}
	return all, true
}

func (w *worker) acknowledge(s *crew) {
	p, ok := w.crews.take(s, w.rng)
	if !ok {
		return
	}
	r := w.do(s.Name, "XACK", s.Name, crewGroup, p.id)
	w.crews.note(s, history.GroupOp{Kind: history.Ack, ID: p.id, Job: p.job, Found: int(r.Reply.Int), Fate: r.Fate})
}

// maxPending is more than a stream can have delivered.
const maxPending = "100000"

// judgeCrews has everything delivered that was not, and checks that each job was delivered, and acknowledged once.
func (r *run) judgeCrews(ctx context.Context, rep *Report) {
	rep.Jobs += int64(r.crews.done)
	session := r.session(ctx, 0)
	for _, s := range r.crews.all {
		if end, ok := r.lastDelivery(ctx, session, s); ok {
			r.misdone(s.Check(end))
		}
	}
}

// lastDelivery reads all that a stream holds once nothing is new in it; ok is false if that can't be read. That the
// group is there already is no error.
func (r *run) lastDelivery(ctx context.Context, session *client.Session, s *crew) (end history.GroupEnd, ok bool) {
	session.Do(s.Name, "XGROUP", "CREATE", s.Name, crewGroup, "0", "MKSTREAM")
	var reads []*client.Request
	for _, args := range [][]string{
		{"XREADGROUP", "GROUP", crewGroup, "last", "STREAMS", s.Name, ">"},
		{"XRANGE", s.Name, "-", "+"},
		{"XPENDING", s.Name, crewGroup, "-", "+", maxPending},
	} {
		read := &client.Request{Key: s.Name, Args: args}
		if !r.insists(ctx, session, read) {
			return end, false
		}
		reads = append(reads, read)
	}
	entries, ok := entriesOf(reads[1].Reply)
	if !ok {
		r.misdone(fmt.Sprintf("%s: XRANGE is answered %v", s.Name, reads[1].Reply))
	}
	end.Entries = map[string]string{}
	for _, p := range entries {
		end.Entries[p.id] = p.job
	}
	for _, p := range reads[2].Reply.Items {
		if len(p.Items) > 0 {
			end.Pending = append(end.Pending, p.Items[0].Text)
		}
	}
	return end, ok
}
