package keyspace

import (
	"maps"
	"slices"
	"testing"

	"github.com/troupedb/troupe/slotmap"
)

// checkConsistent checks what must hold in every state between operations.
func checkConsistent(t testing.TB, s *State) {
	t.Helper()
	keys, expires, bytes, groups := 0, 0, int64(0), census{}
	for slot, d := range s.dicts {
		if d == nil {
			continue
		}
		checkDict(t, d)
		if d.used == 0 || !s.slots.has(uint16(slot)) {
			t.Fatalf("slot %d has a dict of %d keys, and is owned: %v", slot, d.used, s.slots.has(uint16(slot)))
		}
		groups.add(uint16(slot), int(d.used))
		d.each(func(e *entry) bool {
			keys++
			bytes += e.size()
			if e.expire != 0 {
				expires++
			}
			if slotmap.Slot([]byte(e.name())) != uint16(slot) || e.hash != s.hash([]byte(e.name())) {
				t.Fatalf("key %q is out of place", e.name())
			}
			return true
		})
	}
	if groups != s.census || keys != s.census.keys || expires != s.Expires() || bytes != s.bytes {
		t.Fatalf("%d keys, %d expire, %d bytes; counted %d, %d, %d", s.census.keys, s.Expires(), s.bytes, keys, expires, bytes)
	}
	checkWaiters(t, &s.waiters)
	var dicts []*dict
	if s.snap != nil {
		dicts = slices.Collect(maps.Values(s.snap.retained))
	}
	checkEntries(t, s.entries, append(dicts, s.dicts[:]...))
	s.expiry.tree.Scan(func(m deadline) bool {
		if p := s.lookup([]byte(m.e.name())); p.e != m.e || m.at != m.e.expire {
			t.Fatalf("deadline %d of %q, which has %d", m.at, m.e.name(), m.e.expire)
		}
		return true
	})
}

// checkDict checks that each entry is in its bucket, and the counts.
func checkDict(t testing.TB, d *dict) {
	t.Helper()
	n := uint32(0)
	for i := range d.buckets {
		for r := *d.bucket(i); r != 0; r = d.in.at(r).next {
			if n++; d.index(d.in.at(r).hash) != i {
				t.Fatalf("entry of bucket %d in bucket %d of %d", d.index(d.in.at(r).hash), i, d.buckets)
			}
		}
	}
	if n != d.used {
		t.Fatalf("%d entries, counted %d", d.used, n)
	}
}

// failer is what a *testing.T and a *rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkEntries checks that each entry is in one of the dicts, or free.
func checkEntries(t failer, in *entries, dicts []*dict) {
	t.Helper()
	used := map[ref]bool{}
	for _, d := range dicts {
		if d != nil && d.in == in {
			d.all(func(r ref, e *entry) {
				if used[r] || in.at(r) != e {
					t.Fatalf("entry %d is in two places", r)
				}
				used[r] = true
			})
		}
	}
	if len(used) != in.live || len(in.gone)+len(in.dropped) > 0 {
		t.Fatalf("%d entries, counted %d; %d and %d dicts were not reclaimed", len(used), in.live, len(in.gone), len(in.dropped))
	}
	for n := range in.chunks {
		c := &in.chunks[n]
		if listed := slices.Contains(in.roomy, uint32(n)); listed != c.listed || !listed && c.used < chunkSize {
			t.Fatalf("chunk %d with %d of %d entries is listed: %v, %v", n, c.used, chunkSize, listed, c.listed)
		}
		free := map[ref]bool{}
		for r := c.free; r != 0; r = in.at(r).next {
			if e := *in.at(r); used[r] || free[r] || e != (entry{next: e.next}) {
				t.Fatalf("free entry %d: in use %v, met before %v, %v", r, used[r], free[r], e)
			}
			free[r] = true
		}
		inUse := uint32(0)
		for r := ref(n * chunkSize); r < ref(n*chunkSize)+ref(c.made); r++ {
			if r == 0 || used[r] {
				inUse++
			} else if !free[r] {
				t.Fatalf("entry %d is neither used nor free", r)
			}
		}
		if inUse != c.used || c.used > 0 && in.all[n] == nil {
			t.Fatalf("chunk %d (%v) has %d entries, counted %d", n, in.all[n] != nil, inUse, c.used)
		}
	}
}

// checkWaiters checks that everyone who waits stands in the queues of its keys, and nobody else does.
func checkWaiters(t testing.TB, table *waitTable) {
	t.Helper()
	size, places, queued, gone := 0, 0, 0, 0
	for w := range table.each() {
		size += w.bytes()
		places += len(w.places)
		if table.byID[w.id] != w {
			t.Fatalf("waiter %d is not found by its id", w.id)
		}
		if w.gone {
			gone += len(w.places)
		}
	}
	for key, q := range table.queues {
		queued += q.Len()
		gone -= q.gone
		if q.Len() == 0 || q.key != key || q.ready {
			t.Fatalf("queue of %q: %d of %q, ready %v", key, q.Len(), q.key, q.ready)
		}
	}
	if size != table.size || places != queued || gone != 0 || len(table.byID) != table.all.Len() || len(table.ready) > 0 {
		t.Fatalf("%d bytes, counted %d; %d places, %d in queues; %d waiters, %d by id", table.size, size, places, queued,
			table.all.Len(), len(table.byID))
	}
}
