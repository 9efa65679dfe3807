package chaos

import (
	"sync"
	"time"

	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/slotmap"
)

// Fault is something that was done to the cluster. Times count from the beginning of the load.
type Fault struct {
	Kind string        // for tables: "kill -9 of a leader"
	Text string        // "kill n2, which leads shards 2 4"
	At   time.Duration // when it was done
	End  time.Duration // when it was undone, at the latest by the end of the load
	Gap  time.Duration // the longest time that a shard took no write on its account
	Open bool          // that time was not over when the load ended
}

// fault is one under way, or over. Its fields belong to faults.mu.
type fault struct {
	Fault
	at, end time.Time
	over    bool
	holds   int          // what of it is still to be undone
	waits   map[int]bool // shards that took no write since
}

// faults remembers what was done, and when shards took writes. Safe for concurrent use.
type faults struct {
	began  time.Time
	slots  [slotmap.Count]int // the shard that had each at the beginning
	shards []int              // that are watched
	closed func(Fault)        // told when every shard writes again; with mu held
	stall  func(Stall)        // told of a long silence that no fault explains; with mu held

	mu struct {
		sync.Mutex
		all    []*fault          // in the order done
		newest map[int]time.Time // when a shard last took a write
		stalls []Stall
	}
}

func newFaults(began time.Time, shards []cluster.Shard) *faults {
	f := &faults{began: began, closed: func(Fault) {}, stall: func(Stall) {}}
	f.mu.newest = map[int]time.Time{}
	for _, s := range shards {
		for _, r := range s.Slots {
			for slot := int(r.First); slot <= int(r.Last); slot++ {
				f.slots[slot] = s.ID
			}
		}
		if len(s.Slots) > 0 {
			f.shards = append(f.shards, s.ID)
		}
	}
	return f
}

// begin notes that something was done just now.
func (f *faults) begin(kind, text string) *fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	x := &fault{Fault: Fault{Kind: kind, Text: text, At: now.Sub(f.began)}, at: now, waits: map[int]bool{}}
	for _, s := range f.shards {
		x.waits[s] = true
	}
	f.mu.all = append(f.mu.all, x)
	return x
}

// hold notes that so many things are to be undone before x is over. Without any it is over at once.
func (f *faults) hold(x *fault, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	x.holds = n
	f.maybeOver(x)
}

// undone notes that one of them was undone.
func (f *faults) undone(x *fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	x.holds--
	f.maybeOver(x)
}

// maybeOver REQUIRES: f.mu is held.
func (f *faults) maybeOver(x *fault) {
	if x.holds == 0 && !x.over {
		x.over, x.end = true, time.Now()
		x.End = x.end.Sub(f.began)
	}
}

// finish notes the end of the load, and returns all faults and stalls.
func (f *faults) finish(now time.Time) ([]Fault, []Stall) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.shards {
		if last, seen := f.mu.newest[s]; seen {
			f.blame(s, last, now, true)
		}
	}
	var all []Fault
	for _, x := range f.mu.all {
		if !x.over {
			x.End = now.Sub(f.began)
		}
		all = append(all, x.Fault)
	}
	return all, f.mu.stalls
}
