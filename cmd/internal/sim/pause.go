package sim

// held is what came to a process that is paused: the streams that it came by, each in its order. What the
// process itself was about to do is a stream too.
type held struct {
	streams []any
	waiting map[any][]func()
	waking  bool
}

func (h *held) add(stream any, do func()) {
	if h.waiting == nil {
		h.waiting = map[any][]func(){}
	}
	if len(h.waiting[stream]) == 0 {
		h.streams = append(h.streams, stream)
	}
	h.waiting[stream] = append(h.waiting[stream], do)
}

// take removes the first of the i-th stream.
func (h *held) take(i int) func() {
	stream := h.streams[i]
	all := h.waiting[stream]
	if len(all) == 1 {
		delete(h.waiting, stream)
		h.streams = append(h.streams[:i], h.streams[i+1:]...)
	} else {
		h.waiting[stream] = all[1:]
	}
	return all[0]
}

// resume ends a pause. The threads of the process go on in any order: what one stream held may be dealt with
// long before another is looked at.
func (p *process) resume() {
	if !p.held.waking {
		p.held.waking = true
		p.wake()
	}
}

func (p *process) wake() {
	s := p.m.s
	switch {
	case p.over:
	case len(p.held.streams) == 0:
		p.held.waking, p.paused = false, false
	default:
		do := p.held.take(s.rng.IntN(len(p.held.streams)))
		p.paused = false
		do()
		p.paused = true
		s.after(s.rngSpan(maxTurn), p.wake)
	}
}
