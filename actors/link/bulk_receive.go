package link

import (
	"errors"
	"fmt"
	"io"

	"github.com/troupedb/troupe/wire"
)

var (
	errNoFiles = errors.New("this node takes no files")
	errNoRoom  = errors.New("this node's disk has too little space for the file")
	errContent = errors.New("the file cannot be read")
)

// maxReason bounds the text of a refusal.
const maxReason = 256

// receiveFile receives one file, tells Config.Node of it and answers the sender. A newer transfer from the same
// peer ends an older one: a peer sends one at a time, so the older one's sender has given it up.
func (l *Links) receiveFile(p *peer, c *conn) {
	if old := p.files.Swap(c); old != nil {
		old.kill()
	}
	defer p.files.CompareAndSwap(c, nil)
	l.closeStranger(c)
	c.read, c.write = l.timing.bulk, l.timing.bulk
	received, err := l.readFile(p, c)
	if err == nil {
		l.counters.filesReceived.Add(1)
		l.tell(received)
		l.conclude(c, &wire.Reply{Status: fileSafe})
		return
	}
	l.counters.filesFailed.Add(1)
	if errors.Is(err, errContent) {
		l.counters.filesUnreadable.Add(1)
	}
	if l.ctx.Err() == nil {
		l.complain.once("file from "+p.node.String(), "file not received", "node", p.node, "err", err)
	}
	text := err.Error()
	l.conclude(c, &wire.Reply{Status: fileRefused, Replies: []byte(text[:min(len(text), maxReason)])})
}

// conclude answers and then reads on until the sender has closed: to close with bytes unread would throw the
// answer away.
func (l *Links) conclude(c *conn, m *wire.Reply) {
	if c.send(m) != nil {
		return
	}
	c.closeWrite()
	c.read, c.frame, c.fresh = l.timing.write, l.timing.write, true
	io.Copy(io.Discard, c.reader)
}

func (l *Links) readFile(p *peer, c *conn) (*Received, error) {
	var buf []byte
	target, m, err := c.message(&buf)
	if err != nil {
		return nil, err
	}
	header, ok := m.(*wire.Snapshot)
	if !ok {
		return nil, fmt.Errorf("a file begins with a message of kind %d: %w", m.Kind(), errBadFrame)
	}
	release, err := l.claim(header.Size)
	if err != nil {
		return nil, err
	}
	defer release()
	path, err := l.readContent(c, header, buf)
	if err != nil {
		return nil, err
	}
	return &Received{From: p.node, Target: target, Header: header, Path: path}, nil
}

func (l *Links) claim(bytes int64) (release func(), err error) {
	switch {
	case l.cfg.Incoming == "":
		return nil, errNoFiles
	case l.cfg.Claim == nil:
		return func() {}, nil
	}
	release, ok := l.cfg.Claim(bytes)
	if !ok {
		return nil, errNoRoom
	}
	return release, nil
}

func (l *Links) readContent(c *conn, h *wire.Snapshot, buf []byte) (string, error) {
	in, err := createIncoming(l.cfg.FS, l.cfg.Incoming, h)
	if err != nil {
		return "", err
	}
	whole := false
	defer func() {
		if !whole { // also after a panic of the check
			in.abort()
		}
	}()
	if l.cfg.Check != nil {
		in.check = l.cfg.Check(h)
	}
	for in.left > 0 {
		if err := addChunk(c, in, &buf); err != nil {
			return "", err
		}
	}
	path, err := in.commit(h.Sum)
	whole = err == nil
	return path, err
}

func addChunk(c *conn, in *incoming, buf *[]byte) error {
	_, m, err := c.message(buf)
	if err != nil {
		return err
	}
	chunk, ok := m.(*wire.Chunk)
	if !ok {
		return fmt.Errorf("a file continues with a message of kind %d: %w", m.Kind(), errBadFrame)
	}
	return in.add(chunk.Data)
}
