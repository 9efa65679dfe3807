package mailbox

import "sync/atomic"

// Budget bounds what the senders of client work may have queued for one actor, in messages and in bytes: no
// token, no send. The actor gives the tokens back when it has answered. Any goroutine.
//
// Invariant: every Release returns exactly what one successful TryAcquire took.
type Budget struct {
	count, bytes resource
	refused      atomic.Uint64
}

// NewBudget makes a budget. A single request for more than maxBytes is refused for ever, so maxBytes must be
// at least the largest command.
func NewBudget(maxCount, maxBytes int64) *Budget {
	b := &Budget{}
	b.count.limit, b.bytes.limit = maxCount, maxBytes
	return b
}

// TryAcquire takes both tokens or none.
func (b *Budget) TryAcquire(count, bytes int64) bool {
	if b.count.take(count) {
		if b.bytes.take(bytes) {
			return true
		}
		b.count.used.Add(-count)
	}
	b.refused.Add(1)
	return false
}

// Release gives back what a TryAcquire took.
func (b *Budget) Release(count, bytes int64) {
	b.count.used.Add(-count)
	b.bytes.used.Add(-bytes)
}

// InUse is what is taken now.
func (b *Budget) InUse() (count, bytes int64) { return b.count.used.Load(), b.bytes.used.Load() }

// HighWater is the most that was ever taken at once, of each on its own.
func (b *Budget) HighWater() (count, bytes int64) { return b.count.high.Load(), b.bytes.high.Load() }

// Refused counts the failed calls of TryAcquire.
func (b *Budget) Refused() uint64 { return b.refused.Load() }

type resource struct {
	limit int64
	used  atomic.Int64
	high  HighWater
}

func (r *resource) take(n int64) bool {
	if n < 0 {
		return false
	}
	for {
		used := r.used.Load()
		if n > r.limit-used {
			return false
		}
		if r.used.CompareAndSwap(used, used+n) {
			r.high.raise(used + n)
			return true
		}
	}
}

// HighWater is the most that there ever was of something. Any goroutine.
type HighWater struct{ most atomic.Int64 }

// Load is the most so far.
func (h *HighWater) Load() int64 { return h.most.Load() }

func (h *HighWater) raise(to int64) {
	for most := h.most.Load(); to > most; most = h.most.Load() {
		if h.most.CompareAndSwap(most, to) {
			return
		}
	}
}
