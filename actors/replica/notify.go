package replica

// listen has the state collect the events that clients of this node listen for, if this replica leads. It is told
// by the gauges: about a change of leadership, an event may be published by both replicas, or by none.
func (a *applier) listen() {
	switch {
	case a.cfg.Listen == nil:
	case Role(a.gauges.Role.Load()) == RoleLeader:
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
