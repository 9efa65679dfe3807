package replica

import (
	"errors"
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/raftlog"
)

// takeSnapshot asks the applier for a snapshot at the index that it has applied.
type takeSnapshot struct {
	hurry bool // somebody waits for it
}

// snapshotting is a snapshot under way: keyspace's iterator, and the actor that writes its slices.
type snapshotting struct {
	from   *keyspace.Snapshotter
	writer *actor.PID
	pace   pace
	room   []byte // the block of the next slice, nil while the writer has it
}

// slice is one piece of a snapshot for the writer, to whom its block belongs until it is written; the last one is marked.
type slice struct {
	block []byte
	last  bool
}

// blockWritten tells the applier that the writer is ready for the next slice. One slice is under way at
// a time: the disk sets the pace at most, and between two slices the applier does its ordinary work. The block comes back
// with it: a new one for each slice would have the collector mark the whole keyspace a few times in each snapshot.
type blockWritten struct {
	writer *actor.PID // may be that of a snapshot that was given up
	block  []byte
	err    error
}

// snapshotTaken tells the replica that a snapshot file is complete and durable, or failed.
type snapshotTaken struct {
	ref raftlog.SnapshotRef
	err error
}

// ConsensusLane marks snapshotTaken for the front lane of the replica's mailbox.
func (*snapshotTaken) ConsensusLane() {}

func (a *applier) beginSnapshot(ctx actor.Context, hurry bool) {
	if a.snap != nil {
		return
	}
	release, ok := a.claim(a.state.Bytes())
	if !ok {
		ctx.Send(a.replica, &snapshotTaken{err: errNoRoom})
		return
	}
	h := SnapHeader{Cluster: a.cfg.Cluster, Shard: a.cfg.Shard, Index: a.applied, Term: a.term, Now: a.now, Members: a.members}
	w := &snapshotFile{cfg: a.cfg, name: SnapName(a.cfg.Shard, a.cfg.Replica, h.Term, h.Index), header: h, replica: a.replica, applier: ctx.Self(), release: release}
	a.snap = &snapshotting{
		from: a.state.BeginSnapshot(a.applied),
		pace: newPace(a.state.Bytes(), a.cfg.SnapshotEntries),
		room: make([]byte, 0, snapBlockSize),
	}
	a.snap.writer = ctx.Spawn(actor.PropsFromProducer(func() actor.Actor { return w }, a.cfg.props(nil)...))
	a.gauges.Snapshotting.Store(true)
	a.snap.pace.tick(hurry)
	a.nextSlice(ctx)
}

// errNoRoom says that the disk has too little space for a snapshot.
var errNoRoom = errors.New("too little disk space for it")

func (a *applier) claim(bytes int64) (release func(), ok bool) {
	if a.cfg.Claim == nil {
		return func() {}, true
	}
	return a.cfg.Claim(bytes)
}

func (a *applier) blockWritten(ctx actor.Context, m *blockWritten) {
	switch {
	case a.snap == nil || a.snap.writer.Id != m.writer.Id:
	case m.err != nil:
		a.cancelSnapshot()
	default:
		a.snap.room = m.block[:0]
		if cap(m.block) > maxKeptBlock {
			a.snap.room = make([]byte, 0, snapBlockSize)
		}
		a.nextSlice(ctx)
	}
}

func (a *applier) snapshotTick(ctx actor.Context, m *snapshotTick) {
	if a.snap != nil {
		a.snap.pace.tick(m.hurry)
		a.nextSlice(ctx)
	}
}

// snapshotGrew notes that so many entries, of so many bytes, were applied.
func (a *applier) snapshotGrew(ctx actor.Context, entries, bytes int) {
	if a.snap != nil {
		a.snap.pace.grew(entries, bytes)
		a.nextSlice(ctx)
	}
}

// nextSlice sends the next slice if it is due and the writer is ready for it.
func (a *applier) nextSlice(ctx actor.Context) {
	s := a.snap
	if s.room == nil || !s.pace.allows(s.from.Holds(maxHeld)) {
		return
	}
	block, done := s.from.Next(s.room, snapBlockSize)
	s.room = nil
	s.pace.wrote(len(block))
	ctx.Send(s.writer, &slice{block: block, last: done})
	if done {
		a.endSnapshot()
	}
}

func (a *applier) endSnapshot() {
	a.snap = nil
	a.gauges.Snapshotting.Store(false)
}

func (a *applier) cancelSnapshot() {
	if a.snap == nil {
		return
	}
	a.snap.from.Cancel()
	a.cfg.System.Root.Poison(a.snap.writer)
	a.endSnapshot()
}

// snapshotFile is the actor that writes one snapshot file, so that the applier never waits for the
// disk. It stops itself at the end.
type snapshotFile struct {
	cfg              *Config
	name             string
	header           SnapHeader
	replica, applier *actor.PID
	release          func() // gives back what was claimed of the disk
	w                *snapWriter
	over             bool
}

// Receive implements actor.Actor.
func (s *snapshotFile) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		var err error
		if s.w, err = createSnap(s.cfg.FS, s.cfg.snapFile(s.name), s.header); err != nil {
			s.fail(ctx, fmt.Errorf("cannot create %s: %w", s.name, err))
		}
	case *slice:
		s.slice(ctx, m)
	case *actor.Stopping:
		if !s.over && s.w != nil {
			s.w.abort()
		}
		s.release()
	}
}

func (s *snapshotFile) slice(ctx actor.Context, m *slice) {
	if s.over {
		return
	}
	if len(m.block) > 0 {
		if err := s.w.block(m.block); err != nil {
			s.w.abort()
			s.fail(ctx, err)
			return
		}
	}
	if !m.last {
		ctx.Send(s.applier, &blockWritten{writer: ctx.Self(), block: m.block})
		return
	}
	size, sum, err := s.w.finish()
	if err != nil {
		s.fail(ctx, err)
		return
	}
	s.over = true
	ctx.Send(s.replica, &snapshotTaken{ref: s.header.ref(s.name, size, sum)})
	ctx.Stop(ctx.Self())
}

func (s *snapshotFile) fail(ctx actor.Context, err error) {
	s.over = true
	ctx.Send(s.applier, &blockWritten{writer: ctx.Self(), err: err})
	ctx.Send(s.replica, &snapshotTaken{err: err})
	ctx.Stop(ctx.Self())
}
