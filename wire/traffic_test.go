package wire

import (
	"io"
	"log"
	"maps"
	"slices"
	"testing"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

// traffic is a Raft group in one goroutine, whose messages all pass through
// frames. It checks that the gate lets through whatever real replicas say.
type traffic struct {
	t     *testing.T
	nodes map[uint64]*peer
	kinds map[raftpb.MessageType]bool
}

type peer struct {
	*raft.RawNode
	store   *raft.MemoryStorage
	applied []string
	reads   int
}

func newTraffic(t *testing.T, ids ...uint64) *traffic {
	tr := &traffic{t: t, nodes: map[uint64]*peer{}, kinds: map[raftpb.MessageType]bool{}}
	for _, id := range ids {
		p := tr.add(id)
		must(t, p.store.ApplySnapshot(&raftpb.Snapshot{Metadata: &raftpb.SnapshotMetadata{
			Index: new(uint64(1)), Term: new(uint64(1)), ConfState: &raftpb.ConfState{Voters: ids, AutoLeave: new(false)},
		}}))
		tr.start(id, p)
	}
	return tr
}

func (tr *traffic) add(id uint64) *peer {
	p := &peer{store: raft.NewMemoryStorage()}
	tr.nodes[id] = p
	return p
}

func (tr *traffic) start(id uint64, p *peer) {
	first, err := p.store.FirstIndex()
	must(tr.t, err)
	p.RawNode, err = raft.NewRawNode(&raft.Config{
		ID: id, ElectionTick: 10, HeartbeatTick: 1, Storage: p.store, Applied: first - 1,
		MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 16, PreVote: true, CheckQuorum: true,
		Logger: &raft.DefaultLogger{Logger: log.New(io.Discard, "", 0)},
	})
	must(tr.t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// settle delivers messages, in the order of ids, until nobody has any.
func (tr *traffic) settle() {
	for busy := true; busy; {
		busy = false
		for _, id := range slices.Sorted(maps.Keys(tr.nodes)) {
			p := tr.nodes[id]
			for p.RawNode != nil && p.HasReady() {
				busy = true
				tr.handle(p, p.Ready())
			}
		}
	}
}

func (tr *traffic) handle(p *peer, rd raft.Ready) {
	if !raft.IsEmptySnap(rd.Snapshot) {
		must(tr.t, p.store.ApplySnapshot(rd.Snapshot))
	}
	must(tr.t, p.store.Append(rd.Entries))
	if !raft.IsEmptyHardState(rd.HardState) {
		must(tr.t, p.store.SetHardState(rd.HardState))
	}
	for _, m := range rd.Messages {
		tr.deliver(m)
	}
	for _, e := range rd.CommittedEntries {
		tr.apply(p, e)
	}
	p.reads += len(rd.ReadStates)
	p.Advance(rd)
}

// deliver passes m through a frame whose buffer is then overwritten.
func (tr *traffic) deliver(m *raftpb.Message) {
	tr.kinds[m.GetType()] = true
	frame := body(AppendFrame(nil, "shard/1", &Raft{Shard: 1, Message: m}))
	_, got, err := DecodeFrame(frame)
	if err != nil {
		tr.t.Fatalf("%v: %v", m, err)
	}
	clear(frame)
	back := got.(*Raft).Message
	if !proto.Equal(m, back) {
		tr.t.Fatalf("%v became %v", m, back)
	}
	if to := tr.nodes[m.GetTo()]; to != nil && to.RawNode != nil {
		_ = to.Step(back) // what it refuses is its own affair
	}
}

func (tr *traffic) apply(p *peer, e *raftpb.Entry) {
	switch e.GetType() {
	case raftpb.EntryNormal:
		if len(e.Data) > 0 {
			p.applied = append(p.applied, string(e.Data))
		}
	case raftpb.EntryConfChangeV2:
		change := new(raftpb.ConfChangeV2)
		must(tr.t, proto.Unmarshal(e.Data, change))
		p.ApplyConfChange(change)
	default:
		tr.t.Fatalf("entry %v", e)
	}
}

func (tr *traffic) tick(n int) {
	for range n {
		for _, p := range tr.nodes {
			if p.RawNode != nil {
				p.Tick()
			}
		}
		tr.settle()
	}
}

func (tr *traffic) leader() uint64 {
	for id, p := range tr.nodes {
		if p.RawNode != nil && p.BasicStatus().RaftState == raft.StateLeader {
			return id
		}
	}
	return 0
}

func (tr *traffic) propose(id uint64, values ...string) {
	for _, v := range values {
		must(tr.t, tr.nodes[id].Propose([]byte(v)))
		tr.settle()
	}
}

func (tr *traffic) change(id uint64, changes ...*raftpb.ConfChangeSingle) {
	must(tr.t, tr.nodes[id].ProposeConfChange(&raftpb.ConfChangeV2{Changes: changes}))
	tr.settle()
}

func single(kind raftpb.ConfChangeType, id uint64) *raftpb.ConfChangeSingle {
	return &raftpb.ConfChangeSingle{Type: kind.Enum(), NodeId: new(id)}
}

// compact replaces a node's log by a snapshot of what it applied.
func (tr *traffic) compact(id uint64) {
	p := tr.nodes[id]
	last, err := p.store.LastIndex()
	must(tr.t, err)
	cs := p.Status().Config
	_, err = p.store.CreateSnapshot(last, &raftpb.ConfState{Voters: slices.Sorted(maps.Keys(cs.Voters[0])), Learners: slices.Sorted(maps.Keys(cs.Learners))}, nil)
	must(tr.t, err)
	must(tr.t, p.store.Compact(last))
}

// TestRealTraffic: election, writes, a read at a follower, a new learner by
// snapshot, a joint change of two members, a transfer of leadership.
func TestRealTraffic(t *testing.T) {
	tr := newTraffic(t, 1, 2, 3)
	must(t, tr.nodes[1].Campaign())
	tr.settle()
	tr.propose(1, "a", "b", "c")
	tr.nodes[2].ReadIndex([]byte("read"))
	tr.settle()
	if tr.leader() != 1 || tr.nodes[2].reads != 1 {
		t.Fatalf("leader %d, %d reads", tr.leader(), tr.nodes[2].reads)
	}
	tr.change(1, single(raftpb.ConfChangeAddLearnerNode, 4))
	tr.compact(1) // only now, as the snapshot must name its receiver
	tr.start(4, tr.add(4))
	tr.tick(3)
	tr.change(1, single(raftpb.ConfChangeAddNode, 4), single(raftpb.ConfChangeRemoveNode, 3))
	tr.tick(3)
	tr.nodes[1].TransferLeader(4)
	tr.settle()
	tr.tick(3)
	tr.propose(tr.leader(), "d", "e")
	tr.tick(3)
	if got := tr.nodes[4].applied; tr.leader() != 4 || !slices.Equal(got, []string{"d", "e"}) {
		t.Errorf("leader %d, the new member applied %q", tr.leader(), got)
	}
	if got := tr.nodes[1].applied; !slices.Equal(got, []string{"a", "b", "c", "d", "e"}) {
		t.Errorf("an old member applied %q", got)
	}
	for kind, ok := range crossing {
		if k := raftpb.MessageType(kind); ok && !tr.kinds[k] && k != raftpb.MsgTransferLeader {
			t.Errorf("no %s was sent", k)
		}
	}
}

// TestRealTransferFromFollower: the request is forwarded to the leader.
func TestRealTransferFromFollower(t *testing.T) {
	tr := newTraffic(t, 1, 2, 3)
	must(t, tr.nodes[1].Campaign())
	tr.settle()
	tr.nodes[2].TransferLeader(2)
	tr.settle()
	if tr.leader() != 2 || !tr.kinds[raftpb.MsgTransferLeader] {
		t.Errorf("leader %d", tr.leader())
	}
}
