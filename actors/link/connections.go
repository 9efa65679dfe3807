package link

import (
	"slices"
	"time"

	"github.com/troupedb/troupe/slotmap"
)

// Connection describes a connection for messages as it was at one moment. The ones for files are not told of:
// each lasts no longer than its file.
type Connection struct {
	Node    slotmap.NodeID // the peer
	Inbound bool           // the peer made it, to send to here
	Since   time.Time
	// Of an outbound one, in bytes: what waits to be sent, and the memory that takes with the buffer that it
	// goes through. The pongs on an inbound one never wait.
	Queued, Allocated int64
}

// Connections lists those that stand, by node, the outbound one first. Any goroutine.
func (l *Links) Connections() []Connection {
	var out []Connection
	for _, p := range l.all() {
		if c := p.outbound.Load(); c != nil {
			_, queued := p.budget.InUse()
			out = append(out, Connection{Node: p.node, Since: c.since, Queued: queued, Allocated: queued + p.buffer.Load()})
		}
		if c := p.inbound.Load(); c != nil {
			out = append(out, Connection{Node: p.node, Inbound: true, Since: c.since})
		}
	}
	slices.SortStableFunc(out, func(a, b Connection) int { return a.Node.Compare(b.Node) })
	return out
}
