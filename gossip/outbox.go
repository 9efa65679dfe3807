package gossip

import "sync"

// maxHints bounds the deltas and maps that wait for a slow receiver. Beyond it
// they are dropped: digests tell what was missed, and it is pulled again.
const maxHints = 1024

// outbox hands events to one receiver, in order, on a goroutine that holds no
// lock of this package or of memberlist, so that the receiver may call back.
type outbox struct {
	mu struct {
		sync.Mutex
		queue  []Event
		hints  int
		closed bool
	}
	ready chan struct{}
}

func newOutbox() *outbox { return &outbox{ready: make(chan struct{}, 1)} }

// put queues events; it never blocks.
func (o *outbox) put(events ...Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.mu.closed {
		return
	}
	for _, e := range events {
		if isHint(e) {
			if o.mu.hints >= maxHints {
				continue
			}
			o.mu.hints++
		}
		o.mu.queue = append(o.mu.queue, e)
	}
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

func (o *outbox) take() ([]Event, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	q := o.mu.queue
	o.mu.queue, o.mu.hints = nil, 0
	return q, !o.mu.closed
}

// run delivers until close.
func (o *outbox) run(deliver func(Event)) {
	for range o.ready {
		events, open := o.take()
		if !open {
			return
		}
		for _, e := range events {
			deliver(e)
		}
	}
}

// close drops what is queued and ends run.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.mu.closed {
		o.mu.closed = true
		close(o.ready)
	}
}

func isHint(e Event) bool {
	switch e.(type) {
	case DeltaReceived, MapReceived:
		return true
	}
	return false
}
