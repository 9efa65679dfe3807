package link

import (
	"io"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// Up tells Config.Node that a connection to Node stands.
type Up struct{ Node slotmap.NodeID }

// Down tells Config.Node of evidence that Node is lost.
type Down struct{ Node slotmap.NodeID }

// Inbound delivers a message of another node. From is who the connection belongs to, whatever the message says.
type Inbound struct {
	From    slotmap.NodeID
	Message wire.Message
	Size    int // bytes of the frame that it came in, which it keeps
}

// ConsensusLane lets what peers say pass client work.
func (*Inbound) ConsensusLane() {}

// MayBeDropped: a link promises no delivery, so its senders repeat what matters.
func (*Inbound) MayBeDropped() {}

// Weight lets the mailbox that it waits in be bounded by bytes.
func (m *Inbound) Weight() int64 { return int64(m.Size) }

// Unroutable hands Config.Node a message for a local actor that does not exist.
type Unroutable struct {
	From    slotmap.NodeID
	Target  string
	Message wire.Message
}

// SendFile sends the file at Path, which must not change meanwhile, to the node To. Header.Size and Header.Sum
// must be those of the file. Target is carried along for the receiver's use.
type SendFile struct {
	To     slotmap.NodeID
	Target string
	Header *wire.Snapshot
	Path   string
	Reply  *actor.PID
	Tag    any
}

// FileSent answers a SendFile. Err is nil when the receiver has the file safe on its disk; otherwise the
// outcome is unknown, and to send it again does no harm. It wraps ErrFile if the file is not that of the header.
type FileSent struct {
	To  slotmap.NodeID
	Tag any
	Err error
}

// Received tells Config.Node of a file that is complete, verified and durable. The file at Path belongs to
// whoever receives this message.
type Received struct {
	From   slotmap.NodeID
	Target string
	Header *wire.Snapshot
	Path   string
}

// FileCheck looks at a file that arrives: each piece of it, which it may not keep, and then the end. Its error
// refuses the file, of which nothing is left.
type FileCheck interface {
	io.Writer
	Finish() error
}

// The messages below go to the link actor from the package's own goroutines, ahead of what waits to be sent.

// dialed ends the dial that the actor started.
type dialed struct {
	conn    *conn
	address string
	err     error
}

// drop closes a connection that nobody wants any more.
func (m *dialed) drop() {
	if m.conn != nil {
		m.conn.kill()
	}
}

// broken says that nothing more will be read from conn, which is dead already.
type broken struct {
	conn *conn
	err  error
}

// confirmed says that the pong which conn.awaited names has come.
type confirmed struct{ conn *conn }

// arrived says that the peer connected to this node, and where it says that it can be dialled.
type arrived struct{ address string }

// departed says that the peer's newest connection to this node has ended.
type departed struct{ err error }

// connect asks for a connection without a message to send.
type connect struct{}

// tick comes every timing.ping.
type tick struct{}

func (*dialed) ConsensusLane()    {}
func (*broken) ConsensusLane()    {}
func (*confirmed) ConsensusLane() {}
func (*arrived) ConsensusLane()   {}
func (*departed) ConsensusLane()  {}
func (connect) ConsensusLane()    {}
func (tick) ConsensusLane()       {}
