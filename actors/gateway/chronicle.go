package gateway

import (
	"sync/atomic"
	"time"

	"github.com/troupedb/troupe/actors/session"
)

const (
	maxEvents = 200                    // that are kept
	lookEvery = 100 * time.Millisecond // between looks at the routes
)

// chronicle keeps what changed in the cluster lately, so that who comes after a failure, or was cut off from the node
// for a while, sees it too. One goroutine looks at the routes and writes; any goroutine reads.
type chronicle struct {
	routes        func() *session.Routes
	now           atomic.Pointer[chapter]
	stop, stopped chan struct{}
}

// chapter is what is known at one moment. It is immutable.
type chapter struct {
	events []event       // the newest last, with consecutive ids
	last   uint64        // id of the newest, whether there is one or not
	next   chan struct{} // closed when there is another chapter
}

// newChronicle begins at the time in ms: a node that starts again gives higher ids than before, so that a reader who
// asks for what came after an old one gets all.
func newChronicle(routes func() *session.Routes) *chronicle {
	c := &chronicle{routes: routes, stop: make(chan struct{}), stopped: make(chan struct{})}
	c.now.Store(&chapter{last: uint64(time.Now().UnixMilli()), next: make(chan struct{})})
	go c.watch(pictureOf(routes()))
	return c
}

func (c *chronicle) watch(seen picture) {
	defer close(c.stopped)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-look.C:
			now := pictureOf(c.routes())
			c.add(differences(seen, now))
			seen = now
		}
	}
}

// add writes events down, as of now.
func (c *chronicle) add(events []event) {
	if len(events) == 0 {
		return
	}
	before, at := c.now.Load(), time.Now().UTC().Format(time.RFC3339Nano)
	now := &chapter{last: before.last, next: make(chan struct{})}
	for i := range events {
		now.last++
		events[i].ID, events[i].At = now.last, at
	}
	now.events = append(before.events[:len(before.events):len(before.events)], events...)
	now.events = now.events[max(0, len(now.events)-maxEvents):]
	c.now.Store(now)
	close(before.next)
}

// close ends the looking; what was written can be read on.
func (c *chronicle) close() {
	close(c.stop)
	<-c.stopped
}

// after lists the events that came after one, as far as they are kept.
func (c *chapter) after(id uint64) []event {
	for i, e := range c.events {
		if e.ID > id {
			return c.events[i:]
		}
	}
	return nil
}
