package replica

import (
	"errors"
	"maps"
	"slices"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
)

// Membership is the configuration of a group as its log has it: raft's own ConfState, the node of
// every replica id, and the next id to give. An id is given once: a node that lost its disk comes back
// as another replica. It is immutable; apply makes the next one.
type Membership struct {
	Index uint64 // log index of the change that made it
	Next  uint64 // next replica id
	Nodes map[uint64]slotmap.NodeID
	Conf  *raftpb.ConfState
}

// bounds of an encoded membership
const (
	maxMembers = 32
	nodeBytes  = len(slotmap.NodeID{})
)

var errMembers = errors.New("replica: malformed membership")

// Bootstrap is the membership of a new group: one voter, replica 1, on the given node.
func Bootstrap(node slotmap.NodeID) Membership {
	return Membership{
		Index: 1, Next: 2,
		Nodes: map[uint64]slotmap.NodeID{1: node},
		Conf:  &raftpb.ConfState{Voters: []uint64{1}},
	}
}

// apply gives the membership after a configuration change committed at index: conf is what raft made
// of it, added the replicas that it brings.
func (m Membership) apply(index uint64, conf *raftpb.ConfState, added map[uint64]slotmap.NodeID) Membership {
	next := Membership{Index: index, Next: m.Next, Nodes: map[uint64]slotmap.NodeID{}, Conf: conf}
	for id, node := range added {
		next.Next = max(next.Next, id+1)
		if inConf(conf, id) {
			next.Nodes[id] = node
		}
	}
	for id, node := range m.Nodes {
		if inConf(conf, id) {
			next.Nodes[id] = node
		}
	}
	return next
}

// Members lists the replicas for the ownership map, by id. During a joint change the incoming voters
// count as voters; those on their way out are left out.
func (m Membership) Members() []slotmap.Member {
	var out []slotmap.Member
	for _, id := range slices.Sorted(maps.Keys(m.Nodes)) {
		voter := slices.Contains(m.Conf.GetVoters(), id)
		learner := slices.Contains(m.Conf.GetLearners(), id) || slices.Contains(m.Conf.GetLearnersNext(), id)
		if voter || learner {
			out = append(out, slotmap.Member{Replica: id, Node: m.Nodes[id], Learner: !voter})
		}
	}
	return out
}

// Has reports whether the replica belongs to the configuration in any role.
func (m Membership) Has(id uint64) bool { return inConf(m.Conf, id) }

// Joint reports whether a joint change is under way.
func (m Membership) Joint() bool { return len(m.Conf.GetVotersOutgoing()) > 0 }

func inConf(c *raftpb.ConfState, id uint64) bool {
	return slices.Contains(c.GetVoters(), id) || slices.Contains(c.GetVotersOutgoing(), id) ||
		slices.Contains(c.GetLearners(), id) || slices.Contains(c.GetLearnersNext(), id)
}

// AppendMsgpack appends everything but Conf, which travels in the snapshot's own metadata.
func (m Membership) AppendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 3)
	dst = pack.AppendUint(dst, m.Index)
	dst = pack.AppendUint(dst, m.Next)
	return appendNodes(dst, m.Nodes)
}

// DecodeMembership reads what AppendMsgpack wrote and completes it with conf.
func DecodeMembership(b []byte, conf *raftpb.ConfState) (Membership, error) {
	var rd pack.Reader
	rd.Reset(b)
	n := rd.ArrayLen(3)
	m := Membership{Index: rd.Uint(), Next: rd.Uint(), Conf: conf}
	m.Nodes = readNodes(&rd)
	if n != 3 || rd.Err() != nil || m.Nodes == nil {
		return Membership{}, errMembers
	}
	return m, nil
}

func appendNodes(dst []byte, nodes map[uint64]slotmap.NodeID) []byte {
	dst = pack.AppendArray(dst, 2*len(nodes))
	for _, id := range slices.Sorted(maps.Keys(nodes)) {
		node := nodes[id]
		dst = pack.AppendUint(dst, id)
		dst = pack.AppendBytes(dst, node[:])
	}
	return dst
}

// readNodes returns nil when the input is malformed.
func readNodes(rd *pack.Reader) map[uint64]slotmap.NodeID {
	n := rd.ArrayLen(2 * maxMembers)
	if n%2 != 0 {
		return nil
	}
	nodes := make(map[uint64]slotmap.NodeID, n/2)
	for range n / 2 {
		id, b := rd.Uint(), rd.Bytes(nodeBytes)
		if rd.Err() != nil || len(b) != nodeBytes {
			return nil
		}
		nodes[id] = slotmap.NodeID(b)
	}
	return nodes
}

// encodeAdded is the context of a configuration change: the node of each replica id that it adds.
func encodeAdded(added map[uint64]slotmap.NodeID) []byte { return appendNodes(nil, added) }

// decodeAdded reads the context of a configuration change; an empty one (raft leaves a joint
// configuration by itself) adds nothing.
func decodeAdded(ctx []byte) (map[uint64]slotmap.NodeID, error) {
	if len(ctx) == 0 {
		return nil, nil
	}
	var rd pack.Reader
	rd.Reset(ctx)
	nodes := readNodes(&rd)
	if nodes == nil || rd.Err() != nil {
		return nil, errMembers
	}
	return nodes, nil
}
