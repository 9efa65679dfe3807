package session

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/troupedb/troupe/wire/resp"
)

// Bounds of one hand-over.
const (
	maxPipeline      = 1024    // commands
	maxPipelineBytes = 4 << 20 // received bytes, the last command's excess not counted
	keepCommands     = 64      // a larger pipeline lets go of its arguments, so that no buffer is pinned
)

// pipeline is a run of parsed commands, and the message that brings them to a session that waits. The
// arguments alias a buffer of the reader.
type pipeline struct {
	cmds  []resp.Command // cmds[:n] are filled; the rest keeps room for arguments
	n     int
	bytes int
}

// RunHere marks it for the mailbox: the reader has read all there is.
func (*pipeline) RunHere() {}

// next gives room for one more command.
func (p *pipeline) next() *resp.Command {
	if p.n == len(p.cmds) {
		p.cmds = append(p.cmds, resp.Command{})
	}
	return &p.cmds[p.n]
}

func (p *pipeline) full() bool { return p.n >= maxPipeline || p.bytes >= maxPipelineBytes }

func (p *pipeline) reset() {
	if p.n > keepCommands || p.bytes > maxPipelineBytes {
		clear(p.cmds)
	}
	p.n, p.bytes = 0, 0
}

// intake is where the reader hands pipelines to the session. There are two: the reader
// fills one while the session works on the other. The session takes what is there by itself when it
// has finished; only when it has nothing does the reader send a message.
//
// Invariant: the two pipelines are in two of the three places filling, held and spare. filling is nil
// only between a hand-over and the reader's next step; nobody but the reader writes to it, and it is
// taken away only while the reader is parked.
type intake struct {
	mu      sync.Mutex
	changed sync.Cond // the session took a pipeline or finished one, or close was called

	filling *pipeline
	held    *pipeline // the session's; nil when it waits for one
	spare   *pipeline
	parked  bool  // the reader reads from the socket, or waits for room, or has ended
	partial bool  // while parked: part of a command was received
	end     error // why there is no more input
	closed  bool

	// single is set while the next command may have to be judged by what the one before did: then they
	// are handed over one at a time.
	single atomic.Bool
}

func newIntake() *intake {
	in := &intake{filling: &pipeline{}, spare: &pipeline{}}
	in.changed.L = &in.mu
	return in
}

// step tells the reader where to go on: in p, which is another one than before if moved is true. idle
// says that the session holds nothing.
type step struct {
	p           *pipeline
	moved, idle bool
}

// park is called by the reader before it reads from the socket. It returns a pipeline that the session
// must be sent, or nil.
func (in *intake) park(partial bool) *pipeline {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.parked, in.partial = true, partial
	return in.handOver()
}

// idle reports to a reader that is parked that no arguments of its are in use.
func (in *intake) idle() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.held == nil && in.filling != nil && in.filling.n == 0
}

// unpark is called by the reader before it parses.
func (in *intake) unpark() step {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.resume()
}

func (in *intake) resume() step {
	in.parked = false
	s := step{moved: in.filling == nil, idle: in.held == nil}
	if s.moved {
		in.filling, in.spare = in.spare, nil
	}
	s.p = in.filling
	return s
}

// wait is called by the reader when a pipeline is full, and returns when there is room; ok is false
// after close. send is called, without the lock, with a pipeline that the session must be sent.
func (in *intake) wait(send func(*pipeline), aside func()) (s step, ok bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.parked, in.partial = true, true
	if p := in.handOver(); p != nil {
		in.mu.Unlock()
		send(p)
		in.mu.Lock()
	}
	if in.mustWait() {
		in.mu.Unlock()
		aside()
		in.mu.Lock()
	}
	for in.mustWait() {
		in.changed.Wait()
	}
	return in.resume(), !in.closed
}

func (in *intake) mustWait() bool {
	return !in.closed && (in.filling != nil && in.filling.n > 0 || in.single.Load() && in.held != nil)
}

// handOver gives the filled pipeline to the session if it waits for one, and returns it.
func (in *intake) handOver() *pipeline {
	if in.held != nil || in.filling == nil || in.filling.n == 0 {
		return nil
	}
	in.held, in.filling = in.filling, nil
	return in.held
}

// finish is called by the reader when there is no more input. What was parsed is still to be carried
// out, unless the connection broke. It returns a pipeline that the session must be sent, or nil.
func (in *intake) finish(err error) *pipeline {
	in.mu.Lock()
	defer in.mu.Unlock()
	var bad *resp.ProtocolError
	if in.filling != nil && !errors.Is(err, io.EOF) && !errors.As(err, &bad) {
		in.filling.reset()
	}
	in.parked, in.partial, in.end = true, false, err
	return in.handOver()
}

// drained tells the session that it holds all that the reader has received.
func (in *intake) drained() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.parked && !in.partial && (in.filling == nil || in.filling.n == 0)
}

// take is called by the session when it is done with what it held. It returns the next pipeline, or nil
// when there is none yet; then end tells why no more will come, if so.
func (in *intake) take() (p *pipeline, end error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.giveBack()
	if in.parked {
		p = in.handOver()
	}
	in.changed.Signal()
	if p != nil {
		return p, nil
	}
	return nil, in.end
}

func (in *intake) giveBack() {
	p := in.held
	if p == nil {
		return
	}
	p.reset()
	in.held = nil
	if in.filling == nil {
		in.filling = p // the reader did not go on yet: it can do so where it was
	} else {
		in.spare = p
	}
}

// close lets the reader go.
func (in *intake) close() {
	in.mu.Lock()
	in.closed = true
	in.mu.Unlock()
	in.changed.Broadcast()
}
