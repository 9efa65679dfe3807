package sim

import (
	"errors"
	"log/slog"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors"
)

// process is one run of a node. Nothing of it happens after its end, whatever is queued.
type process struct {
	m      *machine
	node   *actors.Node // nil while it starts
	links  *links
	gossip *gossiper
	conns  []*serverConn

	over   bool
	paused bool
	held   held   // what happens when the pause ends
	log    func() // the turn of the log that waits for the disk

	leaving <-chan struct{} // closed when the node has given away what it led
}

func newProcess(m *machine) *process { return &process{m: m} }

// end is the last moment of a process. A sync under way may still reach the disk; nobody hears of it.
func (p *process) end() {
	p.over = true
	if p.log != nil && p.m.disk.rng.IntN(2) == 0 {
		p.log()
	}
	p.log, p.held = nil, held{}
	p.m.s.watch.ended(p)
	if p.links != nil {
		p.links.ended()
	}
	if p.gossip != nil {
		p.gossip.Close()
	}
	for _, c := range p.conns {
		c.reset()
	}
}

// died takes a fatal error of the node, which ends its process. Only a bad disk is a reason.
func (p *process) died(err error) {
	if p.over {
		return
	}
	s := p.m.s
	if !errors.Is(err, errDisk) && !strings.Contains(err.Error(), errDisk.Error()) {
		s.fail("n%d stops: %v", p.m.i, err)
	}
	s.note("n%d stops: %v", p.m.i, err)
	s.tally.Fatal++
	p.m.crash()
}

// when runs what comes to the process, or keeps it for the end of a pause.
func (p *process) when(do func()) { p.whenFrom(nil, do) }

// whenFrom runs what comes to the process by a stream.
func (p *process) whenFrom(stream any, do func()) {
	switch {
	case p.over:
	case p.paused:
		p.held.add(stream, do)
	default:
		do()
	}
}

// dispatcher gives an actor of the node its turns.
func (p *process) dispatcher(name string) actor.Dispatcher {
	if name == "raftlog" {
		return logTurns{p}
	}
	if shard, ok := shardOf(name); ok {
		return turns{p, func() { p.m.s.watch.turned(p, shard) }}
	}
	return turns{p, func() {}}
}

// turns come from the seeded dispatcher that all actors of all nodes share.
type turns struct {
	p     *process
	after func() // each turn
}

// Schedule implements actor.Dispatcher.
func (t turns) Schedule(turn func()) {
	if t.p.over {
		return
	}
	t.p.m.s.sched.Schedule(func() {
		t.p.when(func() {
			turn()
			t.after()
		})
	})
}

// Throughput implements actor.Dispatcher.
func (t turns) Throughput() int { return 1 }

// logTurns come when the disk has synced what a turn writes: until then it seems to write.
type logTurns struct{ p *process }

// Schedule implements actor.Dispatcher.
func (t logTurns) Schedule(turn func()) {
	p := t.p
	if p.over {
		return
	}
	p.log = turn
	p.m.s.after(p.m.disk.syncTime(), func() { p.written(turn) })
}

// written runs the turn, unless the disk hangs.
func (p *process) written(turn func()) {
	s := p.m.s
	if wait := p.m.disk.hung - s.now; wait > 0 && !p.over {
		s.after(wait, func() { p.written(turn) })
		return
	}
	p.when(func() {
		p.log = nil
		turn()
	})
}

// Throughput implements actor.Dispatcher.
func (t logTurns) Throughput() int { return 1 }

// logHandler keeps what the node says for a trace that is read.
func (p *process) logHandler() slog.Handler {
	if p.m.s.options.Trace == nil {
		return slog.DiscardHandler
	}
	return &traceHandler{p: p}
}
