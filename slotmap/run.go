package slotmap

import "slices"

// Range is a stretch of slots, both ends included.
type Range struct{ First, Last uint16 }

// Len returns the number of slots in r.
func (r Range) Len() int { return int(r.Last) - int(r.First) + 1 }

// Contains tells whether slot lies in r.
func (r Range) Contains(slot uint16) bool { return r.First <= slot && slot <= r.Last }

// Run is a stretch of slots that one shard claims since one epoch.
type Run struct {
	Range
	Shard ShardID
	Epoch uint64
}

// valid tells whether r can be part of a map.
func (r Run) valid() bool {
	return r.First <= r.Last && r.Last < Count && r.Shard != 0 && r.Epoch != 0
}

// beats tells whether the claim r stands against the claim o.
func (r Run) beats(o Run) bool {
	if r.Epoch != o.Epoch {
		return r.Epoch > o.Epoch
	}
	return r.Shard > o.Shard
}

// Even deals all slots to shards 1..n at epoch 1, in runs whose sizes differ by
// at most one. n is taken as 1 if less, and as Count if more.
func Even(n int) []Run {
	n = min(max(n, 1), Count)
	runs := make([]Run, n)
	for i := range runs {
		first, end := i*Count/n, (i+1)*Count/n
		runs[i] = Run{Range{uint16(first), uint16(end - 1)}, ShardID(i + 1), 1}
	}
	return runs
}

// canonicalRuns returns the valid ones of runs ordered, maximal and with
// overlaps resolved. It does not change or keep its argument.
func canonicalRuns(runs []Run) []Run {
	if ordered(runs) {
		return coalesce(runs)
	}
	if len(runs) == 1 { // and not valid, or it would be ordered
		return nil
	}
	half := len(runs) / 2
	return mergeRuns(canonicalRuns(runs[:half]), canonicalRuns(runs[half:]))
}

// ordered tells whether runs are valid, ascending and free of overlaps.
func ordered(runs []Run) bool {
	next := 0
	for _, r := range runs {
		if !r.valid() || int(r.First) < next {
			return false
		}
		next = int(r.Last) + 1
	}
	return true
}

// coalesce copies ordered runs and joins neighbours of the same claim.
func coalesce(runs []Run) []Run {
	var out []Run
	for _, r := range runs {
		out = appendRun(out, r, int(r.First), int(r.Last)+1)
	}
	return slices.Clip(out)
}

// appendRun appends the claim of r to slots first..end-1, as part of the last
// run if it continues that. A claim of no shard is left out.
func appendRun(out []Run, r Run, first, end int) []Run {
	if r.Shard == 0 {
		return out
	}
	if n := len(out); n > 0 {
		last := &out[n-1]
		if int(last.Last)+1 == first && last.Shard == r.Shard && last.Epoch == r.Epoch {
			last.Last = uint16(end - 1)
			return out
		}
	}
	r.Range = Range{uint16(first), uint16(end - 1)}
	return append(out, r)
}

// mergeRuns joins two lists of canonical runs slot by slot.
func mergeRuns(a, b []Run) []Run {
	var out []Run
	for pos := 0; pos < Count; {
		ra, endA := claimAt(&a, pos)
		rb, endB := claimAt(&b, pos)
		end := min(endA, endB)
		if rb.beats(ra) {
			ra = rb
		}
		out = appendRun(out, ra, pos, end)
		pos = end
	}
	return slices.Clip(out)
}

// claimAt drops the runs that end before pos, and returns the claim to pos
// (zero if there is none) and the first slot beyond pos where that changes.
func claimAt(runs *[]Run, pos int) (Run, int) {
	for len(*runs) > 0 && int((*runs)[0].Last) < pos {
		*runs = (*runs)[1:]
	}
	if len(*runs) == 0 {
		return Run{}, Count
	}
	r := (*runs)[0]
	if int(r.First) > pos {
		return Run{}, int(r.First)
	}
	return r, int(r.Last) + 1
}
