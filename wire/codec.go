package wire

import (
	"fmt"
	"math"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
)

// readBody reads the body of a message of the given kind; nil if there is no
// such kind. What it calls for a message that holds bytes calls Own before it
// reads the first of them. (A switch, since through a table of functions the
// Reader would be allocated anew for every frame.)
func readBody(r *pack.Reader, kind Kind) Message {
	switch kind {
	case KindRaft:
		return readRaft(r)
	case KindRemoved:
		return readRemoved(r)
	case KindSnapshot:
		return readSnapshot(r)
	case KindChunk:
		return readChunk(r)
	case KindRequest:
		return readRequest(r)
	case KindReply:
		return readReply(r)
	case KindPing:
		return &Ping{readOnly(r)}
	case KindPong:
		return &Pong{readOnly(r)}
	case KindPublish:
		return readPublish(r)
	case KindUnblock:
		return readUnblock(r)
	case KindWaiting:
		return readWaiting(r)
	case KindCopies:
		return readCopies(r)
	case KindCopied:
		return readCopied(r)
	case KindPromise:
		return readPromise(r)
	case KindAbsent:
		return readAbsent(r)
	case KindSurvey:
		return &Survey{readOnly(r)}
	case KindSurveyed:
		return readSurveyed(r)
	case KindConfirm:
		return readConfirm(r)
	case KindConfirmed:
		return readConfirmed(r)
	}
	return nil
}

func (m *Raft) AppendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 2)
	dst = pack.AppendUint(dst, uint64(m.Shard))
	return appendRaftMessage(dst, m.Message)
}

func readRaft(r *pack.Reader) *Raft {
	fields(r, 2)
	s := new(raftSlab)
	s.raft = Raft{Shard: readShard(r), Message: readRaftMessage(r, s)}
	checkRaft(r, s.raft.Message)
	return &s.raft
}

func (m *Removed) AppendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 3)
	dst = pack.AppendUint(dst, uint64(m.Shard))
	dst = pack.AppendUint(dst, m.Replica)
	return pack.AppendUint(dst, m.Index)
}

func readRemoved(r *pack.Reader) *Removed {
	fields(r, 3)
	return &Removed{Shard: readShard(r), Replica: r.Uint(), Index: r.Uint()}
}

func (m *Promise) AppendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 4)
	dst = pack.AppendUint(dst, uint64(m.Shard))
	dst = pack.AppendUint(dst, m.Replica)
	dst = pack.AppendUint(dst, m.Term)
	return pack.AppendUint(dst, m.Round)
}

func readPromise(r *pack.Reader) *Promise {
	fields(r, 4)
	return &Promise{Shard: readShard(r), Replica: r.Uint(), Term: r.Uint(), Round: r.Uint()}
}

func (m *Confirm) AppendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 2)
	dst = pack.AppendUint(dst, m.ID)
	dst = pack.AppendArray(dst, 3*len(m.Leads))
	for _, l := range m.Leads {
		dst = pack.AppendUint(dst, uint64(l.Shard))
		dst = pack.AppendUint(dst, l.Replica)
		dst = pack.AppendUint(dst, l.Term)
	}
	return dst
}

func readConfirm(r *pack.Reader) *Confirm {
	fields(r, 2)
	m := &Confirm{ID: r.Uint()}
	n := r.ArrayLen(min(r.Len(), 3*MaxLeads))
	if n%3 != 0 {
		invalid(r, "%d values, three for each leader", n)
	}
	if r.Err() != nil {
		return m
	}
	m.Leads = make([]Lead, n/3)
	for i := range m.Leads {
		m.Leads[i] = Lead{Shard: readShard(r), Replica: r.Uint(), Term: r.Uint()}
	}
	return m
}

func (m *Confirmed) AppendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 2)
	dst = pack.AppendUint(dst, m.ID)
	dst = pack.AppendArray(dst, len(m.Not))
	for _, i := range m.Not {
		dst = pack.AppendUint(dst, uint64(i))
	}
	return dst
}

func readConfirmed(r *pack.Reader) *Confirmed {
	fields(r, 2)
	m := &Confirmed{ID: r.Uint()}
	m.Not = make([]uint32, r.ArrayLen(min(r.Len(), MaxLeads)))
	last := uint32(0)
	for i := range m.Not {
		m.Not[i] = uint32(r.UintMax(MaxLeads - 1))
		if r.Err() == nil && i > 0 && m.Not[i] <= last {
			invalid(r, "place %d after %d", m.Not[i], last)
		}
		last = m.Not[i]
	}
	return m
}

func (m *Absent) AppendMsgpack(dst []byte) []byte {
	return pack.AppendBytes(pack.AppendArray(dst, 1), m.Directory)
}

func readAbsent(r *pack.Reader) *Absent {
	fields(r, 1)
	r.Own()
	return &Absent{Directory: r.Bytes(MaxDirectory)}
}

func (m *Snapshot) AppendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 7)
	dst = pack.AppendUint(dst, uint64(m.Shard))
	dst = pack.AppendUint(dst, m.From)
	dst = pack.AppendUint(dst, m.To)
	dst = pack.AppendInt(dst, m.Size)
	dst = pack.AppendUint(dst, m.Sum)
	dst = appendRaftMessage(dst, m.Message)
	return pack.AppendBytes(dst, m.Meta)
}

func readSnapshot(r *pack.Reader) *Snapshot {
	fields(r, 7)
	m := &Snapshot{Shard: readShard(r), From: r.Uint(), To: r.Uint(), Size: r.Int(), Sum: r.Uint()}
	m.Message = readRaftMessage(r, new(raftSlab))
	r.Own()
	m.Meta = r.Bytes(r.Len())
	checkSnapshotHeader(r, m)
	return m
}

func (m *Chunk) AppendMsgpack(dst []byte) []byte {
	return pack.AppendBytes(pack.AppendArray(dst, 1), m.Data)
}

func readChunk(r *pack.Reader) *Chunk {
	fields(r, 1)
	r.Own()
	return &Chunk{Data: r.Bytes(MaxChunk)}
}

func (m *Request) AppendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 7)
	dst = pack.AppendUint(dst, m.ID)
	dst = pack.AppendUint(dst, uint64(m.Shard))
	dst = pack.AppendBytes(dst, m.Ops)
	dst = pack.AppendUint(dst, uint64(m.Count))
	dst = pack.AppendBool(dst, m.Write)
	dst = pack.AppendUint(dst, uint64(m.Proto))
	return pack.AppendBool(dst, m.Quiet)
}

func readRequest(r *pack.Reader) *Request {
	fields(r, 7)
	m := &Request{ID: r.Uint(), Shard: readShard(r)}
	r.Own()
	m.Ops = r.Bytes(r.Len())
	m.Count = uint32(r.UintMax(math.MaxUint32))
	m.Write = r.Bool()
	m.Proto = uint8(r.UintMax(math.MaxUint8))
	m.Quiet = r.Bool()
	return m
}

func (m *Reply) AppendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 7)
	dst = pack.AppendUint(dst, m.ID)
	dst = pack.AppendUint(dst, uint64(m.Status))
	dst = pack.AppendBytes(dst, m.Replies)
	dst = pack.AppendArray(dst, len(m.Ends))
	for _, end := range m.Ends {
		dst = pack.AppendUint(dst, uint64(end))
	}
	dst = pack.AppendUint(dst, m.Index)
	dst = pack.AppendBytes(dst, m.Leader[:])
	return pack.AppendBool(dst, m.Cancelled)
}

func readReply(r *pack.Reader) *Reply {
	fields(r, 7)
	m := &Reply{ID: r.Uint(), Status: uint8(r.UintMax(math.MaxUint8))}
	r.Own()
	m.Replies = r.Bytes(r.Len())
	m.Ends = readEnds(r, len(m.Replies))
	m.Index = r.Uint()
	m.Leader = readNodeID(r)
	m.Cancelled = r.Bool()
	return m
}

func (m *Publish) AppendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 3)
	dst = pack.AppendBool(dst, m.Shard)
	dst = pack.AppendBytes(dst, []byte(m.Channel))
	return pack.AppendBytes(dst, m.Payload)
}

func readPublish(r *pack.Reader) *Publish {
	fields(r, 3)
	m := &Publish{Shard: r.Bool()}
	r.Own()
	m.Channel = string(r.Bytes(r.Len()))
	m.Payload = r.Bytes(r.Len())
	return m
}

func (m *Unblock) AppendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 2)
	dst = pack.AppendUint(dst, m.ID)
	return pack.AppendBool(dst, m.Error)
}

func readUnblock(r *pack.Reader) *Unblock {
	fields(r, 2)
	return &Unblock{ID: r.Uint(), Error: r.Bool()}
}

func (m *Waiting) AppendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 1)
	dst = pack.AppendArray(dst, len(m.IDs))
	for _, id := range m.IDs {
		dst = pack.AppendUint(dst, id)
	}
	return dst
}

func readWaiting(r *pack.Reader) *Waiting {
	fields(r, 1)
	m := &Waiting{IDs: make([]uint64, r.ArrayLen(min(r.Len(), MaxWaiting)))}
	for i := range m.IDs {
		m.IDs[i] = r.Uint()
	}
	return m
}

func (m *Copies) AppendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 5)
	dst = pack.AppendUint(dst, m.ID)
	dst = pack.AppendUint(dst, uint64(m.Shard))
	dst = pack.AppendUint(dst, m.Index)
	dst = pack.AppendUint(dst, uint64(m.Need))
	return pack.AppendUint(dst, m.Timeout)
}

func readCopies(r *pack.Reader) *Copies {
	fields(r, 5)
	m := &Copies{ID: r.Uint(), Shard: readShard(r), Index: r.Uint()}
	m.Need = uint32(r.UintMax(math.MaxInt32))
	m.Timeout = r.UintMax(maxTimeout)
	return m
}

// maxTimeout is the longest duration that can be told in nanoseconds, in ms.
const maxTimeout = uint64(math.MaxInt64 / 1_000_000)

func (m *Copied) AppendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 3)
	dst = pack.AppendUint(dst, m.ID)
	dst = pack.AppendUint(dst, uint64(m.Followers))
	return pack.AppendBool(dst, m.Leads)
}

func readCopied(r *pack.Reader) *Copied {
	fields(r, 3)
	return &Copied{ID: r.Uint(), Followers: uint32(r.UintMax(math.MaxUint32)), Leads: r.Bool()}
}

// readEnds reads offsets that ascend to at most size.
func readEnds(r *pack.Reader, size int) []uint32 {
	ends := make([]uint32, r.ArrayLen(r.Len()))
	var last uint64
	for i := range ends {
		end := r.UintMax(uint64(size))
		if r.Err() == nil && end < last {
			invalid(r, "a reply ends at %d, the next at %d", last, end)
		}
		last = end
		ends[i] = uint32(end)
	}
	return ends
}

func (m *Ping) AppendMsgpack(dst []byte) []byte { return appendOnly(dst, m.ID) }
func (m *Pong) AppendMsgpack(dst []byte) []byte { return appendOnly(dst, m.ID) }

func appendOnly(dst []byte, v uint64) []byte {
	return pack.AppendUint(pack.AppendArray(dst, 1), v)
}

func readOnly(r *pack.Reader) uint64 {
	fields(r, 1)
	return r.Uint()
}

func readShard(r *pack.Reader) slotmap.ShardID {
	id := r.UintMax(math.MaxUint32)
	if r.Err() == nil && id == 0 {
		invalid(r, "no shard")
	}
	return slotmap.ShardID(id)
}

func readNodeID(r *pack.Reader) (id slotmap.NodeID) {
	copy(id[:], readExactly(r, len(id), "node id"))
	return id
}

func readExactly(r *pack.Reader, n int, what string) []byte {
	b := r.Bytes(n)
	if r.Err() == nil && len(b) != n {
		invalid(r, "%s of %d bytes", what, len(b))
	}
	return b
}

// fields reads the head of an array of exactly n values.
func fields(r *pack.Reader, n int) {
	if got := r.ArrayLen(n); r.Err() == nil && got != n {
		invalid(r, "%d fields, want %d", got, n)
	}
}

func invalid(r *pack.Reader, format string, args ...any) {
	r.Fail(fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrInvalid))
}
