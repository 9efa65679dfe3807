package keyspace

import (
	"fmt"
	"math/bits"
	"testing"

	"pgregory.net/rapid"
)

// insertNew adds an entry.
func insertNew(d *dict, key string, hash uint32) *entry {
	r, e := d.in.add()
	e.setName([]byte(key), 0)
	e.hash = hash
	d.insert(r)
	return e
}

// fill adds n entries whose hashes spread as random ones do.
func fill(d *dict, n int) []*entry {
	es := make([]*entry, n)
	for i := range es {
		es[i] = insertNew(d, fmt.Sprint(i), uint32(mix(uint64(i))))
	}
	return es
}

func TestDictFindsWhatItHolds(t *testing.T) {
	d := newDict(&entries{})
	es := fill(d, 10_000)
	checkDict(t, d)
	for _, e := range es {
		if d.find(e.hash, []byte(e.name())) != e {
			t.Fatalf("key %s is not found", e.name())
		}
	}
	if d.buckets != 10_000 {
		t.Errorf("%d buckets for as many keys", d.buckets)
	}
	for i, e := range es {
		d.remove(e)
		if d.find(e.hash, []byte(e.name())) != nil {
			t.Fatalf("key %s is still found", e.name())
		}
		if i%1000 == 0 {
			checkDict(t, d)
		}
	}
	if d.buckets != minBuckets || len(d.rest) > 1 {
		t.Errorf("%d buckets, %d segments beside the first left", d.buckets, len(d.rest))
	}
}

func TestDictFollowsItsSizeDown(t *testing.T) {
	d := newDict(&entries{})
	es := fill(d, 50_000)
	for _, e := range es[:49_000] {
		d.remove(e)
	}
	if d.buckets > 4*d.used {
		t.Errorf("%d buckets for %d keys", d.buckets, d.used)
	}
}

// Buckets partition the positions, in any size of the table.
func TestBucketsAreRangesInOrder(t *testing.T) {
	d := newDict(&entries{})
	for n := range 300 {
		seen := map[uint32]bool{}
		pos := uint64(0)
		for pos < dictEnd {
			i := d.index(bits.Reverse32(uint32(pos)))
			end := d.bucketEnd(i)
			if seen[i] || end <= pos || d.index(bits.Reverse32(uint32(end-1))) != i {
				t.Fatalf("%d buckets: bucket %d from %x to %x", d.buckets, i, pos, end)
			}
			seen[i] = true
			pos = end
		}
		if pos != dictEnd || len(seen) != int(d.buckets) {
			t.Fatalf("%d buckets: %d seen, up to %x", d.buckets, len(seen), pos)
		}
		insertNew(d, fmt.Sprint(n), uint32(mix(uint64(n))))
	}
}

// The order of a walk depends on the keys alone.
func TestWalkOrderIgnoresThePast(t *testing.T) {
	in := &entries{}
	small, past := newDict(in), newDict(in)
	for _, e := range fill(past, 5000)[200:] {
		past.remove(e)
	}
	for i := 199; i >= 0; i-- {
		insertNew(small, fmt.Sprint(i), uint32(mix(uint64(i))))
	}
	var a, b []string
	small.each(func(e *entry) bool { a = append(a, e.name()); return true })
	past.each(func(e *entry) bool { b = append(b, e.name()); return true })
	if small.buckets == past.buckets {
		t.Error("both tables have the same size: the test shows nothing")
	}
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("%v\n%v", a, b)
	}
}

func TestWalkInOrderOfEqualHashes(t *testing.T) {
	d := newDict(&entries{})
	for _, k := range []string{"b", "c", "a"} {
		insertNew(d, k, 5)
	}
	var got string
	d.each(func(e *entry) bool { got += e.name(); return got != "ab" })
	if got != "ab" {
		t.Errorf("order %q", got)
	}
}

// Keys that are there all the time are met, and in one walk of an unchanged
// dict once, though the table grows and shrinks between the steps.
func TestWalkMissesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDict(&entries{})
		stay := fill(d, rapid.IntRange(0, 200).Draw(t, "stay"))
		var others []*entry
		met := map[string]bool{}
		next := 1000
		for pos := uint64(0); pos < dictEnd; {
			var es []*entry
			es, pos = d.bucketAt(pos, nil)
			for _, e := range es {
				met[e.name()] = true
			}
			if rapid.Bool().Draw(t, "grow") {
				for range rapid.IntRange(0, 400).Draw(t, "by") {
					others = append(others, insertNew(d, fmt.Sprint(next), uint32(mix(uint64(next)))))
					next++
				}
				continue
			}
			for range rapid.IntRange(0, len(others)).Draw(t, "shrink by") {
				d.remove(others[len(others)-1])
				others = others[:len(others)-1]
			}
		}
		for _, e := range stay {
			if !met[e.name()] {
				t.Fatalf("key %s was there all the time and not met", e.name())
			}
		}
	})
}
