package history

import (
	"fmt"
	"sync"
	"time"

	"github.com/troupedb/troupe/cmd/internal/fate"
)

// Limits bound a key's history: at either a new key takes its place.
type Limits struct {
	Unknown int // writes of unknown outcome; each may double the checker's work
	Ops     int
}

// Recorder holds the histories of a few contended keys, and of the retired ones before them.
type Recorder struct {
	prefix string
	limits Limits
	began  time.Time

	mu struct {
		sync.Mutex
		live []*Key
		all  []*Key
	}
}

// NewRecorder keeps live contended keys whose names begin with prefix.
func NewRecorder(prefix string, live int, limits Limits) *Recorder {
	r := &Recorder{prefix: prefix, limits: limits, began: time.Now()}
	for range live {
		r.mu.live = append(r.mu.live, r.add())
	}
	return r
}

// add makes a key.
// REQUIRES: r.mu is held, or nobody else knows r.
func (r *Recorder) add() *Key {
	k := &Key{Name: fmt.Sprintf("%s%d", r.prefix, len(r.mu.all))}
	r.mu.all = append(r.mu.all, k)
	return k
}

// Pick returns the i-th live key (modulo their number), having replaced it if its history is full.
func (r *Recorder) Pick(i uint64) *Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := &r.mu.live[i%uint64(len(r.mu.live))]
	if (*k).full(r.limits) {
		*k = r.add()
	}
	return *k
}

// Keys are all keys, retired ones too.
func (r *Recorder) Keys() []*Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*Key(nil), r.mu.all...)
}

// Now is the time to note in an operation.
func (r *Recorder) Now() int64 { return int64(time.Since(r.began)) }

// Key is the history of one key.
type Key struct {
	Name string

	mu struct {
		sync.Mutex
		ops     []Op
		unknown int
	}
}

// Record adds an operation. Operations may come in any order.
func (k *Key) Record(op Op) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.mu.ops = append(k.mu.ops, op)
	if op.Fate == fate.Unknown && op.write() {
		k.mu.unknown++
	}
}

// Ops is a copy of the history.
func (k *Key) Ops() []Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]Op(nil), k.mu.ops...)
}

func (k *Key) full(l Limits) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.mu.unknown >= l.Unknown || len(k.mu.ops) >= l.Ops
}
