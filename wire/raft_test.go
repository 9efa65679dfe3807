package wire

import (
	"fmt"
	"math"
	"testing"

	"github.com/troupedb/troupe/wire/pack"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// appMessage is a MsgApp with n entries of 200 bytes.
func appMessage(n int) *raftpb.Message {
	m := &raftpb.Message{
		Type: raftpb.MsgApp.Enum(), To: new(uint64(2)), From: new(uint64(1)), Term: new(uint64(7)),
		LogTerm: new(uint64(6)), Index: new(uint64(1000)), Commit: new(uint64(998)),
	}
	for i := range n {
		m.Entries = append(m.Entries, &raftpb.Entry{
			Type: raftpb.EntryNormal.Enum(), Term: new(uint64(7)), Index: new(uint64(1001 + i)), Data: make([]byte, 200),
		})
	}
	return m
}

func someConfState() *raftpb.ConfState {
	return &raftpb.ConfState{
		Voters: []uint64{1, 2, 3}, Learners: []uint64{4}, VotersOutgoing: []uint64{1, 2, 5}, LearnersNext: []uint64{5}, AutoLeave: new(true),
	}
}

func snapMessage() *raftpb.Message {
	return &raftpb.Message{
		Type: raftpb.MsgSnap.Enum(), To: new(uint64(2)), From: new(uint64(1)), Term: new(uint64(7)),
		Snapshot: &raftpb.Snapshot{
			Data:     []byte("state"),
			Metadata: &raftpb.SnapshotMetadata{Index: new(uint64(500)), Term: new(uint64(6)), ConfState: someConfState()},
		},
	}
}

func confChangeEntries() []*raftpb.Entry {
	one := &raftpb.ConfChange{Type: raftpb.ConfChangeAddNode.Enum(), NodeId: new(uint64(9)), Context: []byte("node")}
	two := &raftpb.ConfChangeV2{
		Transition: raftpb.ConfChangeTransitionJointExplicit.Enum(),
		Changes: []*raftpb.ConfChangeSingle{
			{Type: raftpb.ConfChangeRemoveNode.Enum(), NodeId: new(uint64(1))},
			{Type: raftpb.ConfChangeAddLearnerNode.Enum(), NodeId: new(uint64(10))},
		},
		Context: []byte("swap"),
	}
	var entries []*raftpb.Entry
	for i, c := range []raftpb.ConfChangeI{one, two, nil} {
		kind, data, err := raftpb.MarshalConfChange(c)
		if err != nil {
			panic(err)
		}
		entries = append(entries, &raftpb.Entry{Type: kind.Enum(), Term: new(uint64(7)), Index: new(uint64(1001 + i)), Data: data})
	}
	return entries
}

// oneOfEachType returns a plausible message of every type of the library, by
// type; those in crossing are as replicas send them.
func oneOfEachType() []*raftpb.Message {
	all := make([]*raftpb.Message, len(raftpb.MessageType_name))
	for i := range all {
		all[i] = &raftpb.Message{
			Type: raftpb.MessageType(i).Enum(), To: new(uint64(2)), From: new(uint64(1)), Term: new(uint64(7)),
			LogTerm: new(uint64(6)), Index: new(uint64(1000)), Commit: new(uint64(998)),
		}
	}
	all[raftpb.MsgApp].Entries = confChangeEntries()
	all[raftpb.MsgAppResp].Reject, all[raftpb.MsgAppResp].RejectHint = new(true), new(uint64(math.MaxUint64))
	all[raftpb.MsgVote].Context = []byte("CampaignTransfer")
	all[raftpb.MsgSnap] = snapMessage()
	all[raftpb.MsgReadIndex].Entries = []*raftpb.Entry{{Data: []byte("request")}}
	all[raftpb.MsgReadIndexResp].Entries = []*raftpb.Entry{{Data: []byte("request")}}
	all[raftpb.MsgHeartbeat].Context = []byte("read")
	all[raftpb.MsgStorageAppend].Vote = new(uint64(3))
	return all
}

func roundTrip(m *raftpb.Message) (*raftpb.Message, error) {
	var r pack.Reader
	r.Reset(appendRaftMessage(nil, m))
	back := readRaftMessage(&r, new(raftSlab))
	return back, r.Finish()
}

// TestEveryType: the codec carries all types, DecodeFrame lets some through.
func TestEveryType(t *testing.T) {
	for _, m := range oneOfEachType() {
		back, err := roundTrip(m)
		if err != nil || !proto.Equal(m, back) {
			t.Errorf("%s: %v, %v", m.GetType(), back, err)
		}
		_, got, err := DecodeFrame(body(AppendFrame(nil, "shard/1", &Raft{Shard: 1, Message: m})))
		crosses := int(m.GetType()) < len(crossing) && crossing[m.GetType()]
		if crosses != (err == nil) {
			t.Errorf("%s: %v, %v", m.GetType(), got, err)
		}
	}
}

func TestConfChangesSurvive(t *testing.T) {
	m := appMessage(0)
	m.Entries = confChangeEntries()
	back, err := roundTrip(m)
	if err != nil {
		t.Fatal(err)
	}
	var one raftpb.ConfChange
	var two raftpb.ConfChangeV2
	if err := proto.Unmarshal(back.Entries[0].Data, &one); err != nil || one.GetNodeId() != 9 {
		t.Errorf("%v, %v", &one, err)
	}
	if err := proto.Unmarshal(back.Entries[1].Data, &two); err != nil || len(two.Changes) != 2 {
		t.Errorf("%v, %v", &two, err)
	}
	if e := back.Entries[2]; e.GetType() != raftpb.EntryConfChangeV2 || e.Data != nil {
		t.Errorf("%v", e)
	}
}

// Generators: every field unset, zero or set.

func drawOptional(t *rapid.T, label string) *uint64 {
	switch rapid.IntRange(0, 3).Draw(t, label) {
	case 0:
		return nil
	case 1:
		return new(uint64(0))
	}
	return new(rapid.Uint64().Draw(t, label))
}

func drawBytes(t *rapid.T, label string) []byte {
	if rapid.Bool().Draw(t, label) {
		return nil
	}
	return append([]byte{}, rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, label)...)
}

func drawBool(t *rapid.T, label string) *bool {
	return rapid.SampledFrom([]*bool{nil, new(true), new(false)}).Draw(t, label)
}

func drawEntry(t *rapid.T) *raftpb.Entry {
	e := &raftpb.Entry{Term: drawOptional(t, "term"), Index: drawOptional(t, "index"), Data: drawBytes(t, "data")}
	if kind := rapid.IntRange(-1, 2).Draw(t, "type"); kind >= 0 {
		e.Type = raftpb.EntryType(kind).Enum()
	}
	return e
}

func drawConfState(t *rapid.T) *raftpb.ConfState {
	ids := rapid.SliceOfN(rapid.Uint64Range(0, 6), 0, 4)
	return &raftpb.ConfState{
		Voters: ids.Draw(t, "voters"), Learners: ids.Draw(t, "learners"),
		VotersOutgoing: ids.Draw(t, "outgoing"), LearnersNext: ids.Draw(t, "next"), AutoLeave: drawBool(t, "auto"),
	}
}

func drawSnapshot(t *rapid.T) *raftpb.Snapshot {
	depth := rapid.IntRange(0, 3).Draw(t, "depth")
	if depth == 0 {
		return nil
	}
	s := &raftpb.Snapshot{Data: drawBytes(t, "data")}
	if depth > 1 {
		s.Metadata = &raftpb.SnapshotMetadata{Index: drawOptional(t, "index"), Term: drawOptional(t, "term")}
	}
	if depth > 2 {
		s.Metadata.ConfState = drawConfState(t)
	}
	return s
}

func drawMessage(t *rapid.T) *raftpb.Message {
	m := &raftpb.Message{
		To: drawOptional(t, "to"), From: drawOptional(t, "from"), Term: drawOptional(t, "term"), LogTerm: drawOptional(t, "logTerm"),
		Index: drawOptional(t, "index"), Commit: drawOptional(t, "commit"), Vote: drawOptional(t, "vote"), RejectHint: drawOptional(t, "hint"),
		Reject: drawBool(t, "reject"), Context: drawBytes(t, "context"), Snapshot: drawSnapshot(t),
		Entries: rapid.SliceOfN(rapid.Custom(drawEntry), 0, 5).Draw(t, "entries"),
	}
	if kind := rapid.IntRange(-1, 23).Draw(t, "type"); kind >= 0 {
		m.Type = raftpb.MessageType(kind).Enum()
	}
	return m
}

// TestRaftRoundTrip: what is unset stays unset, what is zero stays zero.
func TestRaftRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMessage(t)
		back, err := roundTrip(m)
		if err != nil || !proto.Equal(m, back) {
			t.Fatalf("%v\n%v\n%v", m, back, err)
		}
	})
}

// TestManyEntries spans several slabs.
func TestManyEntries(t *testing.T) {
	for _, n := range []int{1023, 1024, 1025, 5000} {
		m := appMessage(n)
		back, err := roundTrip(m)
		if err != nil || !proto.Equal(m, back) {
			t.Errorf("%d entries: %v", n, err)
		}
	}
}

func TestEncodeAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 1<<16)
	for _, m := range []*raftpb.Message{appMessage(64), snapMessage(), {Type: raftpb.MsgHeartbeat.Enum()}} {
		r := &Raft{Shard: 1, Message: m}
		if n := testing.AllocsPerRun(100, func() { AppendFrame(buf[:0], "shard/1", r) }); n != 0 {
			t.Errorf("%s: %v allocations", m.GetType(), n)
		}
	}
}

// TestDecodeAllocations: the target, the copy of the bytes, the message, the
// entries and the pointers to them; without bytes just target and message.
func TestDecodeAllocations(t *testing.T) {
	heartbeat := &raftpb.Message{Type: raftpb.MsgHeartbeat.Enum(), To: new(uint64(2)), From: new(uint64(1)), Term: new(uint64(7)), Commit: new(uint64(9))}
	for _, c := range []struct {
		m    *raftpb.Message
		want float64
	}{{heartbeat, 2}, {appMessage(1), 5}, {appMessage(64), 5}, {appMessage(1024), 5}} {
		b := body(AppendFrame(nil, "shard/1", &Raft{Shard: 1, Message: c.m}))
		n := testing.AllocsPerRun(100, func() {
			if _, _, err := DecodeFrame(b); err != nil {
				t.Fatal(err)
			}
		})
		if n > c.want {
			t.Errorf("%s of %d entries: %v allocations, want %v", c.m.GetType(), len(c.m.Entries), n, c.want)
		}
	}
}

func BenchmarkRaftEncode(b *testing.B) {
	for _, n := range []int{0, 1, 64} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := &Raft{Shard: 1, Message: appMessage(n)}
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				buf = AppendFrame(buf[:0], "shard/1", m)
			}
			b.SetBytes(int64(len(buf)))
		})
	}
}

func BenchmarkRaftDecode(b *testing.B) {
	for _, n := range []int{0, 1, 64} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			frame := body(AppendFrame(nil, "shard/1", &Raft{Shard: 1, Message: appMessage(n)}))
			b.SetBytes(int64(len(frame)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := DecodeFrame(frame); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
