package link

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cespare/xxhash/v2"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/wire"
)

const (
	maxTransfers = 64        // that wait for one peer
	chunkSize    = 256 << 10 // of a file, per frame
)

// Why a file was not sent, beside what the disk and the connection say.
var (
	// ErrBusy: maxTransfers others wait for the same node.
	ErrBusy = errors.New("too many files wait for this node")
	// ErrRefused: the receiver gave the reason that follows.
	ErrRefused = errors.New("the receiver refused the file")
	// ErrFile: the file is not the one that the header describes.
	ErrFile = errors.New("the file does not match its header")
)

// Statuses of the wire.Reply that ends a transfer. They are no statuses of operations.
const (
	fileSafe    = 0
	fileRefused = 1
)

// bulk is the actor that sends files to one peer, one after the other. It blocks while it does.
type bulk struct{ *peer }

func spawnBulk(p *peer) *actor.PID {
	root := p.links.cfg.System.Root
	busy := func(m any) {
		if m, ok := m.(*SendFile); ok {
			answer(root, p, m, ErrBusy)
		}
	}
	props := actor.PropsFromProducer(func() actor.Actor { return &bulk{p} },
		actor.WithMailbox(mailbox.New(mailbox.WithLimit(maxTransfers, busy),
			mailbox.WithPanicHook(p.links.actorPanicked))), restart)
	pid, err := root.SpawnNamed(props, "bulk/"+p.node.String())
	if err != nil {
		close(p.bulk.gone)
	}
	return pid
}

func (b *bulk) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *SendFile:
		answer(b.links.cfg.System.Root, b.peer, m, b.send(m))
	case *actor.Stopped:
		close(b.peer.bulk.gone)
	}
}

func answer(root *actor.RootContext, p *peer, m *SendFile, err error) {
	if err != nil {
		p.links.counters.filesFailed.Add(1)
	} else {
		p.links.counters.filesSent.Add(1)
	}
	if m.Reply != nil {
		root.Send(m.Reply, &FileSent{To: p.node, Tag: m.Tag, Err: err})
	}
}

// send streams one file and waits for the receiver's word that it is safe.
func (b *bulk) send(m *SendFile) error {
	switch {
	case b.links.ctx.Err() != nil:
		return b.links.ctx.Err()
	case m.To != b.node:
		return fmt.Errorf("to %s by way of %s: %w", m.To, b.node, ErrNode)
	}
	if m.Header == nil {
		return fmt.Errorf("no header: %w", ErrFile)
	}
	file, err := b.links.cfg.FS.Open(m.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.Join(ErrFile, err)
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || info.Size() != m.Header.Size {
		return errors.Join(ErrFile, err)
	}
	c, err := b.links.dial(b.node, b.where(), true)
	if err != nil {
		return err
	}
	defer c.kill()
	err = transfer(c, m, file, b.links.timing)
	if errors.Is(err, ErrRefused) {
		err = errors.Join(err, verify(m.Header, file))
	}
	return err
}

// verify reads a file that was refused: the receiver may have seen the damage before the sender did.
func verify(h *wire.Snapshot, file io.ReaderAt) error {
	sum := xxhash.New()
	_, err := io.CopyBuffer(sum, io.NewSectionReader(file, 0, h.Size), make([]byte, chunkSize))
	if err != nil || sum.Sum64() != h.Sum {
		return errors.Join(ErrFile, err)
	}
	return nil
}

// transfer writes, while it listens for a receiver that refuses half-way.
func transfer(c *conn, m *SendFile, file io.Reader, t timing) error {
	c.read, c.write = 0, t.bulk // a receiver at work is silent; that it is gone is seen by the writes
	verdict := make(chan error, 1)
	go func() {
		err := readVerdict(c)
		if err != nil {
			c.raw.Close() // a write that blocks has nothing to wait for
		}
		verdict <- err
	}()
	err := stream(c, m, file)
	timer := time.AfterFunc(t.patience(err), c.kill)
	defer timer.Stop()
	said := <-verdict
	if err == nil || errors.Is(said, ErrRefused) && !errors.Is(err, ErrFile) {
		return said
	}
	return err
}

// patience is how long to wait for the receiver's word after the stream ended with err.
func (t timing) patience(err error) time.Duration {
	switch {
	case err == nil:
		return t.ack
	case errors.Is(err, ErrFile):
		return 0
	}
	return t.write // it may have refused, which says more than a broken connection
}

func readVerdict(c *conn) error {
	body, _, err := c.next(nil, maxPongs)
	if err != nil {
		return fmt.Errorf("wait for the receiver: %w", err)
	}
	_, m, err := wire.DecodeFrame(body)
	if err != nil {
		return err
	}
	reply, ok := m.(*wire.Reply)
	switch {
	case !ok:
		return fmt.Errorf("answer of kind %d to a file: %w", m.Kind(), errBadFrame)
	case reply.Status != fileSafe:
		return fmt.Errorf("%w: %s", ErrRefused, reply.Replies)
	}
	return nil
}

func stream(c *conn, m *SendFile, file io.Reader) error {
	out := wire.AppendFrame(nil, m.Target, m.Header)
	data := make([]byte, min(m.Header.Size, chunkSize))
	sum := xxhash.New()
	for left := m.Header.Size; left > 0; left -= int64(len(data)) {
		data = data[:min(left, int64(len(data)))]
		if _, err := io.ReadFull(file, data); err != nil {
			return fmt.Errorf("%w: %w", ErrFile, err)
		}
		sum.Write(data)
		out = wire.AppendFrame(out, "", &wire.Chunk{Data: data})
		if _, err := c.Write(out); err != nil {
			return err
		}
		out = out[:0]
	}
	if sum.Sum64() != m.Header.Sum {
		return fmt.Errorf("checksum: %w", ErrFile)
	}
	if len(out) == 0 {
		return nil
	}
	_, err := c.Write(out) // the header of an empty file
	return err
}
