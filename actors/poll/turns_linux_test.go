package poll

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// runs records in which order they are made, and that no two are at a time.
type runs struct {
	testing.TB
	mu    sync.Mutex
	order []int
	busy  atomic.Bool
}

func (r *runs) run(id int) func() {
	return func() {
		if r.busy.Swap(true) {
			r.Error("two runs at a time")
		}
		r.mu.Lock()
		r.order = append(r.order, id)
		r.mu.Unlock()
		r.busy.Store(false)
	}
}

func (r *runs) made() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.order)
}

// hold occupies the drain until the channel is closed.
func (f *fixture) hold(c *Conn) chan struct{} {
	f.Helper()
	begun, gate := make(chan struct{}), make(chan struct{})
	c.Schedule(func() {
		close(begun)
		<-gate
	})
	receive(f, "a run begins", begun)
	return gate
}

func TestRunsKeepOrder(t *testing.T) {
	f := start(t)
	var conns [5]*Conn
	for i := range conns {
		_, conns[i] = f.connect(0)
	}
	r := &runs{TB: t}
	const many = 3000 // so that the queue is compacted
	gate := f.hold(conns[0])
	for i := range many {
		conns[i%len(conns)].Schedule(r.run(i))
	}
	if n := r.made(); n != 0 {
		t.Fatalf("%d runs beside another", n)
	}
	close(gate)
	f.until("all runs are made", func() bool { return r.made() == many })
	if !slices.IsSorted(r.order) {
		t.Fatal("order was not kept")
	}
	conns[0].Schedule(r.run(many)) // the drain has ended, or is about to
	f.until("one more is made", func() bool { return r.made() == many+1 })
	if n := conns[0].Throughput(); n <= 0 {
		t.Fatalf("throughput %d", n)
	}
}

// TestQueueIsCompacted keeps the queue from becoming empty: it may not grow with what went through.
func TestQueueIsCompacted(t *testing.T) {
	f := start(t)
	_, c := f.connect(0)
	left := 20 * compactAt
	done := make(chan struct{})
	var again func()
	again = func() {
		if left--; left == 0 {
			close(done)
		} else if left >= 10 {
			c.Schedule(again)
		}
	}
	gate := f.hold(c)
	for range 10 {
		c.Schedule(again)
	}
	close(gate)
	receive(f, "all runs are made", done)
	f.poller.turns.mu.Lock()
	defer f.poller.turns.mu.Unlock()
	if n := cap(f.poller.turns.queue); n > 4*compactAt {
		t.Fatalf("room for %d", n)
	}
}

func TestRunAsideLetsOthersGoOn(t *testing.T) {
	f := start(t)
	_, a := f.connect(0)
	_, b := f.connect(0)
	r := &runs{TB: t}
	gate := f.hold(a)
	begun, release, returned := make(chan struct{}), make(chan struct{}), make(chan struct{})
	a.Schedule(func() {
		a.Aside()
		close(begun)
		<-release
		close(returned)
	})
	for i := range 2000 {
		b.Schedule(r.run(i))
	}
	close(gate)
	receive(f, "a run is set aside", begun)
	f.until("the others are made", func() bool { return r.made() == 2000 })
	close(release)
	receive(f, "it ends", returned)
	a.Schedule(r.run(2000))
	b.Schedule(r.run(2001))
	f.until("later ones are made", func() bool { return r.made() == 2002 })
	if !slices.IsSorted(r.order) {
		t.Fatal("order was not kept")
	}
}

// TestDrainEndsAfterAside has a run that was set aside end while the drain that took over is at work.
func TestDrainEndsAfterAside(t *testing.T) {
	f := start(t)
	_, a := f.connect(0)
	_, b := f.connect(0)
	r := &runs{TB: t}
	begun, release, returned := make(chan struct{}), make(chan struct{}), make(chan struct{})
	a.Schedule(func() {
		a.Aside()
		close(begun)
		<-release
		close(returned)
	})
	receive(f, "a run is set aside", begun)
	gate := f.hold(b)
	b.Schedule(r.run(0))
	close(release)
	receive(f, "it ends", returned)
	for range 10_000 {
		runtime.Gosched()
	}
	if r.made() != 0 {
		t.Fatal("two drains at work")
	}
	close(gate)
	f.until("the last run is made", func() bool { return r.made() == 1 })
}

func TestManyRunsAside(t *testing.T) {
	f := start(t)
	_, last := f.connect(0)
	r := &runs{TB: t}
	release := make(chan struct{})
	var returned sync.WaitGroup
	for range 20 {
		_, c := f.connect(0)
		returned.Add(1)
		c.Schedule(func() {
			defer returned.Done()
			c.Aside()
			<-release
		})
	}
	last.Schedule(r.run(0))
	f.until("the last run is made", func() bool { return r.made() == 1 })
	close(release)
	returned.Wait()
	for i := range 100 {
		last.Schedule(r.run(i + 1))
	}
	f.until("later ones are made", func() bool { return r.made() == 101 })
}

// TestWriteOfRunIsAside has a run block in a Write.
func TestWriteOfRunIsAside(t *testing.T) {
	f := start(t)
	client, a := f.connect(narrow)
	_, b := f.connect(0)
	r := &runs{TB: t}
	done := make(chan written, 1)
	a.Schedule(func() {
		n, err := a.Write(pattern(large))
		done <- written{n, err}
	})
	f.until("Write blocks", func() bool { return blocked(a) })
	b.Schedule(r.run(0))
	f.until("the other run is made", func() bool { return r.made() == 1 })
	f.read(client, large)
	if w := receive(f, "Write returns", done); w.err != nil {
		t.Fatal(w.err)
	}
}

// TestRunSchedulesItself lets those in between that were there before.
func TestRunSchedulesItself(t *testing.T) {
	f := start(t)
	_, a := f.connect(0)
	_, b := f.connect(0)
	r := &runs{TB: t}
	left := 5
	var again func()
	again = func() {
		r.run(left)()
		if left--; left > 0 {
			a.Schedule(again)
		}
	}
	gate := f.hold(a)
	a.Schedule(again)
	b.Schedule(r.run(100))
	close(gate)
	f.until("all runs are made", func() bool { return r.made() == 6 })
	if want := []int{5, 100, 4, 3, 2, 1}; !slices.Equal(r.order, want) {
		t.Fatalf("%v, want %v", r.order, want)
	}
}

// TestRunsRace has actors schedule themselves, and be set aside by themselves and by others, at any time.
func TestRunsRace(t *testing.T) {
	f := start(t)
	const actors, each = 6, 2000
	var done sync.WaitGroup
	var conns [actors]*Conn
	for i := range conns {
		_, conns[i] = f.connect(0)
	}
	for i, c := range conns {
		done.Add(1)
		left, random := each, rand.New(rand.NewPCG(6, uint64(i)))
		var again func()
		again = func() { // left and random are unguarded: a run begins after Schedule
			switch random.IntN(4) {
			case 0:
				c.Aside()
				runtime.Gosched()
			case 1:
				conns[random.IntN(actors)].Aside()
			}
			if left--; left == 0 {
				done.Done()
				return
			}
			c.Schedule(again)
		}
		c.Schedule(again)
	}
	done.Wait()
	f.until("no drain is left", func() bool {
		f.poller.turns.mu.Lock()
		defer f.poller.turns.mu.Unlock()
		return !f.poller.turns.drains
	})
}
