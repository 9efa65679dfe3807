package keyspace

import (
	"container/list"
	"iter"
)

// Bounds of what one shard keeps of operations that wait.
const (
	maxWaiters = 1 << 16
	maxWaiting = 16 << 20 // bytes
)

// waiter is an operation that found nothing and waits: when one of its keys has
// what it can use, it is repeated. It is part of the replicated state, so that
// whatever it does then every replica does.
type waiter struct {
	id   uint64 // its place in the log
	slot uint16
	kind kind // of the value that it can use
	gone bool // it is repeated also when a key is deleted or replaced
	keys []string
	args [][]byte // owned

	proto  int // of who waits here for the reply, 0: nobody; not replicated
	among  *list.Element
	places []waitPlace
}

// waitPlace is where a waiter stands in the queue of a key.
type waitPlace struct {
	queue *waitQueue
	at    *list.Element
}

// waitTable holds all waiters by arrival and, for each key, those that wait for it.
type waitTable struct {
	all    list.List
	byID   map[uint64]*waiter
	queues map[string]*waitQueue
	ready  []*waitQueue // to be looked at when the operation is over
	size   int          // bytes
	gone   int          // queues in which somebody is woken when the key is deleted

	index, count uint64 // waiters that arrived with the entry at index
}

// waitQueue is who waits for a key, by arrival.
type waitQueue struct {
	list.List
	key   string
	gone  int // how many of them are repeated when it is deleted
	ready bool
}

// number makes the id of the next waiter of the entry at index.
func (t *waitTable) number(index uint64) uint64 {
	if t.index != index {
		t.index, t.count = index, 0
	}
	t.count++
	return index<<24 | t.count
}

// bytes estimates what w takes.
func (w *waiter) bytes() int {
	const own, perKey, perArg = 256, 160, 24
	n := own
	for _, key := range w.keys {
		n += perKey + len(key)
	}
	for _, arg := range w.args {
		n += perArg + len(arg)
	}
	return n
}

// add is false, and has done nothing, if w would be one too many.
func (t *waitTable) add(w *waiter) bool {
	size := w.bytes()
	if t.all.Len() >= maxWaiters || t.size+size > maxWaiting {
		return false
	}
	if t.byID == nil {
		t.byID, t.queues = map[uint64]*waiter{}, map[string]*waitQueue{}
	}
	t.size += size
	t.byID[w.id] = w
	w.among = t.all.PushBack(w)
	for _, key := range w.keys {
		t.queue(w, key)
	}
	return true
}

// queue puts w behind all who wait for a key, unless the key was named before.
func (t *waitTable) queue(w *waiter, key string) {
	q := t.queues[key]
	if q == nil {
		q = &waitQueue{key: key}
		t.queues[key] = q
	}
	if last := q.Back(); last != nil && last.Value == w {
		return
	}
	if w.gone {
		t.countGone(q, 1)
	}
	w.places = append(w.places, waitPlace{q, q.PushBack(w)})
}

// countGone counts who is woken when the key of a queue is deleted: one more, or one less with -1.
func (t *waitTable) countGone(q *waitQueue, by int) {
	if q.gone == 0 || q.gone+by == 0 {
		t.gone += by
	}
	q.gone += by
}

func (t *waitTable) remove(w *waiter) {
	t.size -= w.bytes()
	t.all.Remove(w.among)
	delete(t.byID, w.id)
	for _, p := range w.places {
		p.queue.Remove(p.at)
		if w.gone {
			t.countGone(p.queue, -1)
		}
		if p.queue.Len() == 0 {
			delete(t.queues, p.queue.key)
		}
	}
}

// wake notes that a key has something for those who wait for it.
func (t *waitTable) wake(key string) {
	if q := t.queues[key]; q != nil && !q.ready {
		q.ready = true
		t.ready = append(t.ready, q)
	}
}

// changed notes that a key may be gone.
func (t *waitTable) changed(key string) {
	if q := t.queues[key]; q != nil && q.gone > 0 {
		t.wake(key)
	}
}

// allChanged notes that all keys are gone.
func (t *waitTable) allChanged() {
	for w := range t.each() {
		for _, key := range w.keys {
			t.changed(key)
		}
	}
}

// each returns the waiters by arrival; the one at hand may be removed.
func (t *waitTable) each() iter.Seq[*waiter] {
	return func(yield func(*waiter) bool) {
		for el := t.all.Front(); el != nil; {
			w := el.Value.(*waiter)
			if el = el.Next(); !yield(w) {
				return
			}
		}
	}
}
