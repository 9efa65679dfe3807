package chaos

import (
	"cmp"
	"slices"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/fate"
	"github.com/troupedb/troupe/slotmap"
)

const (
	// stallTime is how long a shard takes no write, for no known reason, until that is told.
	stallTime = 500 * time.Millisecond
	// shownStall is how long until it shows in a report.
	shownStall = 50 * time.Millisecond
	// aftermath is how long after its end a fault is still to blame: nodes come back, and leaderships move.
	aftermath = 5 * time.Second
)

// Stall is a time in which a shard took no write. Times count from the beginning of the load.
type Stall struct {
	Shard    int
	From, To time.Duration
	Blamed   bool // on a fault
}

// written notes which shards took a write of a pipeline.
func (f *faults) written(sets []*client.Request, began time.Time) {
	now, seen := time.Now(), map[int]bool{}
	for _, r := range sets {
		shard := f.slots[slotmap.Slot([]byte(r.Key))]
		if r.Fate == fate.Done && !seen[shard] {
			seen[shard] = true
			f.acknowledged(shard, began, now)
		}
	}
}

// acknowledged notes a write to a shard that began and was answered at these times.
func (f *faults) acknowledged(shard int, began, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	last, seen := f.mu.newest[shard]
	if seen {
		f.blame(shard, last, now, false)
	}
	if now.After(last) { // of two clients the second may be told first
		f.mu.newest[shard] = now
	}
	for _, x := range f.mu.all {
		f.maybeClose(x, shard, began)
	}
}

// maybeClose notes that a shard writes again after x. A write that began before x may have been carried out
// before it, and says nothing.
// REQUIRES: f.mu is held.
func (f *faults) maybeClose(x *fault, shard int, began time.Time) {
	if !x.waits[shard] || began.Before(x.at) {
		return
	}
	delete(x.waits, shard)
	if len(x.waits) == 0 {
		f.closed(x.Fault)
	}
}

// blame charges the time between two writes of a shard to a fault.
// REQUIRES: f.mu is held.
func (f *faults) blame(shard int, from, to time.Time, open bool) {
	gap := to.Sub(from)
	x := f.culprit(from, to)
	if x != nil && gap > x.Gap {
		x.Gap, x.Open = gap, open
	}
	if gap < shownStall {
		return
	}
	s := Stall{Shard: shard, From: from.Sub(f.began), To: to.Sub(f.began), Blamed: x != nil}
	f.mu.stalls = append(f.mu.stalls, s)
	if x == nil && gap >= stallTime {
		f.stall(s)
	}
}

// culprit is the first fault done within a time; else the last one before it, if that lasted or was not long
// over; else nil.
// REQUIRES: f.mu is held.
func (f *faults) culprit(from, to time.Time) *fault {
	var within *fault
	for _, x := range slices.Backward(f.mu.all) {
		switch {
		case x.at.After(to):
		case x.at.After(from):
			within = x
		case within != nil:
			return within
		case !x.over || from.Sub(x.end) < aftermath:
			return x
		}
	}
	return within
}

// waiting reports whether a shard has taken no write since a fault.
func (f *faults) waiting(shard int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range f.mu.all {
		if x.waits[shard] {
			return true
		}
	}
	return false
}

// KindGaps are the write gaps of all faults of a kind.
type KindGaps struct {
	Kind             string
	Count            int
	Open             int // not over when the load ended; they count with what they had lasted
	Median, P90, Max time.Duration
}

// GapsByKind sums faults up, the kind of most faults first.
func GapsByKind(faults []Fault) (out []KindGaps) {
	gaps, open := map[string][]time.Duration{}, map[string]int{}
	for _, x := range faults {
		gaps[x.Kind] = append(gaps[x.Kind], x.Gap)
		if x.Open {
			open[x.Kind]++
		}
	}
	for kind, all := range gaps {
		slices.Sort(all)
		out = append(out, KindGaps{kind, len(all), open[kind], rank(all, 0.5), rank(all, 0.9), all[len(all)-1]})
	}
	slices.SortFunc(out, func(a, b KindGaps) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

// rank returns the least value that at least a share q of the sorted values do not exceed.
func rank(sorted []time.Duration, q float64) time.Duration {
	i := int(q*float64(len(sorted)) + 0.999999)
	return sorted[max(i, 1)-1]
}
