package replica

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/confirm"
	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/raftlog/segment"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

const maxNodes = 12

// network carries packets between nodes. Each direction between two nodes is a link of its own, which
// keeps its order; links do not keep order among each other. Files travel on links of their own.
type network struct {
	c     *cluster
	links [maxNodes * maxNodes * 2]pipe
	stats struct{ delivered, dropped, doubled int }
	trace uint64
	files int

	refused int // files that the receiver's disk did not take

	mute [maxNodes + 1]bool // raft's messages from and to this node are lost, and others are not

	drop, double float64 // chances per packet
	// tamper, if set, may change a message on its way: a planted bug. nil drops it.
	tamper func(from, to *node, m wire.Message) wire.Message
	// spoil, if set, may change a file on its way, and what is said of it.
	spoil func(header *wire.Snapshot, data []byte)
	// ghost, if set, sees what a cut link loses: a planted bug may answer it.
	ghost func(from, to *node, m wire.Message)
}

// pipe is one direction of one link.
type pipe struct {
	queue []packet
	cut   bool // loses everything
	stuck bool // holds everything back
}

type packet struct {
	frame  []byte         // as it crosses the wire
	file   *link.SendFile // or a snapshot file
	sender *mailbox.Life
}

func (w *network) pipe(from, to int, bulk bool) *pipe {
	i := ((from-1)*maxNodes + to - 1) * 2
	if bulk {
		i++
	}
	return &w.links[i]
}

// both calls f with the four pipes between two nodes.
func (w *network) both(a, b int, f func(*pipe)) {
	for _, bulk := range []bool{false, true} {
		f(w.pipe(a, b, bulk))
		f(w.pipe(b, a, bulk))
	}
}

func (w *network) cut(a, b *node)  { w.both(a.i, b.i, func(p *pipe) { p.cut = true }) }
func (w *network) heal(a, b *node) { w.both(a.i, b.i, func(p *pipe) { p.cut, p.stuck = false, false }) }

// cutOneWay loses what from sends to to.
func (w *network) cutOneWay(from, to *node) {
	w.pipe(from.i, to.i, false).cut, w.pipe(from.i, to.i, true).cut = true, true
}

// parted reports whether two nodes do not hear each other.
func (w *network) parted(a, b *node) bool {
	return w.pipe(a.i, b.i, false).cut || w.pipe(b.i, a.i, false).cut
}

// isolate cuts a node off from all others.
func (w *network) isolate(n *node) {
	for _, o := range w.c.nodes {
		if o != n {
			w.cut(n, o)
		}
	}
}

func (w *network) healAll() {
	for i := range w.links {
		w.links[i].cut, w.links[i].stuck = false, false
	}
	clear(w.mute[:])
}

// ended follows the end of a node: of what it sent, the first part is on its way; of what was sent to
// it, the last part waits at the senders and meets its next life.
func (w *network) ended(n *node) {
	for o := 1; o <= len(w.c.nodes); o++ {
		for _, bulk := range []bool{false, true} {
			out, in := w.pipe(n.i, o, bulk), w.pipe(o, n.i, bulk)
			out.queue = out.queue[:w.c.rng.IntN(len(out.queue)+1)]
			lost := w.c.rng.IntN(len(in.queue) + 1)
			for _, p := range in.queue[:lost] {
				w.sent(w.c.nodes[o-1], p, errCut)
			}
			in.queue = in.queue[lost:]
		}
	}
}

// outbound takes what one life of a node sends to others.
type outbound struct {
	c    *cluster
	from *node
	life *mailbox.Life
}

// SendUserMessage implements actor.Process.
func (o *outbound) SendUserMessage(pid *actor.PID, m any) {
	_, msg, _ := actor.UnwrapEnvelope(m)
	to, err := slotmap.ParseNodeID(pid.Address)
	if err != nil || to[0] == 0 || int(to[0]) > len(o.c.nodes) {
		o.c.fail("message to %v", pid)
		return
	}
	if o.from.real != nil && !o.from.real.sends(msg) {
		return
	}
	if _, raft := msg.(*wire.Raft); raft && (o.c.net.mute[o.from.i] || o.c.net.mute[to[0]]) {
		o.c.net.stats.dropped++
		return
	}
	if r, ok := msg.(*wire.Raft); ok && o.from.handle != nil {
		o.showsTerm(r.Message)
	}
	switch msg := msg.(type) {
	case wire.Message:
		p := o.c.net.pipe(o.from.i, int(to[0]), false)
		p.queue = append(p.queue, packet{sender: o.life, frame: wire.AppendFrame(nil, pid.Id, msg)[4:]})
	case *link.SendFile:
		p := o.c.net.pipe(o.from.i, int(to[0]), true)
		p.queue = append(p.queue, packet{sender: o.life, file: msg})
	}
}

// showsTerm checks that nothing leaves a replica in a term that its node does not know of: see package confirm.
func (o *outbound) showsTerm(m *raftpb.Message) {
	switch m.GetType() {
	case raftpb.MsgPreVote, raftpb.MsgPreVoteResp: // of a term that nobody is in
	default:
		if shown := o.from.handle.Gauges.Term.Load(); m.GetTerm() > shown {
			o.c.fail("n%d says a %v in term %d, and shows term %d", o.from.i, m.GetType(), m.GetTerm(), shown)
		}
	}
}

// SendSystemMessage implements actor.Process.
func (*outbound) SendSystemMessage(*actor.PID, any) {}

// Stop implements actor.Process.
func (*outbound) Stop(*actor.PID) {}

// deliverOne carries one packet of a link that the seed picks.
func (w *network) deliverOne() bool {
	var busy []int
	n := len(w.c.nodes)
	for i := range w.links {
		from, to := i/2/maxNodes, i/2%maxNodes
		if from < n && to < n && len(w.links[i].queue) > 0 && !w.links[i].stuck {
			busy = append(busy, i)
		}
	}
	if len(busy) == 0 {
		return false
	}
	i := busy[w.c.rng.IntN(len(busy))]
	p := w.links[i].queue[0]
	w.links[i].queue = w.links[i].queue[1:]
	w.carry(w.c.nodes[i/2/maxNodes], w.c.nodes[i/2%maxNodes], p, w.links[i].cut)
	return true
}

func (w *network) carry(from, to *node, p packet, cut bool) {
	w.trace = w.trace*1099511628211 ^ xxhash.Sum64(p.frame) ^ uint64(from.i*maxNodes+to.i)
	times := 1
	switch {
	case cut || w.drop > 0 && w.c.rng.Float64() < w.drop:
		times = 0
		w.stats.dropped++
	case w.double > 0 && w.c.rng.Float64() < w.double:
		times = 2
		w.stats.doubled++
	}
	if p.file != nil {
		w.carryFile(from, to, p, times > 0)
		return
	}
	if times == 0 && w.ghost != nil {
		if _, m, err := wire.DecodeFrame(p.frame); err == nil {
			w.ghost(from, to, m)
		}
	}
	for range times {
		w.stats.delivered++
		w.arrive(from, to, p.frame)
	}
}

func (w *network) arrive(from, to *node, frame []byte) {
	target, m, err := wire.DecodeFrame(frame)
	if err != nil {
		w.c.fail("frame from n%d to n%d: %v", from.i, to.i, err)
		return
	}
	if w.tamper != nil {
		m = w.tamper(from, to, m)
	}
	if to.life == nil || m == nil {
		return
	}
	in := &link.Inbound{From: from.id, Message: m}
	switch {
	case target == confirm.Name:
		to.system.Root.Send(to.system.NewLocalPID(target), in)
	case to.handle == nil:
		w.create(to, m)
	default:
		to.system.Root.Send(to.handle.PID, in)
	}
}

// create gives a node that has none a replica when its group speaks to it.
func (w *network) create(to *node, m wire.Message) {
	r, ok := m.(*wire.Raft)
	if ok && (r.Message.GetType() == raftpb.MsgApp || r.Message.GetType() == raftpb.MsgHeartbeat) {
		w.createReplica(to, r.Message.GetTo())
	}
}

func (w *network) createReplica(to *node, id uint64) {
	if id > to.disk.now.tombstone && to.disk.now.replica == 0 {
		to.disk.format(logState{replica: id, tombstone: to.disk.now.tombstone})
		w.c.spawn(to)
	}
}

var (
	errCut = errors.New("the link is cut")
	errSum = errors.New("the file was changed on its way")
)

// carryFile streams a snapshot file. Its acknowledgement may get lost as well.
func (w *network) carryFile(from, to *node, p packet, whole bool) {
	f, err := p.file, errCut
	if whole && to.life != nil {
		err = w.handOver(from, to, f)
		if w.drop > 0 && w.c.rng.Float64() < 10*w.drop {
			err = errCut
		}
	}
	w.sent(from, p, err)
}

// sent tells the sender of a file what became of it, if it is still there.
func (w *network) sent(from *node, p packet, err error) {
	if f := p.file; f != nil && !p.sender.Over() {
		from.system.Root.Send(f.Reply, &link.FileSent{To: f.To, Tag: f.Tag, Err: err})
	}
}

// handOver gives a file to the replica that it is for, as the node's link and director do.
func (w *network) handOver(from, to *node, f *link.SendFile) error {
	fs, _ := w.c.files(from)
	data, err := readFile(fs, f.Path)
	if err != nil {
		return err
	}
	if xxhash.Sum64(data) != f.Header.Sum {
		return link.ErrFile
	}
	_, m, err := wire.DecodeFrame(wire.AppendFrame(nil, f.Target, f.Header)[4:])
	if err != nil {
		return err
	}
	header := m.(*wire.Snapshot)
	if w.spoil != nil {
		w.spoil(header, data)
	}
	if sum := xxhash.Sum64(data); sum != header.Sum || int64(len(data)) != header.Size {
		return errSum
	}
	check := NewSnapCheck(slotmap.ClusterID{}, header)
	if _, err := check.Write(data); err != nil {
		return err
	}
	if err := check.Finish(); err != nil {
		return err
	}
	w.files++
	fs, dir := w.c.files(to)
	path := fs.PathJoin(dir, fmt.Sprint("incoming", w.files))
	if err := writeFile(fs, path, data); err != nil {
		w.refused++
		return err
	}
	if to.handle == nil {
		w.createReplica(to, header.To)
	}
	if to.handle == nil || to.handle.Gauges.Replica != header.To {
		return fs.Remove(path)
	}
	to.system.Root.Send(to.handle.PID, &SnapshotArrived{From: from.id, Header: header, Path: path})
	return nil
}

func readFile(fs vfs.FS, path string) ([]byte, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(f)
	return data, errors.Join(err, f.Close())
}

// writeFile makes a file durable under its name, as the link does. Whatever fails leaves none.
func writeFile(fs vfs.FS, path string, data []byte) error {
	f, err := fs.Create(path+".tmp", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(bytes.Clone(data)) // a race build of vfs spoils what it was given
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = fs.Rename(path+".tmp", path)
	}
	if err == nil {
		err = segment.SyncDir(fs, fs.PathDir(path))
	}
	if err != nil {
		return errors.Join(err, fs.RemoveAll(path+".tmp"), fs.RemoveAll(path))
	}
	return nil
}
