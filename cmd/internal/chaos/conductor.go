package chaos

import (
	"container/heap"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/script"
)

const (
	healthEvery = 50 * time.Millisecond
	startTime   = time.Minute // for a node to answer
)

// conductor does to the cluster what a script says. Its state belongs to the goroutine of run; what takes
// long goes on beside it and comes back as an item.
type conductor struct {
	target     Target
	script     *script.Script
	rng        *rand.Rand
	faults     *faults
	violations *violations
	event      func(string)
	failStop   bool // a node whose sync failed must end

	ctx, base context.Context // of the load; of the whole run
	began     time.Time
	cast      cast
	due       agenda
	planned   int
	arrivals  chan item
	waiting   []*script.Step // for a healthy cluster, in turn
	holds     map[string]*hold
	cuts      map[string]*ways // in force, by key
	cutNumber int
	expected  map[int][]period // when a node may end by itself
	beside    sync.WaitGroup
}

// item is something to do at a time. Of two at one time the first to be planned is the first to be done.
type item struct {
	at     time.Time
	number int
	do     func()
}

// agenda is a heap of items, the next one first.
type agenda []item

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at.Before(a[j].at) || a[i].at.Equal(a[j].at) && a[i].number < a[j].number
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(item)) }
func (a *agenda) Pop() any {
	old := *a
	last := old[len(old)-1]
	*a = old[:len(old)-1]
	return last
}

// run follows the script until ctx ends, and then undoes what is still in force. base outlives ctx.
func (c *conductor) run(ctx, base context.Context) {
	c.ctx, c.base, c.began = ctx, base, time.Now()
	c.cast = cast{c.target, c.rng, map[string]int{}}
	c.holds, c.cuts, c.expected = map[string]*hold{}, map[string]*ways{}, map[int][]period{}
	c.arrivals = make(chan item)
	for i := range c.script.Steps {
		c.plan(&c.script.Steps[i], c.script.Steps[i].At)
	}
	for ctx.Err() == nil {
		c.next()
	}
	c.undoAll()
	go func() { // whoever still wants to say something
		for range c.arrivals {
		}
	}()
	c.beside.Wait()
	close(c.arrivals)
}

// next waits for the next item and does it.
func (c *conductor) next() {
	var timer <-chan time.Time
	if len(c.due) > 0 {
		t := time.NewTimer(time.Until(c.due[0].at))
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-c.ctx.Done():
	case it := <-c.arrivals:
		it.do()
	case <-timer:
		heap.Pop(&c.due).(item).do()
	}
}

func (c *conductor) after(d time.Duration, do func()) { c.at(time.Now().Add(d), do) }

func (c *conductor) at(t time.Time, do func()) {
	c.planned++
	heap.Push(&c.due, item{t, c.planned, do})
}

// plan puts a step on the agenda, so long after the beginning, and when it is done its next time.
func (c *conductor) plan(s *script.Step, at time.Duration) {
	if s.Until > 0 && at > s.Until {
		return
	}
	c.at(c.began.Add(at), func() {
		if s.Every > 0 {
			c.plan(s, at+s.Every)
		}
		switch {
		case !s.Healthy && s.Verb != script.WipeDisk: // which would else take a majority
			c.act(s)
		case !slices.Contains(c.waiting, s): // else it comes too often
			if c.waiting = append(c.waiting, s); len(c.waiting) == 1 {
				c.awaitHealth()
			}
		}
	})
}

// awaitHealth lets the first waiting step be done when the cluster is healthy, and then looks after the next.
func (c *conductor) awaitHealth() {
	c.beside.Go(func() {
		if c.healthy() == nil {
			c.arrivals <- item{do: func() {
				c.act(c.waiting[0])
				if c.waiting = c.waiting[1:]; len(c.waiting) > 0 {
					c.awaitHealth()
				}
			}}
		}
	})
}

// healthy waits until the loss of a node can be borne. A node that ended by itself is started again.
func (c *conductor) healthy() error {
	told := false
	return cluster.Until(c.ctx, healthEvery, func() error {
		err := c.target.Health(c.ctx)
		first := ""
		if err != nil {
			first, _, _ = strings.Cut(err.Error(), "\n")
		}
		if errors.Is(err, cluster.ErrEnded) {
			c.arrivals <- item{do: c.startCrashed}
			return errors.New(first) // and not ErrEnded, on which nobody waits
		}
		if err != nil && !told && c.ctx.Err() == nil {
			told = true
			c.event("not healthy yet: " + first)
		}
		return err
	})
}

// startCrashed starts what is down and was not put down.
func (c *conductor) startCrashed() {
	for i := range c.target.Addrs() {
		if !c.target.Alive(i) && c.holds[key(down, i)] == nil && c.holds[key(broken, i)] == nil {
			c.event("start " + c.target.Name(i) + ", which ended by itself")
			c.start(i)
		}
	}
}

// start starts a node, and does not wait until it answers.
func (c *conductor) start(i int) { c.aside(i, c.target.Start) }

// aside does something about a node that takes long.
func (c *conductor) aside(i int, do func(context.Context, int) error) {
	c.beside.Go(func() {
		ctx, cancel := context.WithTimeout(c.base, startTime)
		defer cancel()
		if err := do(ctx, i); err != nil && c.base.Err() == nil {
			c.event(named(c.target, i, err).Error())
		}
	})
}
