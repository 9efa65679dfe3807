package chaos

import (
	"context"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/cmd/internal/history"
)

const (
	jobWait = "0.1" // seconds that a worker waits for a job
	maxRank = 20
)

// worker pushes jobs, waits for those of others, and takes them.
type worker struct {
	name       string // in consumer groups
	session    *client.Session
	jobs       *jobs
	crews      *crews
	tally      *tally
	violations *violations
	rng        *rand.Rand
	now        func() int64
}

// run works until ctx ends. The last operation is waited for.
func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		switch w.rng.IntN(4) {
		case 0:
			w.onQueue(w.jobs.queue(lists), "RPUSH", "BLPOP")
		case 1:
			w.onQueue(w.jobs.queue(ranks), "ZADD", "BZPOPMIN")
		case 2:
			w.onRelay(w.jobs.relay())
		default:
			w.onCrew()
		}
		pause(ctx, time.Duration(w.rng.Int64N(int64(thinkTime))))
	}
}

// onQueue pushes a job or takes one.
func (w *worker) onQueue(q *history.Queue, push, pop string) {
	op, args := history.QueueOp{Call: w.now()}, []string{pop, q.Name, jobWait}
	if w.rng.IntN(2) == 0 {
		op.Push, op.Rank = w.jobs.name(), w.rng.IntN(maxRank)
		args = []string{push, q.Name}
		if q.Ranked {
			args = append(args, strconv.Itoa(op.Rank))
		}
		args = append(args, op.Push)
	}
	r := w.do(q.Name, args...)
	op.Fate, op.Return = r.Fate, w.now()
	if items := r.Reply.Items; op.Push == "" && len(items) > 1 {
		op.Got = items[1].Text
	}
	w.jobs.handed(q, op)
}

// onRelay pushes a job, takes one up, or finishes one.
func (w *worker) onRelay(l *relay) {
	op := history.RelayOp{Kind: history.Push, Call: w.now()}
	args := []string{"RPUSH", l.todo()}
	switch n := w.rng.IntN(10); {
	case n < 4:
		op.Job = w.jobs.name()
		args = append(args, op.Job)
	case n < 7:
		op.Kind = history.Move
		args = []string{"BLMOVE", l.todo(), l.doing(), "LEFT", "RIGHT", jobWait}
	default:
		if op.Kind, op.Job = history.Finish, w.jobs.finishable(l); op.Job == "" {
			return
		}
		args = []string{"LREM", l.doing(), "0", op.Job}
	}
	r := w.do(l.todo(), args...)
	op.Fate, op.Return = r.Fate, w.now()
	if op.Fate == fate.Done && op.Kind == history.Move {
		op.Job = r.Reply.Text
	}
	op.Found = int(r.Reply.Int)
	w.jobs.relayed(l, op)
}

func (w *worker) do(key string, args ...string) client.Request {
	r := w.session.Do(key, args...)
	w.tally.count(&r)
	return r
}

// judgeJobs reads what is left in all queues, and checks that every job was taken once.
func (r *run) judgeJobs(ctx context.Context, rep *Report) {
	rep.Jobs = int64(r.jobs.mu.pushed)
	session := r.session(ctx, 0)
	for kind, read := range [...]string{lists: "LRANGE", ranks: "ZRANGE"} {
		for _, q := range r.jobs.mu.queues[kind] {
			if left, ok := r.left(ctx, session, read, q.Name); ok {
				r.misdone(q.Check(left[0]))
			}
		}
	}
	for _, l := range r.jobs.mu.relays {
		if left, ok := r.left(ctx, session, "LRANGE", l.todo(), l.doing()); ok {
			r.misdone(l.Check(left[0], left[1]))
		}
	}
}

func (r *run) misdone(wrong string) {
	if wrong != "" {
		r.violations.add(Misdone, wrong)
	}
}

// left reads what some keys of one slot hold; ok is false if that can't be read.
func (r *run) left(ctx context.Context, session *client.Session, read string, keys ...string) (left [][]string, ok bool) {
	var reads []*client.Request
	for _, key := range keys {
		reads = append(reads, &client.Request{Key: key, Args: []string{read, key, "0", "-1"}})
	}
	if !r.insists(ctx, session, reads...) {
		return nil, false
	}
	for _, read := range reads {
		var texts []string
		for _, item := range read.Reply.Items {
			texts = append(texts, item.Text)
		}
		left = append(left, texts)
	}
	return left, true
}

// insists asks until all is answered; a cluster that does not answer is not healed.
func (r *run) insists(ctx context.Context, session *client.Session, reads ...*client.Request) bool {
	if insist(ctx, session, reads) == 0 {
		return true
	}
	if ctx.Err() == nil {
		r.violations.add(Unhealed, reads[0].Key+" cannot be read")
	}
	return false
}
