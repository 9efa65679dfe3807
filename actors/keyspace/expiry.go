package keyspace

import "github.com/tidwall/btree"

// deadlines orders the entries that expire by (time, key), so that every
// replica deletes the same ones first.
type deadlines struct {
	tree *btree.BTreeG[deadline]
}

// deadline is an entry with its time; the copy of the time keeps comparisons
// away from the entries.
type deadline struct {
	at int64
	e  *entry
}

// deadlineBytes estimates what the deadline of a key takes, with the room in its node.
const deadlineBytes = 32

func newDeadlines() deadlines {
	less := func(a, b deadline) bool {
		if a.at != b.at {
			return a.at < b.at
		}
		return a.e.name() < b.e.name()
	}
	return deadlines{btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})}
}

// set gives an entry the time at, 0 for none.
func (d *deadlines) set(e *entry, at int64) {
	if e.expire == at {
		return
	}
	if e.expire != 0 {
		d.tree.Delete(deadline{e.expire, e})
	}
	e.expire = at
	if at != 0 {
		d.tree.Set(deadline{at, e})
	}
}

// forget drops an entry that itself keeps its time, for a snapshot may want it.
func (d *deadlines) forget(e *entry) {
	if e.expire != 0 {
		d.tree.Delete(deadline{e.expire, e})
	}
}

// first returns the entry that expires next and its time; nil if none does.
func (d *deadlines) first() (*entry, int64) {
	m, ok := d.tree.Min()
	if !ok {
		return nil, 0
	}
	return m.e, m.at
}

// at returns entry i in the order of times; nil if there are fewer.
func (d *deadlines) at(i int) (*entry, int64) {
	m, ok := d.tree.GetAt(i)
	if !ok {
		return nil, 0
	}
	return m.e, m.at
}

// each calls f for the entries that are expired at now, until it returns false.
func (d *deadlines) each(now int64, f func(*entry) bool) {
	d.tree.Scan(func(m deadline) bool { return expiredAt(m.at, now) && f(m.e) })
}

func (d *deadlines) len() int { return d.tree.Len() }

// expiredAt tells whether a key that expires at the time at is gone at now.
func expiredAt(at, now int64) bool { return at != 0 && now > at }
