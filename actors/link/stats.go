package link

// Stats are totals since Start, except where said.
type Stats struct {
	Peers  int   // known now
	Up     int   // peers with a connection to them now
	Queued int64 // bytes that wait for peers now

	QueuedMost int64 // bytes that ever waited for one peer

	Sent, SentBytes uint64 // messages and bytes handed to the kernel
	Received        uint64 // messages

	Away       uint64 // dropped: the peer was not connected, or the connection broke
	Overflow   uint64 // dropped: MaxQueued bytes were waiting
	Unsendable uint64 // dropped: not a wire.Message, or larger than a frame may be

	Unroutable uint64 // received for no actor
	Unknown    uint64 // received of an unknown kind
	Refused    uint64 // inbound connections that were turned away
	Dials      uint64

	FilesSent, FilesReceived, FilesFailed uint64 // failed: in either direction
	FilesUnreadable                       uint64 // of those that failed: refused by Config.Check
	Panics                                uint64 // always a defect
}

// Stats may be called on any goroutine. The numbers are not of one instant.
func (l *Links) Stats() Stats {
	peers := l.all()
	c := &l.counters
	s := Stats{
		Peers: len(peers), Up: int(c.up.Load()),
		Sent: c.sent.Load(), SentBytes: c.sentBytes.Load(), Received: c.received.Load(),
		Away: c.away.Load(), Overflow: c.overflow.Load(), Unsendable: c.unsendable.Load(),
		Unroutable: c.unroutable.Load(), Unknown: c.unknown.Load(), Refused: c.refused.Load(), Dials: c.dials.Load(),
		FilesSent: c.filesSent.Load(), FilesReceived: c.filesReceived.Load(), FilesFailed: c.filesFailed.Load(),
		FilesUnreadable: c.filesUnreadable.Load(), Panics: c.panics.Load(),
	}
	for _, p := range peers {
		_, bytes := p.budget.InUse()
		s.Queued += bytes
		_, most := p.budget.HighWater()
		s.QueuedMost = max(s.QueuedMost, most)
	}
	return s
}
