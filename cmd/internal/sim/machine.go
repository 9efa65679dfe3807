package sim

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"

	"github.com/troupedb/troupe/actors"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"
)

// machine is an address with a clock and a disk, where at times a process runs.
type machine struct {
	s     *Sim
	i     int // its place in the network
	clock clock
	disk  *disk
	run   *process // nil while it is down
	rng   *rand.Rand
	node  slotmap.NodeID // who lives there, or lived there last

	forged bool // its sessions route by a wrong picture
	forger forger
}

func (s *Sim) addMachine() *machine {
	i := len(s.machines) + 1
	m := &machine{s: s, i: i, rng: s.stream(100 + uint64(i))}
	m.disk = newDisk(s.stream(200 + uint64(i)))
	s.machines = append(s.machines, m)
	return m
}

// start runs a node on the machine. One that cannot start is a failure, unless the disk is to blame.
func (m *machine) start() {
	p := newProcess(m)
	m.run = p
	node, err := actors.StartIn(p.config(), p.world())
	if err != nil {
		p.died(err)
		return
	}
	p.node, m.node = node, node.Routes().Self.ID
	m.s.note("n%d starts as %v", m.i, m.node)
	p.tick()
}

// crash ends the process at once; the disk keeps what a power failure would leave.
func (m *machine) crash() {
	p := m.run
	if p == nil {
		return
	}
	m.run = nil
	p.end()
	if err := m.disk.crash(); err != nil {
		m.s.fail("n%d: %v", m.i, err)
	}
}

// wipe ends the process and takes its disk.
func (m *machine) wipe() {
	m.crash()
	m.s.generation++
	fresh := newDisk(m.s.stream(200 + uint64(m.i) + 1000*m.s.generation))
	fresh.sync, fresh.free = m.disk.sync, m.disk.free
	m.disk, m.node = fresh, slotmap.NodeID{}
}

// ticks tells when the machine's next tick is due.
func (p *process) tick() {
	p.m.s.after(p.m.clock.real(replica.TickInterval), func() {
		if p.over {
			return
		}
		if !p.paused { // a ticker drops what nobody takes
			p.node.Tick()
		}
		p.tick()
	})
}

// keepBytesEach is less than entries have here, so that the log behind a snapshot is cut by its bytes now and then: where a
// quarter of the snapshot is less than so many entries.
const keepBytesEach = 25

// config is what the node is started with.
func (p *process) config() actors.Config {
	m := p.m
	return actors.Config{
		Data: "data", Client: listener(address(m.i, clientPort)), Peer: listener(address(m.i, peerPort)), HTTP: listener(address(m.i, httpPort)),
		Gossip: address(m.i, gossipPort), Join: m.s.join, Zone: m.s.zone(m.i), Shards: m.s.plan.shards, Replicas: m.s.plan.replicas,
		Leases: m.s.plan.leases, MinFree: minFree, SnapshotEntries: m.s.plan.snapshotEntries, KeepEntries: m.s.plan.keepEntries,
		KeepBytes: int64(m.s.plan.keepEntries) * keepBytesEach,
		Logger:    slog.New(p.logHandler()), Fatal: p.died, Ready: func() {},
	}
}

// world is what the node stands on.
func (p *process) world() actors.World {
	m, s := p.m, p.m.s
	fs := m.disk.fs()
	disk := m.disk
	return actors.World{
		FS: fs, Store: disk.store, Free: func() (int64, error) { return disk.free, nil },
		Links: p.startLinks, Gossip: p.startGossip,
		Wall:       func() int64 { return m.clock.wall(s.now).Milliseconds() },
		Mono:       func() int64 { return m.clock.mono(s.now).Milliseconds() },
		Seed:       m.rng.Uint64,
		Dispatcher: p.dispatcher,
		Drive:      drive,
		Routes:     m.routes,
		Observe:    func(a *replica.Applied) { s.watch.applied(p, a) },
	}
}

// listener is one that nobody accepts from: an address.
type listener string

func (l listener) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (l listener) Close() error              { return nil }
func (l listener) Addr() net.Addr            { return netAddr(l) }

type netAddr string

func (netAddr) Network() string  { return "tcp" }
func (a netAddr) String() string { return string(a) }

func (p *process) name() string { return fmt.Sprintf("n%d", p.m.i) }
