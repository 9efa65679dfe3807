package sim

import "time"

// agenda holds what happens at a time to come, in order of time, and of making where that is equal. It is a
// heap in which each event has four below it; every packet passes through.
type agenda struct {
	events []event
	made   uint64
}

type event struct {
	at  time.Duration
	seq uint64
	do  func()
}

const fanout = 4

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

// next is when the first event is due.
func (a *agenda) next() (time.Duration, bool) {
	if len(a.events) == 0 {
		return 0, false
	}
	return a.events[0].at, true
}

func (a *agenda) add(at time.Duration, do func()) {
	a.made++
	e := event{at, a.made, do}
	a.events = append(a.events, e)
	i := len(a.events) - 1
	for i > 0 && e.before(&a.events[(i-1)/fanout]) {
		a.events[i] = a.events[(i-1)/fanout]
		i = (i - 1) / fanout
	}
	a.events[i] = e
}

func (a *agenda) pop() event {
	first, last := a.events[0], len(a.events)-1
	e := a.events[last]
	a.events[last] = event{}
	a.events = a.events[:last]
	if last > 0 {
		a.sink(e)
	}
	return first
}

// sink puts an event into the free place at the top, or where it belongs below.
func (a *agenda) sink(e event) {
	i := 0
	for {
		least := fanout*i + 1
		if least >= len(a.events) {
			break
		}
		for j := least + 1; j < min(fanout*i+1+fanout, len(a.events)); j++ {
			if a.events[j].before(&a.events[least]) {
				least = j
			}
		}
		if !a.events[least].before(&e) {
			break
		}
		a.events[i] = a.events[least]
		i = least
	}
	a.events[i] = e
}
