package replica

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func batchNamed(n int) *Batch { return &Batch{Tag: n, Count: 1} }

func tags(bs []*Batch) (out []int) {
	for _, b := range bs {
		out = append(out, b.Tag.(int))
	}
	return out
}

func TestFateByIndexAndTerm(t *testing.T) {
	var f fates
	f.add(proposal{index: 10, term: 2, batches: []*Batch{batchNamed(1), batchNamed(2)}})
	f.add(proposal{index: 11, term: 2, batches: []*Batch{batchNamed(3)}})
	f.add(proposal{index: 11, term: 4, batches: []*Batch{batchNamed(4)}})
	if done, lost := f.resolve(9, 2); done.index != 0 || lost != nil {
		t.Fatalf("index 9 settles %v %v", done, lost)
	}
	if done, lost := f.resolve(10, 2); !slices.Equal(tags(done.batches), []int{1, 2}) || lost != nil {
		t.Fatalf("index 10: done %v lost %v", tags(done.batches), tags(lost))
	}
	if done, lost := f.resolve(11, 4); !slices.Equal(tags(done.batches), []int{4}) || !slices.Equal(tags(lost), []int{3}) {
		t.Fatalf("index 11: done %v lost %v", tags(done.batches), tags(lost))
	}
	if len(f.open) != 0 {
		t.Fatalf("%d proposals stay open", len(f.open))
	}
}

func TestFateUnderSnapshotAndTime(t *testing.T) {
	var f fates
	f.add(proposal{index: 10, term: 2, born: 5, batches: []*Batch{batchNamed(1)}})
	f.add(proposal{index: 20, term: 2, born: 9, batches: []*Batch{batchNamed(2)}})
	if got := tags(f.covered(15)); !slices.Equal(got, []int{1}) {
		t.Fatalf("a snapshot at 15 covers %v", got)
	}
	if got := f.expired(8); got != nil {
		t.Fatalf("expired too early: %v", tags(got))
	}
	if got := tags(f.expired(9)); !slices.Equal(got, []int{2}) {
		t.Fatalf("expired %v", got)
	}
}

// Whatever is committed, each proposal ends once: done when exactly it was committed, lost when
// something else was at its index.
func TestFateAgainstCommittedLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f fates
		type at struct{ index, term uint64 }
		proposed := map[int]at{}
		n := rapid.IntRange(1, 20).Draw(t, "n")
		term, index := uint64(1), uint64(1)
		for i := range n {
			if rapid.Bool().Draw(t, "newTerm") {
				term += rapid.Uint64Range(1, 2).Draw(t, "terms")
				index = rapid.Uint64Range(1, index).Draw(t, "back")
			}
			f.add(proposal{index: index, term: term, batches: []*Batch{batchNamed(i)}})
			proposed[i] = at{index, term}
			index++
		}
		ended := map[int]bool{}
		for idx := uint64(1); idx <= uint64(n); idx++ {
			committed := rapid.Uint64Range(1, term).Draw(t, "term")
			done, lost := f.resolve(idx, committed)
			for _, tag := range append(tags(done.batches), tags(lost)...) {
				if ended[tag] {
					t.Fatalf("batch %d ended twice", tag)
				}
				ended[tag] = true
				if want := proposed[tag].term == committed; want != slices.Contains(tags(done.batches), tag) || proposed[tag].index != idx {
					t.Fatalf("batch %d of %v judged wrongly at (%d,%d)", tag, proposed[tag], idx, committed)
				}
			}
		}
		if len(ended) != n {
			t.Fatalf("%d of %d proposals ended", len(ended), n)
		}
	})
}
