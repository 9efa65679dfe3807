package sim

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

const (
	maxTransfers    = 64
	transferTimeout = 10 * time.Second
	bytesPerMilli   = 64 << 10
	chunkBytes      = 16 << 10
)

var errTransfer = errors.New("sim: the transfer broke")

// transfers is the actor that sends files to one peer, one after the other.
type transfers struct {
	peer  *peer
	pid   *actor.PID
	queue []*link.SendFile
}

// Bulk implements actors.Links.
func (l *links) Bulk(node slotmap.NodeID) *actor.PID {
	p := l.peer(node)
	if p.bulk == nil {
		t := &transfers{peer: p}
		props := actor.PropsFromProducer(func() actor.Actor { return t },
			actor.WithMailbox(mailbox.New()), actor.WithDispatcher(l.p.dispatcher("bulk")))
		t.pid = l.cfg.System.Root.Spawn(props)
		p.bulk = t
	}
	return p.bulk.pid
}

// Receive implements actor.Actor.
func (t *transfers) Receive(ctx actor.Context) {
	m, ok := ctx.Message().(*link.SendFile)
	if !ok {
		return
	}
	if len(t.queue) > maxTransfers {
		t.answer(m, link.ErrBusy)
		return
	}
	t.queue = append(t.queue, m)
	if len(t.queue) == 1 {
		t.begin()
	}
}

func (t *transfers) answer(m *link.SendFile, err error) {
	t.peer.l.p.when(func() { t.peer.l.cfg.System.Root.Send(m.Reply, &link.FileSent{To: m.To, Tag: m.Tag, Err: err}) })
}

// begin reads the file and puts it on its way. The bytes are those of now, whoever deletes it meanwhile.
func (t *transfers) begin() {
	m, s := t.queue[0], t.peer.l.p.m.s
	data, err := readFile(t.peer.l.cfg.FS, m.Path)
	if err != nil {
		t.end(err)
		return
	}
	spent := 3*s.net.resend() + time.Duration(len(data))*time.Millisecond/bytesPerMilli
	s.after(spent, func() { t.carry(m, data, s.now+transferTimeout) })
}

func readFile(fs vfs.FS, path string) ([]byte, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(f)
	return data, errors.Join(err, f.Close())
}

// carry brings the file to the other node, or waits until that can be.
func (t *transfers) carry(m *link.SendFile, data []byte, until time.Duration) {
	from := t.peer.l.p
	s := from.m.s
	if from.over {
		return
	}
	place := 0
	if addr, ok := t.peer.l.cfg.Resolve(m.To); ok {
		place = s.placeOf(addr)
	}
	to := s.processAt(place)
	switch {
	case s.now > until || place == 0 || s.net.rng.Float64() < s.plan.transferLoss:
		t.end(errTransfer)
	case !s.net.both(from.m.i, place) || to != nil && to.paused:
		s.after(linkTick, func() { t.carry(m, data, until) })
	case to == nil || !t.peer.accepted(to):
		t.end(errTransfer)
	default:
		t.arrive(to, m, data)
	}
}

// arrive stores the file at the receiver, and has its word travel back, which may get lost.
func (t *transfers) arrive(to *process, m *link.SendFile, data []byte) {
	s := to.m.s
	err := to.links.receive(t.peer.l.cfg.Self, m, data)
	if s.net.rng.Float64() < s.plan.transferLoss {
		err = errTransfer
	}
	s.tally.Files++
	s.after(s.net.resend(), func() { t.end(err) })
}

// end answers the file in hand and goes on with the next.
func (t *transfers) end(err error) {
	m := t.queue[0]
	t.queue = t.queue[1:]
	t.answer(m, err)
	if len(t.queue) > 0 {
		t.begin()
	}
}

// receive writes a file as package link does, and tells the node.
func (l *links) receive(from slotmap.NodeID, m *link.SendFile, data []byte) error {
	_, msg, err := wire.DecodeFrame(wire.AppendFrame(nil, m.Target, m.Header)[4:])
	if err != nil {
		l.p.m.s.fail("header of a file: %v", err)
		return err
	}
	header := msg.(*wire.Snapshot)
	if int64(len(data)) != header.Size || xxhash.Sum64(data) != header.Sum {
		return link.ErrFile
	}
	if err := check(l.cfg.Check(header), data); err != nil {
		l.p.m.s.fail("content of a file: %v", err)
		return err
	}
	l.p.m.s.files++
	fs := l.cfg.FS
	path := fs.PathJoin(l.cfg.Incoming, fmt.Sprintf("recv-%d.snap", l.p.m.s.files))
	if err := writeFile(fs, path, data); err != nil {
		return err
	}
	l.tell(&link.Received{From: from, Target: m.Target, Header: header, Path: path})
	return nil
}

// check has the content looked at, in pieces.
func check(c link.FileCheck, data []byte) error {
	for len(data) > 0 {
		n := min(len(data), chunkBytes)
		if _, err := c.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return c.Finish()
}

// writeFile makes a file durable under its name.
func writeFile(fs vfs.FS, path string, data []byte) error {
	f, err := fs.Create(path+".tmp", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	for len(data) > 0 && err == nil {
		n := min(len(data), chunkBytes)
		_, err = f.Write(chunked(data[:n]))
		data = data[n:]
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := fs.Rename(path+".tmp", path); err != nil {
		return err
	}
	dir, err := fs.OpenDir(fs.PathDir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// chunked is data as it comes out of a frame.
func chunked(data []byte) []byte {
	_, m, err := wire.DecodeFrame(wire.AppendFrame(nil, "", &wire.Chunk{Data: data})[4:])
	if err != nil {
		return nil
	}
	return m.(*wire.Chunk).Data
}
