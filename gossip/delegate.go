package gossip

import (
	"github.com/troupedb/troupe/slotmap"
)

// delegate is what memberlist asks for our data and gives others' to. None of
// its methods may block: they run on memberlist's receive loops.
type delegate struct{ g *Gossip }

// NodeMeta returns what we say about ourselves.
func (d delegate) NodeMeta(int) []byte {
	n := d.g.announcement()
	d.g.announced.Store(n.Digest)
	return appendNode(nil, n)
}

// NotifyMsg takes a gossiped message. b belongs to memberlist.
func (d delegate) NotifyMsg(b []byte) {
	if len(b) > maxMessage {
		return
	}
	if isDelta(b) && (d.g.cluster().IsZero() || !d.g.heard.first(b)) {
		return
	}
	m, err := decodeMessage(b)
	if err != nil {
		d.g.badInput("message", err)
		return
	}
	switch m := m.(type) {
	case deltaMessage:
		d.g.heardDelta(m, b)
	case noticeMessage:
		d.g.heardNotice(m)
	}
}

// GetBroadcasts returns queued deltas that fit.
func (d delegate) GetBroadcasts(overhead, limit int) [][]byte {
	return d.g.queue.GetBroadcasts(overhead, limit)
}

// LocalState is our half of a push/pull.
func (d delegate) LocalState(bool) []byte {
	self := d.g.announcement()
	var m *slotmap.Map
	if !self.Cluster.IsZero() {
		m = d.g.ownMap()
	}
	return appendState(nil, self, m)
}

// MergeRemoteState takes the other half.
func (d delegate) MergeRemoteState(b []byte, _ bool) {
	n, body, err := splitState(b)
	if err != nil {
		d.g.badInput("state", err)
		return
	}
	d.g.spoke.note(n)
	if !d.g.listensTo(n.Cluster) {
		return
	}
	m, err := slotmap.DecodeMap(body)
	if err != nil {
		d.g.badInput("map", err)
		return
	}
	if m.Digest() != d.g.ownMap().Digest() {
		d.g.out.put(MapReceived{m})
	}
}
