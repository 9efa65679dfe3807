package session

import (
	"net"
	"sync/atomic"
)

const (
	copyBelow  = 8 << 10  // shorter replies are copied together, longer ones written from where they are
	keepOutput = 64 << 10 // a larger buffer is not kept
)

// output gathers replies and writes them in one go. What is added must not change until flush.
type output struct {
	info  *client
	stats *stats
	now   *atomic.Int64

	last   []byte // added last, not copied yet
	copied []byte // short replies, pieces alias it
	from   int    // copied[from:] is in no piece yet
	pieces net.Buffers
}

func (o *output) init(info *client, stats *stats, now *atomic.Int64) {
	o.info, o.stats, o.now = info, stats, now
}

// add appends a reply. Replies that lie one behind the other in memory count as one.
func (o *output) add(b []byte) {
	if len(b) == 0 {
		return
	}
	if n := len(o.last); n > 0 && cap(o.last) > n && &o.last[:n+1][n] == &b[0] {
		o.last = o.last[:n+len(b)]
		return
	}
	o.settle()
	o.last = b
}

// settle moves the reply added last to where it waits for flush.
func (o *output) settle() {
	if len(o.last) < copyBelow {
		o.copied = append(o.copied, o.last...)
	} else {
		o.cut()
		o.pieces = append(o.pieces, o.last)
	}
	o.last = nil
}

// cut makes a piece of what was copied since the last.
func (o *output) cut() {
	if len(o.copied) > o.from {
		o.pieces = append(o.pieces, o.copied[o.from:])
		o.from = len(o.copied)
	}
}

// flush writes everything. It blocks while the client takes nothing; the sweep ends that.
func (o *output) flush() error {
	if len(o.copied) == 0 && len(o.pieces) == 0 {
		b := o.last
		o.last = nil
		return o.write(func() (int64, error) {
			n, err := o.info.conn.Write(b)
			return int64(n), err
		}, len(b) > 0)
	}
	o.settle()
	o.cut()
	pieces := o.pieces
	err := o.write(func() (int64, error) { return writeAll(o.info.conn, pieces) }, true)
	clear(o.pieces)
	o.pieces, o.copied, o.from = o.pieces[:0], o.copied[:0], 0
	if cap(o.copied) > keepOutput {
		o.copied = nil
	}
	return err
}

func (o *output) write(write func() (int64, error), any bool) error {
	if !any {
		return nil
	}
	o.info.writing.Store(o.now.Load())
	n, err := write()
	o.info.writing.Store(0)
	o.stats.bytesOut.Add(uint64(n))
	return err
}

func writeAll(conn net.Conn, pieces net.Buffers) (int64, error) {
	if w, ok := conn.(interface {
		WriteBuffers([][]byte) (int64, error)
	}); ok {
		return w.WriteBuffers(pieces)
	}
	return pieces.WriteTo(conn)
}
