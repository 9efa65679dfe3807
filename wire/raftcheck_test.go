package wire

import (
	"errors"
	"math"
	"testing"

	"github.com/troupedb/troupe/wire/pack"
	"go.etcd.io/raft/v3/confchange"
	"go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"
	"google.golang.org/protobuf/proto"
)

func decodeRaft(m *raftpb.Message) error {
	_, _, err := DecodeFrame(body(AppendFrame(nil, "shard/1", &Raft{Shard: 1, Message: m})))
	return err
}

func changed(m *raftpb.Message, change func(*raftpb.Message)) *raftpb.Message {
	m = proto.Clone(m).(*raftpb.Message)
	change(m)
	return m
}

func TestRaftRefused(t *testing.T) {
	app, snap, beat := appMessage(3), snapMessage(), oneOfEachType()[raftpb.MsgHeartbeat]
	read := oneOfEachType()[raftpb.MsgReadIndex]
	meta := func(m *raftpb.Message) *raftpb.SnapshotMetadata { return m.Snapshot.Metadata }
	for _, c := range []struct {
		name   string
		m      *raftpb.Message
		change func(*raftpb.Message)
	}{
		{"no type, which is a MsgHup", app, func(m *raftpb.Message) { m.Type = nil }},
		{"type out of range", app, func(m *raftpb.Message) { m.Type = raftpb.MessageType(24).Enum() }},
		{"type far out of range", app, func(m *raftpb.Message) { m.Type = raftpb.MessageType(math.MaxInt32).Enum() }},
		{"no receiver", app, func(m *raftpb.Message) { m.To = nil }},
		{"no sender", app, func(m *raftpb.Message) { m.From = new(uint64(0)) }},
		{"from local storage", app, func(m *raftpb.Message) { m.From = new(uint64(math.MaxUint64)) }},
		{"to local storage", app, func(m *raftpb.Message) { m.To = new(uint64(math.MaxUint64 - 1)) }},
		{"no term", app, func(m *raftpb.Message) { m.Term = nil }},
		{"term 0", beat, func(m *raftpb.Message) { m.Term = new(uint64(0)) }},
		{"entry of unknown type", app, func(m *raftpb.Message) { m.Entries[0].Type = raftpb.EntryType(3).Enum() }},
		{"gap before the entries", app, func(m *raftpb.Message) { m.Index = new(uint64(999)) }},
		{"gap within the entries", app, func(m *raftpb.Message) { m.Entries[1].Index = new(uint64(1003)) }},
		{"entry without term", app, func(m *raftpb.Message) { m.LogTerm, m.Entries[0].Term = nil, nil }},
		{"term goes back", app, func(m *raftpb.Message) { m.Entries[1].Term = new(uint64(6)) }},
		{"term before the log's", app, func(m *raftpb.Message) { m.Entries[0].Term = new(uint64(5)) }},
		{"entry of a later term", app, func(m *raftpb.Message) { m.Entries[2].Term = new(uint64(8)) }},
		{"log of a later term", app, func(m *raftpb.Message) { m.LogTerm, m.Entries = new(uint64(8)), nil }},
		{"index wraps", app, func(m *raftpb.Message) { m.Index, m.Entries[0].Index = new(uint64(math.MaxUint64)), new(uint64(0)) }},
		{"heartbeat with entries", beat, func(m *raftpb.Message) { m.Entries = app.Entries }},
		{"read without entry", read, func(m *raftpb.Message) { m.Entries = nil }},
		{"read with two entries", read, func(m *raftpb.Message) { m.Entries = app.Entries[:2] }},
		{"heartbeat with snapshot", beat, func(m *raftpb.Message) { m.Snapshot = &raftpb.Snapshot{} }},
		{"no snapshot", snap, func(m *raftpb.Message) { m.Snapshot = nil }},
		{"no metadata", snap, func(m *raftpb.Message) { m.Snapshot.Metadata = nil }},
		{"no configuration", snap, func(m *raftpb.Message) { meta(m).ConfState = nil }},
		{"no voters", snap, func(m *raftpb.Message) { meta(m).ConfState.Voters = nil }},
		{"voter 0", snap, func(m *raftpb.Message) { meta(m).ConfState.Voters[0] = 0 }},
		{"voter twice", snap, func(m *raftpb.Message) { meta(m).ConfState.Voters[0] = 2 }},
		{"snapshot at 0", snap, func(m *raftpb.Message) { meta(m).Index = nil }},
		{"snapshot of no term", snap, func(m *raftpb.Message) { meta(m).Term = nil }},
		{"snapshot of a later term", snap, func(m *raftpb.Message) { meta(m).Term = new(uint64(8)) }},
	} {
		if err := decodeRaft(c.m); err != nil {
			t.Fatalf("%s: already before the change: %v", c.name, err)
		}
		if err := decodeRaft(changed(c.m, c.change)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestRaftLimits(t *testing.T) {
	ids := make([]uint64, MaxReplica+1)
	for i := range ids {
		ids[i] = uint64(i + 1)
	}
	with := func(n int) *raftpb.Message {
		return changed(snapMessage(), func(m *raftpb.Message) { m.Snapshot.Metadata.ConfState = &raftpb.ConfState{Voters: ids[:n]} })
	}
	if err := decodeRaft(with(MaxReplica)); err != nil {
		t.Errorf("voters at the limit: %v", err)
	}
	if err := decodeRaft(with(MaxReplica + 1)); !errors.Is(err, pack.ErrLimit) {
		t.Errorf("voters over the limit: %v", err)
	}
	head := broken(uint64(KindRaft), "", u(1), raw("\x9d\x03\x01\x02\x05\x04\x04\x04\xc0\xc0\xc0\xc0"))
	over := append(pack.AppendArray(head, (MaxEntries+1)*entryWidth), make([]byte, (MaxEntries+1)*entryWidth)...)
	if _, _, err := DecodeFrame(over); !errors.Is(err, pack.ErrLimit) {
		t.Errorf("entries over the limit: %v", err)
	}
	if _, _, err := DecodeFrame(append(pack.AppendArray(head[:len(head):len(head)], 3), 0, 0, 0)); !errors.Is(err, ErrInvalid) {
		t.Errorf("three quarters of an entry: %v", err)
	}
}

func TestSnapshotHeaderRefused(t *testing.T) {
	good := func() *Snapshot { return &Snapshot{Shard: 1, From: 1, To: 2, Size: 10, Message: snapMessage()} }
	for name, change := range map[string]func(*Snapshot){
		"shard 0":         func(s *Snapshot) { s.Shard = 0 },
		"other sender":    func(s *Snapshot) { s.From = 3 },
		"other receiver":  func(s *Snapshot) { s.To = 3 },
		"negative size":   func(s *Snapshot) { s.Size = -1 },
		"not a snapshot":  func(s *Snapshot) { s.Message = appMessage(1) },
		"invalid message": func(s *Snapshot) { s.Message.Term = nil },
	} {
		s := good()
		change(s)
		if _, _, err := DecodeFrame(body(AppendFrame(nil, "", s))); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := DecodeFrame(body(AppendFrame(nil, "", good()))); err != nil {
		t.Error(err)
	}
}

// TestRestorable: of all configurations of three replicas, those are let
// through that the library can adopt and reproduce, and no others.
func TestRestorable(t *testing.T) {
	passed := 0
	for choice := range 1 << 13 {
		cs := &raftpb.ConfState{AutoLeave: new(choice>>12 == 1)}
		for i, ids := range []*[]uint64{&cs.Voters, &cs.Learners, &cs.VotersOutgoing, &cs.LearnersNext} {
			for id := range uint64(3) {
				if choice>>(3*i+int(id))&1 == 1 {
					*ids = append(*ids, id+1)
				}
			}
		}
		want := len(cs.Voters) > 0 && adoptable(cs)
		if got := restorable(cs); got != want {
			t.Errorf("%v: let through %v, adoptable %v", cs, got, want)
		}
		if want {
			passed++
		}
	}
	if passed < 50 {
		t.Errorf("only %d configurations pass", passed)
	}
}

// adoptable asks the library.
func adoptable(cs *raftpb.ConfState) bool {
	cfg, progress, err := confchange.Restore(confchange.Changer{Tracker: tracker.MakeProgressTracker(1, 0), LastIndex: 10}, cs)
	if err != nil {
		return false
	}
	tr := tracker.MakeProgressTracker(1, 0)
	tr.Config, tr.Progress = cfg, progress
	return tr.ConfState().Equivalent(cs) == nil
}

func TestRestorableNil(t *testing.T) {
	if restorable(nil) || !restorable(someConfState()) {
		t.Error("nil or a good configuration is misjudged")
	}
}
