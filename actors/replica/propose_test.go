package replica

import (
	"bytes"
	"log"
	"strings"
	"testing"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// The buffer in which an entry is put together serves the next one: raft must keep a copy of what it was given.
func TestRaftCopiesProposals(t *testing.T) {
	storage := raft.NewMemoryStorage()
	if err := storage.ApplySnapshot(&raftpb.Snapshot{Metadata: &raftpb.SnapshotMetadata{
		Index: new(uint64(1)), Term: new(uint64(1)), ConfState: &raftpb.ConfState{Voters: []uint64{1}},
	}}); err != nil {
		t.Fatal(err)
	}
	node, err := raft.NewRawNode(&raft.Config{
		ID: 1, ElectionTick: 10, HeartbeatTick: 1, Storage: storage, Applied: 1, AsyncStorageWrites: true,
		MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 8, Logger: &raft.DefaultLogger{Logger: log.New(t.Output(), "", 0)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Campaign(); err != nil {
		t.Fatal(err)
	}
	elect := node.Ready()
	for _, m := range elect.Messages {
		for _, r := range m.GetResponses() {
			if r.GetTo() == 1 {
				_ = node.Step(r)
			}
		}
	}
	data := []byte("given")
	if err := node.Propose(data); err != nil {
		t.Fatal(err)
	}
	copy(data, "later")
	entries := node.Ready().Entries
	if last := entries[len(entries)-1]; !bytes.Equal(last.GetData(), []byte("given")) {
		t.Fatalf("the entry shares its memory with the proposal: %q", last.GetData())
	}
}

// An entry of a time without a pause has the form that it always had.
func TestHeaderOfAPause(t *testing.T) {
	plain := AppendHeader(nil, Header{Stamp: 5, Seed: 6})
	kept := AppendHeader(nil, Header{Stamp: 5, Seed: 6, Keep: true})
	for data, keep := range map[string]bool{string(plain): false, string(kept): true} {
		h, ops, err := DecodeHeader(append([]byte(data), "ops"...))
		if want := (Header{Stamp: 5, Seed: 6, Keep: keep}); h != want || string(ops) != "ops" || err != nil {
			t.Errorf("decoded as %+v, %q, %v", h, ops, err)
		}
	}
	if len(plain) != len(kept) || plain[1] != entryVersion {
		t.Errorf("%x and %x", plain, kept)
	}
}

// That an entry was applied brings the replica no turn, unless it is so large that raft waits for it.
func TestAppliedEntryBringsNoTurn(t *testing.T) {
	c := newCluster(t, 1, 1, 1)
	c.startAll()
	c.tick(2)
	n := c.elect()
	turns := func(size int) int {
		before := c.sched.Steps()
		c.must(c.send(n, kindWrite, "set", "key", strings.Repeat("v", size)), "+OK")
		c.settle()
		return c.sched.Steps() - before
	}
	const want = 5 // of the replica, the log, the replica, the log for the commit index, and the applier
	for range 3 {
		if got := turns(1); got != want {
			t.Errorf("a write takes %d turns, not %d", got, want)
		}
		if got := turns(patientBytes + 1); got != want+1 {
			t.Errorf("a large write takes %d turns, not %d", got, want+1)
		}
	}
}
