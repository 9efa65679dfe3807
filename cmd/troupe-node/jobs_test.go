package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/slotmap"
)

// jobs is a queue with producers that push, and consumers that wait for what is pushed.
type jobs struct {
	routes *client.Routes
	cancel context.CancelFunc
	stop   context.CancelFunc // of the producers
	done   sync.WaitGroup

	mu     sync.Mutex
	pushed map[string]fate.Fate
	popped [][]string // by consumer, in order
	unsure int        // pops whose outcome nobody knows
}

const jobQueue = "jobs"

func startJobs(t *testing.T, c *cluster.Cluster) *jobs {
	ctx, cancel := context.WithCancel(t.Context())
	pushing, stop := context.WithCancel(ctx)
	j := &jobs{routes: client.NewRoutes(c.Addrs()), cancel: cancel, stop: stop, pushed: map[string]fate.Fate{}, popped: make([][]string, 4)}
	j.done.Go(func() { j.routes.Run(ctx) })
	for p := range 3 {
		j.done.Go(func() { j.produce(ctx, pushing, p) })
	}
	for c := range j.popped {
		j.done.Go(func() { j.consume(ctx, c) })
	}
	t.Cleanup(j.end)
	return j
}

func (j *jobs) end() { j.stop(); j.cancel(); j.done.Wait(); j.routes.Close() }

func (j *jobs) produce(ctx, pushing context.Context, p int) {
	s := client.NewSession(ctx, j.routes, 2*time.Second, uint64(p))
	for i := 0; pushing.Err() == nil; i++ {
		job := fmt.Sprintf("%d-%d", p, i)
		req := s.Do(jobQueue, "RPUSH", jobQueue, job)
		j.mu.Lock()
		j.pushed[job] = req.Fate
		j.mu.Unlock()
	}
}

func (j *jobs) consume(ctx context.Context, c int) {
	s := client.NewSession(ctx, j.routes, 10*time.Second, uint64(c))
	for ctx.Err() == nil {
		req := s.Do(jobQueue, "BLPOP", jobQueue, "0.5")
		j.mu.Lock()
		switch {
		case req.Fate == fate.Unknown:
			j.unsure++
		case req.Fate == fate.Done && len(req.Reply.Items) == 2:
			j.popped[c] = append(j.popped[c], req.Reply.Items[1].Text)
		}
		j.mu.Unlock()
	}
}

func (j *jobs) count() (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, popped := range j.popped {
		n += len(popped)
	}
	return n
}

// more waits until n more jobs were popped.
func (j *jobs) more(t *testing.T, n int) {
	t.Helper()
	goal := j.count() + n
	until(t, "jobs go on", func() error {
		if got := j.count(); got < goal {
			return fmt.Errorf("%d of %d popped", got, goal)
		}
		return nil
	})
}

// left stops everybody and reads what is still in the queue.
func (j *jobs) left(t *testing.T, c *cluster.Cluster) (left []string) {
	t.Helper()
	j.end()
	routes := client.NewRoutes(c.Addrs())
	defer routes.Close()
	until(t, "the rest of the queue", func() error {
		_ = routes.Refresh(t.Context(), 1)
		req := client.NewSession(t.Context(), routes, 5*time.Second, 1).Do(jobQueue, "LRANGE", jobQueue, "0", "-1")
		if req.Fate != fate.Done {
			return fmt.Errorf("%s %v", req.Code(), req.Err)
		}
		for _, job := range req.Reply.Items {
			left = append(left, job.Text)
		}
		return nil
	})
	return left
}

// check holds what was popped, and what is left, against what was pushed.
func (j *jobs) check(t *testing.T, left []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, part := range append(j.popped, left) {
		last := map[string]int{}
		for _, job := range part {
			if f, ok := j.pushed[job]; !ok || f == fate.Refused {
				t.Errorf("job %s is there, and was never pushed, or refused", job)
			}
			if seen[job] {
				t.Errorf("job %s is there twice", job)
			}
			seen[job] = true
			producer, number, _ := strings.Cut(job, "-")
			if i, _ := strconv.Atoi(number); i < last[producer] {
				t.Errorf("job %s comes behind %s-%d", job, producer, last[producer])
			} else {
				last[producer] = i
			}
		}
	}
	missing := 0
	for job, f := range j.pushed {
		if f == fate.Done && !seen[job] {
			missing++
		}
	}
	if missing > j.unsure {
		t.Errorf("%d acknowledged jobs are lost, and the outcome of only %d pops is unknown", missing, j.unsure)
	}
	t.Logf("%d jobs pushed, %d there, %d acknowledged ones gone with %d pops of unknown outcome", len(j.pushed), len(seen), missing, j.unsure)
}

// Every job that was acknowledged goes to one consumer, once, though the leader that they wait at is killed.
func TestJobsThroughKilledLeaders(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	j := startJobs(t, c)
	for range 3 {
		j.more(t, 300)
		n := leaderOfKey(t, c, jobQueue)
		kill(t, n)
		j.more(t, 300)
		restart(t, n)
		wholeAgain(t, c)
	}
	j.stop()
	j.check(t, j.left(t, c))
}

func leaderOfKey(t *testing.T, c *cluster.Cluster, key string) *cluster.Node {
	t.Helper()
	owner, _ := slotmap.New(slotmap.Even(6), nil).Owner(slotmap.Slot([]byte(key)))
	n, err := c.LeaderOf(t.Context(), int(owner))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
