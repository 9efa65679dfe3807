package sim

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// trouble is something bad that happens. Most last for a while and end by themselves.
type trouble struct {
	name string
	do   func(*Sim)
}

// troubles are all there are. A seed has some of them, so that rare ones meet each other in quiet
// surroundings as well.
var troubles = []trouble{
	{"half", (*Sim).cutHalf}, {"ring", (*Sim).cutRing}, {"bridge", (*Sim).cutBridge}, {"isolate", (*Sim).cutOne}, {"unplug", (*Sim).unplugOne},
	{"one-way", (*Sim).cutOneWay}, {"mute", (*Sim).muteOne}, {"flap", (*Sim).flap}, {"clients", (*Sim).cutClients}, {"reset", (*Sim).resetOne},
	{"weather", (*Sim).weather}, {"slow-net", (*Sim).slowNet},
	{"crash", (*Sim).crashOne}, {"crash", (*Sim).crashOne}, {"blink", (*Sim).blinkOne}, {"crash-all", (*Sim).crashAll}, {"crash-most", (*Sim).crashMost}, {"leave", (*Sim).leaveOne},
	{"ambush", (*Sim).ambush}, {"ambush", (*Sim).ambush},
	{"pause", (*Sim).pauseOne}, {"clock-jump", (*Sim).jumpClock}, {"drift", (*Sim).driftClock},
	{"wipe", (*Sim).wipeOne}, {"join", (*Sim).joinOne},
	{"slow-disk", (*Sim).slowDisk}, {"hung-disk", (*Sim).hangDisk}, {"disk-errors", (*Sim).failDisk}, {"full-disk", (*Sim).fillDisk},
	{"riot", (*Sim).riot}, {"riot", (*Sim).riot}, {"riot", (*Sim).riot}, {"stale-map", (*Sim).forgeMap},
}

func drawTroubles(rng *rand.Rand) (out []trouble) {
	for _, t := range troubles {
		if rng.IntN(5) > 1 {
			out = append(out, t)
		}
	}
	return out
}

// stir makes trouble, and again later, until the time for that is over.
func (s *Sim) stir(until time.Duration) {
	if len(s.plan.kinds) == 0 || s.plan.rate <= 0 {
		return
	}
	wait := time.Duration(s.rng.ExpFloat64() / s.plan.rate * float64(time.Second))
	if s.now+wait >= until {
		return
	}
	s.after(wait, func() {
		t := s.plan.kinds[s.rng.IntN(len(s.plan.kinds))]
		s.note("TROUBLE %s", t.name)
		s.tally.trouble(t.name)
		t.do(s)
		s.stir(until)
	})
}

// span is how long a trouble lasts: mostly some hundred milliseconds to seconds, at times long.
func (s *Sim) span() time.Duration {
	d := time.Duration(s.rng.ExpFloat64() * float64(2*time.Second))
	if s.rng.IntN(8) == 0 {
		d += time.Duration(s.rng.Int64N(int64(15 * time.Second)))
	}
	return 50*time.Millisecond + d
}

// lasting undoes something later, unless everything was mended meanwhile.
func (s *Sim) lasting(undo func()) {
	s.after(s.span(), func() {
		if !s.mended {
			undo()
		}
	})
}

func (s *Sim) any() *machine { return s.machines[s.rng.IntN(len(s.machines))] }

// anyRunning is a machine with a process, often one that leads something; nil if there is none.
func (s *Sim) anyRunning() *machine {
	var up, leads []*machine
	for _, m := range s.machines {
		if m.run == nil || m.run.node == nil {
			continue
		}
		up = append(up, m)
		if len(m.run.node.Routes().Led()) > 0 {
			leads = append(leads, m)
		}
	}
	switch {
	case len(leads) > 0 && s.rng.IntN(2) == 0:
		return leads[s.rng.IntN(len(leads))]
	case len(up) > 0:
		return up[s.rng.IntN(len(up))]
	}
	return nil
}

// cutting blocks some paths for a while.
func (s *Sim) cutting(cut func(a, b int) bool) {
	var paths [][2]int
	for a := 1; a <= len(s.machines); a++ {
		for b := 1; b < a; b++ {
			if cut(a, b) {
				s.net.cutBoth(a, b)
				paths = append(paths, [2]int{a, b})
			}
		}
	}
	s.lasting(func() {
		for _, p := range paths {
			s.net.healBoth(p[0], p[1])
		}
	})
}

func (s *Sim) cutHalf() {
	side := s.rng.Uint32()
	s.cutting(func(a, b int) bool { return (side>>a^side>>b)&1 == 1 })
}

// cutRing leaves each machine its two neighbours.
func (s *Sim) cutRing() {
	n := len(s.machines)
	at := s.rng.Perm(n)
	s.cutting(func(a, b int) bool {
		d := (at[a-1] - at[b-1] + n) % n
		return d != 1 && d != n-1
	})
}

// cutBridge makes two halves that one machine alone reaches both of.
func (s *Sim) cutBridge() {
	side, bridge := s.rng.Uint32(), s.any().i
	s.cutting(func(a, b int) bool { return a != bridge && b != bridge && (side>>a^side>>b)&1 == 1 })
}

func (s *Sim) cutOne() {
	m := s.anyRunning()
	if m == nil {
		return
	}
	s.isolate(m)
	if s.rng.IntN(2) == 0 {
		s.net.cutBoth(outside, m.i)
		s.lasting(func() { s.net.healBoth(outside, m.i) })
	}
}

func (s *Sim) isolate(m *machine) {
	s.cutting(func(a, b int) bool { return a == m.i || b == m.i })
}

// unplugOne isolates a machine, which the others learn at once and not by its silence.
func (s *Sim) unplugOne() {
	m := s.anyRunning()
	if m == nil || m.run.links == nil {
		return
	}
	s.isolate(m)
	m.run.links.breakOff()
}

// muteOne keeps a node's replicas from speaking with those of others, as a mailbox does that is full: its leaders may be
// deposed, and the node still be in touch with all others.
func (s *Sim) muteOne() {
	if m := s.anyRunning(); m != nil {
		s.net.mute[m.i] = true
		s.lasting(func() { s.net.mute[m.i] = false })
	}
}

// ambush cuts a node off, or ends it, in the moment when it acknowledges something.
func (s *Sim) ambush() {
	end := s.rng.IntN(3) == 0
	s.acked = func(m *machine) {
		switch s.note("n%d acknowledges something, and is waylaid", m.i); {
		case s.mended:
		case end:
			s.down(m)
		default:
			s.isolate(m)
		}
	}
}

func (s *Sim) cutOneWay() {
	a, b := s.any(), s.any()
	if a != b {
		s.net.cut(a.i, b.i)
		s.lasting(func() { s.net.healBoth(a.i, b.i) })
	}
}

// flap cuts and heals a path again and again.
func (s *Sim) flap() {
	a, b := s.any().i, s.any().i
	times := 2 + s.rng.IntN(8)
	if a == b {
		return
	}
	for i := range times {
		s.after(time.Duration(2*i)*s.rngSpan(400*time.Millisecond), func() {
			if s.mended {
				return
			}
			s.net.cutBoth(a, b)
			s.after(s.rngSpan(4*time.Second), func() { s.net.healBoth(a, b) })
		})
	}
}

func (s *Sim) rngSpan(most time.Duration) time.Duration {
	return time.Duration(s.rng.Int64N(int64(most)))
}

func (s *Sim) cutClients() {
	i := s.any().i
	s.net.cutBoth(outside, i)
	s.lasting(func() { s.net.healBoth(outside, i) })
}

// resetOne breaks the connections between two nodes.
func (s *Sim) resetOne() {
	m := s.anyRunning()
	if m == nil || m.run.links == nil || len(m.run.links.order) == 0 {
		return
	}
	order := m.run.links.order
	p := order[s.rng.IntN(len(order))]
	if c := p.conn; c != nil {
		p.broken()
		s.after(s.net.delay(), c.look)
	}
}

func (s *Sim) weather() {
	s.net.loss, s.net.double = 0.2*s.rng.Float64(), 0.2*s.rng.Float64()
	s.lasting(func() { s.net.loss, s.net.double = 0, 0 })
}

func (s *Sim) slowNet() {
	was := [2]time.Duration{s.net.latency, s.net.jitter}
	s.net.latency, s.net.jitter = s.rngSpan(40*time.Millisecond), s.rngSpan(40*time.Millisecond)
	s.lasting(func() { s.net.latency, s.net.jitter = was[0], was[1] })
}

// down ends a process, and brings it back after a while; one that took its time to end may do so when
// everything is mended already.
func (s *Sim) down(m *machine) {
	m.crash()
	s.note("n%d is down", m.i)
	if s.mended {
		s.back(m)
		return
	}
	s.lasting(func() { s.back(m) })
}

func (s *Sim) back(m *machine) {
	if m.run == nil && s.failure == "" {
		m.start()
	}
}

func (s *Sim) crashOne() {
	if m := s.anyRunning(); m != nil {
		s.down(m)
	}
}

func (s *Sim) blinkOne() {
	if m := s.anyRunning(); m != nil {
		m.crash()
		s.back(m)
	}
}

func (s *Sim) crashAll() {
	for _, m := range s.machines {
		if m.run != nil {
			s.down(m)
		}
	}
}

// crashMost leaves one process to itself.
func (s *Sim) crashMost() {
	last := s.anyRunning()
	for _, m := range s.machines {
		if m != last {
			m.crash()
		}
	}
	s.note("all but one are down")
	s.lasting(func() {
		for _, m := range s.machines {
			s.back(m)
		}
	})
}

// leaveOne ends a process in good order.
func (s *Sim) leaveOne() {
	m := s.anyRunning()
	if m == nil || m.run.leaving != nil || m.run.paused {
		return
	}
	p := m.run
	p.leaving = p.node.HandOver()
	s.left(p)
}

func (s *Sim) left(p *process) {
	s.after(50*time.Millisecond, func() {
		if p.over {
			return
		}
		select {
		case <-p.leaving:
			p.gossip.Leave(context.Background())
			s.down(p.m)
		default:
			s.left(p)
		}
	})
}

func (s *Sim) pauseOne() {
	m := s.anyRunning()
	if m == nil || m.run.paused {
		return
	}
	p := m.run
	p.paused = true
	s.lasting(p.resume)
}

func (s *Sim) jumpClock() {
	m := s.any()
	most := []time.Duration{300 * time.Millisecond, 5 * time.Second, time.Hour}[s.rng.IntN(3)]
	m.clock.offset = s.rngSpan(2*most) - most
	s.note("n%d: the clock is %v off", m.i, m.clock.offset)
}

func (s *Sim) driftClock() { s.any().clock.setDrift(s.now, s.rng.Int64N(200_001)-100_000) }

// joinOne adds a machine to the cluster.
func (s *Sim) joinOne() {
	if len(s.machines) < s.plan.most {
		s.addMachine().start()
	}
}

// wipeOne takes a machine's disk, if every shard can bear that. The node comes back as another one.
func (s *Sim) wipeOne() {
	m := s.any()
	if !s.watch.bearsLossOf(m) {
		return
	}
	s.note("n%d loses its disk", m.i)
	s.watch.wiped(m)
	m.wipe()
	s.tally.Wipes++
	s.lasting(func() { s.back(m) })
}

func (s *Sim) slowDisk() {
	d := s.any().disk
	d.sync = s.rngSpan(50 * time.Millisecond)
	s.lasting(func() { d.sync = syncTime })
}

func (s *Sim) hangDisk() { s.any().disk.hung = s.now + s.span() }

func (s *Sim) failDisk() {
	d := s.any().disk
	d.errors = 0.2 * s.rng.Float64()
	s.lasting(func() { d.errors = 0 })
}

func (s *Sim) fillDisk() {
	d := s.any().disk
	d.free = 0
	s.lasting(func() { d.free = enoughFree })
}

// riot makes two replicas of a shard stand for election at about the same moment, while others blink; at
// times the first of them asks for votes and hears of none.
func (s *Sim) riot() {
	shard := slotmap.ShardID(1 + s.rng.IntN(s.plan.shards))
	var here []*machine
	for _, i := range s.rng.Perm(len(s.machines)) {
		m := s.machines[i]
		if m.run != nil && m.run.node != nil && m.run.node.Routes().Handles[shard] != nil {
			here = append(here, m)
		}
	}
	if s.rng.IntN(2) == 0 { // a leader does not stand: let it be one of the others
		slices.SortStableFunc(here, func(a, b *machine) int { return cmp.Compare(a.leading(shard), b.leading(shard)) })
	}
	if len(here) > 1 && s.rng.IntN(3) > 0 {
		s.deafen(here[0], here[1])
	}
	within := []time.Duration{2 * time.Millisecond, 20 * time.Millisecond}
	for i, m := range here[:min(2, len(here))] {
		s.after(s.rngSpan(within[i]), func() { s.campaign(m, shard) })
	}
	for range 1 + s.rng.IntN(3) {
		if len(here) < 3 {
			return
		}
		m := here[2+s.rng.IntN(len(here)-2)]
		s.after(s.rngSpan(5*time.Millisecond), func() {
			if m.run != nil && s.failure == "" {
				m.crash()
				s.back(m)
			}
		})
	}
}

// leading is 1 for a machine that leads a shard, else 0.
func (m *machine) leading(shard slotmap.ShardID) int {
	if h := m.run.node.Routes().Handles[shard]; replica.Role(h.Gauges.Role.Load()) == replica.RoleLeader {
		return 1
	}
	return 0
}

// deafen keeps everything from a machine, and what that one says from a rival.
func (s *Sim) deafen(m, rival *machine) {
	for i := range s.machines {
		s.net.cut(i+1, m.i)
	}
	s.net.cut(m.i, rival.i)
	s.lasting(func() {
		for i := range s.machines {
			s.net.healBoth(i+1, m.i)
		}
	})
}

// campaign has a replica stand for election, as if its leader had asked for that.
func (s *Sim) campaign(m *machine, shard slotmap.ShardID) {
	if m.run == nil || m.run.node == nil {
		return
	}
	h, cfg := m.run.node.Routes().Handles[shard], m.run.links.cfg
	if h == nil || replica.Role(h.Gauges.Role.Load()) == replica.RoleLeader {
		return
	}
	v := h.Gauges.View()
	cfg.System.Root.Send(h.PID, &link.Inbound{From: cfg.Self, Message: &wire.Raft{Shard: shard, Message: &raftpb.Message{
		Type: raftpb.MsgTimeoutNow.Enum(), From: new(v.Replica), To: new(v.Replica), Term: new(v.Term),
	}}})
}

// forgeMap makes the sessions of a machine route by a wrong picture for a while.
func (s *Sim) forgeMap() {
	m := s.any()
	m.forged = true
	s.lasting(func() { m.forged = false })
}

// mend ends all troubles.
func (s *Sim) mend() {
	s.mended, s.acked = true, nil
	s.net.repair()
	for _, m := range s.machines {
		m.disk.repair()
		m.forged = false
		m.clock.offset = 0
		m.clock.setDrift(s.now, 0)
		if m.run != nil && m.run.paused {
			m.run.resume()
		}
		s.back(m)
	}
}
