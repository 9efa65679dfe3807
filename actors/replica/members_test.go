package replica

import (
	"reflect"
	"testing"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/slotmap"
)

func nodeNo(i byte) slotmap.NodeID { return slotmap.NodeID{i} }

func TestMembershipIDsAreGivenOnce(t *testing.T) {
	m := Bootstrap(nodeNo(1))
	conf := &raftpb.ConfState{Voters: []uint64{1}, Learners: []uint64{2, 3}}
	m = m.apply(10, conf, map[uint64]slotmap.NodeID{2: nodeNo(2), 3: nodeNo(3)})
	if m.Next != 4 || len(m.Members()) != 3 || !m.Members()[1].Learner {
		t.Fatalf("%+v", m)
	}
	m = m.apply(11, &raftpb.ConfState{Voters: []uint64{1, 2}}, nil)
	if m.Has(3) || m.Next != 4 {
		t.Fatalf("a removed id stays given: %+v", m)
	}
	if _, ok := m.Nodes[3]; ok {
		t.Fatal("a removed replica keeps its node")
	}
}

func TestMembershipSurvivesItsEncoding(t *testing.T) {
	m := Bootstrap(nodeNo(7)).apply(99, &raftpb.ConfState{Voters: []uint64{1, 5}, VotersOutgoing: []uint64{1}},
		map[uint64]slotmap.NodeID{5: nodeNo(5)})
	got, err := DecodeMembership(m.AppendMsgpack(nil), m.Conf)
	if err != nil || !reflect.DeepEqual(got, m) {
		t.Fatalf("%+v %v, want %+v", got, err, m)
	}
}

func FuzzDecodeMembership(f *testing.F) {
	f.Add(Bootstrap(nodeNo(1)).AppendMsgpack(nil))
	f.Add([]byte{0x93, 1, 2, 0xdf, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := DecodeMembership(b, &raftpb.ConfState{}); err == nil && len(m.Nodes) > maxMembers {
			t.Fatalf("%d members", len(m.Nodes))
		}
		decodeAdded(b)
		DecodeHeader(b)
		decodeSnapHeader(b)
	})
}

func TestEntryHeader(t *testing.T) {
	h := Header{Stamp: 1_700_000_000_000, Seed: 1 << 63, Request: 5}
	data := append(AppendHeader(nil, h), "operations"...)
	if len(data)-len("operations") > headerMax {
		t.Fatalf("header of %d bytes", len(data))
	}
	got, ops, err := DecodeHeader(data)
	if err != nil || got != h || string(ops) != "operations" {
		t.Fatalf("%+v %q %v", got, ops, err)
	}
	for n := range len(data) - len("operations") {
		if _, _, err := DecodeHeader(data[:n]); err == nil {
			t.Fatalf("a header cut at %d is taken", n)
		}
	}
}
