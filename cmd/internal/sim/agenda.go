package sim

import (
	"container/heap"
	"time"
)

// agenda holds what happens at a time to come, in order of time, and of making where that is equal.
type agenda struct {
	events []event
	made   uint64
}

type event struct {
	at  time.Duration
	seq uint64
	do  func()
}

func (a *agenda) add(at time.Duration, do func()) {
	a.made++
	heap.Push((*byTime)(a), event{at, a.made, do})
}

// next is when the first event is due.
func (a *agenda) next() (time.Duration, bool) {
	if len(a.events) == 0 {
		return 0, false
	}
	return a.events[0].at, true
}

func (a *agenda) pop() event { return heap.Pop((*byTime)(a)).(event) }

// byTime is the agenda as a heap.
type byTime agenda

func (h *byTime) Len() int { return len(h.events) }

func (h *byTime) Less(i, j int) bool {
	a, b := &h.events[i], &h.events[j]
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}

func (h *byTime) Swap(i, j int) { h.events[i], h.events[j] = h.events[j], h.events[i] }
func (h *byTime) Push(e any)    { h.events = append(h.events, e.(event)) }

func (h *byTime) Pop() any {
	last := len(h.events) - 1
	e := h.events[last]
	h.events[last] = event{}
	h.events = h.events[:last]
	return e
}
