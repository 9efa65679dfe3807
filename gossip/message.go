package gossip

import (
	"errors"
	"fmt"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
)

// Kinds of user message: only append to this list.
const (
	kindDelta  = 1
	kindNotice = 2
)

const (
	// maxMessage is what fits a packet of 1400 bytes beside memberlist's own
	// framing, label and encryption. A larger one would never be sent, in silence.
	maxMessage = 1300
	// deltaHead is the most that a delta message adds around the delta.
	deltaHead = 32

	stateVersion = 1
	maxState     = 8 << 20
)

var errMessage = errors.New("gossip: bad message")

// deltaMessage is one part of what a shard's leader says of the shard.
type deltaMessage struct {
	cluster slotmap.ClusterID
	part    uint64
	delta   slotmap.Delta
}

// name identifies what a newer message of the same shard and part replaces.
func (m deltaMessage) name() string { return fmt.Sprintf("%d/%d", m.delta.Shard.ID, m.part) }

func (m deltaMessage) append(dst []byte) []byte {
	dst = pack.AppendArray(dst, 4)
	dst = pack.AppendUint(dst, kindDelta)
	dst = pack.AppendBytes(dst, m.cluster[:])
	dst = pack.AppendUint(dst, m.part)
	return pack.AppendBytes(dst, m.delta.AppendMsgpack(nil))
}

// noticeMessage tells a node of another cluster that we know its address.
type noticeMessage struct {
	cluster  slotmap.ClusterID // of the sender
	from, to string            // gossip addresses
}

func (m noticeMessage) append(dst []byte) []byte {
	dst = pack.AppendArray(dst, 4)
	dst = pack.AppendUint(dst, kindNotice)
	dst = pack.AppendBytes(dst, m.cluster[:])
	dst = pack.AppendString(dst, m.from)
	return pack.AppendString(dst, m.to)
}

// isDelta tells what kind a message claims to be, without reading it.
func isDelta(b []byte) bool {
	r := pack.NewReader(b)
	return r.ArrayLen(4) == 4 && r.Uint() == kindDelta
}

// decodeMessage returns a deltaMessage or a noticeMessage; it copies what it
// keeps of b.
func decodeMessage(b []byte) (any, error) {
	r := pack.NewReader(b)
	if r.ArrayLen(4) != 4 {
		return nil, errMessage
	}
	switch kind := r.Uint(); kind {
	case kindDelta:
		return readDelta(r)
	case kindNotice:
		return readNotice(r)
	default:
		return nil, fmt.Errorf("%w: kind %d", errMessage, kind)
	}
}

func readDelta(r *pack.Reader) (any, error) {
	var m deltaMessage
	readID(r, m.cluster[:])
	m.part = r.UintMax(slotmap.Count)
	body := r.Bytes(maxMessage)
	if err := r.Finish(); err != nil {
		return nil, fmt.Errorf("%w: %v", errMessage, err)
	}
	d, err := slotmap.DecodeDelta(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errMessage, err)
	}
	m.delta = d
	return m, nil
}

func readNotice(r *pack.Reader) (any, error) {
	var m noticeMessage
	readID(r, m.cluster[:])
	m.from, m.to = readAddr(r), readAddr(r)
	if err := r.Finish(); err != nil {
		return nil, fmt.Errorf("%w: %v", errMessage, err)
	}
	return m, nil
}

// appendState builds what is exchanged in a push/pull: who we are, and our map.
func appendState(dst []byte, self Node, m *slotmap.Map) []byte {
	dst = pack.AppendArray(dst, 3)
	dst = pack.AppendUint(dst, stateVersion)
	dst = pack.AppendBytes(dst, appendNode(nil, self))
	return pack.AppendBytes(dst, m.AppendMsgpack(nil))
}

// splitState returns the sender and its map, still encoded and aliasing b: it
// is decoded only if the sender may speak.
func splitState(b []byte) (Node, []byte, error) {
	r := pack.NewReader(b)
	if len(b) > maxState || r.ArrayLen(maxFields) < 3 || r.Uint() < stateVersion {
		return Node{}, nil, errMessage
	}
	meta, body := r.Bytes(maxMeta), r.Bytes(maxState)
	if err := r.Err(); err != nil {
		return Node{}, nil, fmt.Errorf("%w: %v", errMessage, err)
	}
	n, err := decodeNode(meta)
	return n, body, err
}
