package keyspace

import (
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
		groups.add(uint16(slot), d.used)
		d.each(func(e *entry) bool {
			keys++
			bytes += e.size()
			if e.expire != 0 {
				expires++
			}
			if slotmap.Slot([]byte(e.key)) != uint16(slot) || e.hash != s.hash([]byte(e.key)) {
				t.Fatalf("key %q is out of place", e.key)
			}
			return true
		})
	}
	if groups != s.census || keys != s.census.keys || expires != s.Expires() || bytes != s.bytes {
		t.Fatalf("%d keys, %d expire, %d bytes; counted %d, %d, %d", s.census.keys, s.Expires(), s.bytes, keys, expires, bytes)
	}
	checkWaiters(t, &s.waiters)
	s.expiry.tree.Scan(func(m deadline) bool {
		if p := s.lookup([]byte(m.e.key)); p.e != m.e || m.at != m.e.expire {
			t.Fatalf("deadline %d of %q, which has %d", m.at, m.e.key, m.e.expire)
		}
		return true
	})
}

// checkDict checks that each entry is in its bucket, and the counts.
func checkDict(t testing.TB, d *dict) {
	t.Helper()
	n := 0
	for i := range d.buckets {
		for e := *d.bucket(i); e != nil; e = e.next {
			if n++; d.index(e.hash) != i {
				t.Fatalf("entry of bucket %d in bucket %d of %d", d.index(e.hash), i, d.buckets)
			}
		}
	}
	if n != d.used {
		t.Fatalf("%d entries, counted %d", d.used, n)
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
