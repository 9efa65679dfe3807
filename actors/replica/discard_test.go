package replica

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/discard"
	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/slotmap"
)

// What is being sent to a follower stays whole for who reads it, and a disk that is nearly full gets its room at once.
func TestSentSnapshotIsNotCutOff(t *testing.T) {
	const largeSize = 5*discard.Piece + 1
	low := false
	dir := t.TempDir()
	r := &replica{cfg: &Config{FS: vfs.Default, SnapshotDir: dir, Shard: 1, Replica: 2, LowSpace: func() bool { return low }}}
	old := SnapName(1, 2, 1, 5)
	remove := func() *os.File {
		f, err := os.Create(filepath.Join(dir, old))
		if err == nil {
			err = f.Truncate(largeSize)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		r.removeSnapshots(6)
		if _, err := os.Stat(filepath.Join(dir, old)); !oserror.IsNotExist(err) {
			t.Errorf("the name is there still: %v", err)
		}
		return f
	}
	r.snaps.sends = 1
	sent := remove()
	r.snaps.sends, low = 0, true
	full := remove()
	low = false
	cut := remove()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-poll.C {
		if info, err := cut.Stat(); err != nil || time.Now().After(deadline) {
			t.Fatal("it does not shrink", err)
		} else if info.Size() == 1 {
			break
		}
	}
	for name, f := range map[string]*os.File{"sent": sent, "on a full disk": full} {
		if n, err := io.Copy(io.Discard, f); err != nil || n != largeSize {
			t.Errorf("%s: %d bytes can be read, %v", name, n, err)
		}
	}
}

// A snapshot counts as being sent from before the link hears of it until the link is done with it.
func TestSnapshotsThatAreSentAreCounted(t *testing.T) {
	system := actor.NewActorSystem(actor.WithLoggerFactory(quietActors))
	defer system.Shutdown()
	node, err := raft.NewRawNode(&raft.Config{ID: 1, ElectionTick: 10, HeartbeatTick: 1, Storage: raft.NewMemoryStorage(), MaxInflightMsgs: 1, MaxSizePerMsg: 1})
	if err != nil {
		t.Fatal(err)
	}
	bulk := system.Root.Spawn(actor.PropsFromFunc(func(actor.Context) {}))
	ref := raftlog.SnapshotRef{File: "f", Index: 5, Term: 1, ConfState: &raftpb.ConfState{Voters: []uint64{1, 2}}}
	ref.Meta = snapMeta{Members: Membership{Next: 3, Conf: ref.ConfState}}.appendMsgpack(nil)
	r := &replica{
		cfg: &Config{System: system, FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler), Bulk: func(slotmap.NodeID) *actor.PID { return bulk }},
		pid: bulk, node: node, storage: &storage{snap: ref},
	}
	for _, at := range []uint64{5, 4} { // the other one is not the newest, and is not sent
		r.sendSnapshot(slotmap.NodeID{2}, &raftpb.Message{To: new(uint64(2)), Snapshot: &raftpb.Snapshot{Metadata: &raftpb.SnapshotMetadata{Index: &at}}})
		if r.snaps.sends != 1 {
			t.Errorf("%d are sent", r.snaps.sends)
		}
	}
	r.fileSent(&link.FileSent{Tag: offer{2, 5}})
	if r.snaps.sends != 0 {
		t.Errorf("%d are sent still", r.snaps.sends)
	}
}
