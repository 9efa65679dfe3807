package session

import "time"

const (
	sweepInterval = time.Second
	writeTimeout  = 60_000 // ms that a client may take nothing of what is written to it
)

// sweep keeps the coarse clock, samples the rates for INFO, ends connections that are idle or stuck, has
// those that wait look for whom, and looks at the save points.
func (s *Server) sweep() {
	defer s.running.Done()
	t := time.NewTicker(sweepInterval)
	defer t.Stop()
	for {
		select {
		case <-s.closing:
			return
		case now := <-t.C:
			s.sweepAt(now.UnixMilli())
		}
	}
}

func (s *Server) sweepAt(now int64) {
	s.now.Store(now)
	s.stats.sample(uint64(s.cfg.Routes().usedBytes()))
	s.reachSavePoints(now / 1000)
	idle := s.settings.timeout.Load() * 1000
	for _, c := range s.clients.all() {
		if c.blocked.Load() {
			s.system.Root.Send(s.system.NewLocalPID(c.actorName()), waitCheck{})
		}
		switch {
		case idle > 0 && c.mayIdle() && now-c.active.Load() > idle:
			c.kill()
		case c.writing.Load() != 0 && now-c.writing.Load() > writeTimeout:
			c.kill()
		}
	}
}

// mayIdle reports whether it is up to the client that nothing happens.
func (c *client) mayIdle() bool {
	return !c.inner && !c.blocked.Load() && !c.carries.Load() && c.subscriptions() == 0
}
