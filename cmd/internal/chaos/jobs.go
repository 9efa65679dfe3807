package chaos

import (
	"fmt"
	"sync"

	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/cmd/internal/history"
)

// jobs are what workers hand to each other: by lists, by sorted sets, and by pairs of lists that a job is moved
// between. Safe for concurrent use.
type jobs struct {
	mu struct {
		sync.Mutex
		made   int // names so far
		pushed int // jobs that were acknowledged
		queues [2][]*history.Queue
		relays []*relay
	}
}

// relay is a pair of lists in one slot.
type relay struct {
	history.Relay
	held []string // taken up, and not finished
}

func (r *relay) todo() string  { return "{" + r.Name + "}todo" }
func (r *relay) doing() string { return "{" + r.Name + "}doing" }

const (
	lists = 0
	ranks = 1
	// maxJobOps is after how many operations a new queue takes the place of the old, whose check takes time by
	// their square.
	maxJobOps = 1000
)

// queue is the newest queue, of lists or of ranks.
func (j *jobs) queue(kind int) *history.Queue {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := &j.mu.queues[kind]
	if n := len(*all); n == 0 || (*all)[n-1].Len() >= maxJobOps {
		names := [...]string{"jobs", "ranked"}
		*all = append(*all, &history.Queue{Name: fmt.Sprintf("%s:%d", names[kind], n), Ranked: kind == ranks})
	}
	return (*all)[len(*all)-1]
}

// relay is the newest pair of lists.
func (j *jobs) relay() *relay {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n := len(j.mu.relays); n == 0 || j.mu.relays[n-1].Len() >= maxJobOps {
		j.mu.relays = append(j.mu.relays, &relay{Relay: history.Relay{Name: fmt.Sprintf("relay:%d", n)}})
	}
	return j.mu.relays[len(j.mu.relays)-1]
}

// name makes the name of a job.
func (j *jobs) name() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.mu.made++
	return fmt.Sprintf("job%d", j.mu.made)
}

// handed notes an operation on a queue.
func (j *jobs) handed(q *history.Queue, op history.QueueOp) {
	j.mu.Lock()
	defer j.mu.Unlock()
	q.Add(op)
	if op.Push != "" && op.Fate == fate.Done {
		j.mu.pushed++
	}
}

// relayed notes an operation on a relay, and who was given a job or could not finish it holds it from then on.
func (j *jobs) relayed(r *relay, op history.RelayOp) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.Add(op)
	switch {
	case op.Kind == history.Push && op.Fate == fate.Done:
		j.mu.pushed++
	case op.Kind == history.Move && op.Job != "", op.Kind == history.Finish && op.Fate == fate.Refused:
		r.held = append(r.held, op.Job)
	}
}

// finishable takes a job that somebody holds, "" if there is none.
func (j *jobs) finishable(r *relay) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(r.held) == 0 {
		return ""
	}
	job := r.held[0]
	r.held = r.held[1:]
	return job
}
