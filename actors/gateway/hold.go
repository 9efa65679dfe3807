package gateway

import "github.com/troupedb/troupe/actors/mailbox"

// hold is what one request and its answer have of the budget of bytes: something for sure, and the rest as it comes
// to be needed. It belongs to the goroutine of the request.
//
// Invariant: used <= taken, and taken is released once.
type hold struct {
	budget      *mailbox.Budget
	taken, used int64
}

// reserve takes bytes that are used later.
func (o *hold) reserve(n int64) bool {
	if !o.budget.TryAcquire(0, n) {
		return false
	}
	o.taken += n
	return true
}

// use is called before memory is taken; false means that there is no room for it.
func (o *hold) use(n int64) bool {
	if missing := o.used + n - o.taken; missing > 0 && !o.reserve(missing) {
		return false
	}
	o.used += n
	return true
}

// rewind forgets what was used since a mark: that memory is held no more.
func (o *hold) rewind(mark int64) { o.used = mark }

// trim gives back what is not used.
func (o *hold) trim() {
	if spare := o.taken - o.used; spare > 0 {
		o.budget.Release(0, spare)
		o.taken = o.used
	}
}

// release gives all of it back.
func (o *hold) release() {
	o.budget.Release(0, o.taken)
	o.taken, o.used = 0, 0
}
