package replica

// listen has the state collect the events that clients of this node listen for, or none. Those of an entry are
// published only by the leader of its term, which applies it once in that term: what is replayed, and what another
// leader proposed, was published or is lost with that leader.
func (a *applier) listen(here bool) {
	switch {
	case a.cfg.Listen == nil:
	case here:
		a.state.Listen(a.cfg.Listen())
	default:
		a.state.Listen(0)
	}
}

// notify publishes what was done to keys. It comes before the replies, so that who has one may count on its events
// having been sent.
func (a *applier) notify() {
	if a.cfg.Listen == nil {
		return
	}
	if events := a.state.TakeEvents(); len(events) > 0 {
		a.cfg.Publish(events)
	}
}
