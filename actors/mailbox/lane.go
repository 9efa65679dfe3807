package mailbox

import "sync/atomic"

// retained is the capacity, in messages, up to which a lane keeps its slices for reuse (64 KiB each).
const retained = 4096

// A lane is a queue with two slices: senders append to one while a turn delivers the other.
type lane struct {
	in     []any         // guarded by mailbox.mu
	posted atomic.Uint64 // all ever put in; written under mailbox.mu

	out       []any // of the running turn
	head      int   // out[:head] was delivered
	taken     uint64
	delivered atomic.Uint64 // written by the running turn
}

// REQUIRES: mailbox.mu is held.
func (l *lane) put(msg any) {
	l.in = append(l.in, msg)
	l.posted.Add(1)
}

// waiting counts the messages that were put in and not yet delivered. Any goroutine.
func (l *lane) waiting() int {
	d := l.delivered.Load() // first: it never passes posted
	return int(l.posted.Load() - d)
}

// arrived says that messages wait which no turn has taken yet. Running turn only.
func (l *lane) arrived() bool { return l.posted.Load() != l.taken }

// swap takes all that arrived.
// REQUIRES: mailbox.mu is held, and the running turn has delivered all of out.
func (l *lane) swap() {
	l.in, l.out = l.out[:0], l.in
	l.head = 0
	l.taken += uint64(len(l.out))
}

// pop gives the next message taken. Running turn only.
func (l *lane) pop() (any, bool) {
	if l.head == len(l.out) {
		return nil, false
	}
	msg := l.out[l.head]
	l.out[l.head] = nil
	l.head++
	if l.head == len(l.out) {
		l.reuse()
	}
	l.delivered.Store(l.delivered.Load() + 1)
	return msg, true
}

// reuse keeps the delivered slice for the next swap, unless a burst made it large.
func (l *lane) reuse() {
	l.head = 0
	if cap(l.out) > retained {
		l.out = nil
		return
	}
	l.out = l.out[:0]
}
