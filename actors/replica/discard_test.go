package replica

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/link"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/slotmap"
)

// large makes a file of several pieces and returns a handle to look at it by.
func large(t *testing.T, path string) *os.File {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 5*discardPiece+1); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func size(t *testing.T, f *os.File) int64 {
	t.Helper()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestLargeFileGoesPieceByPiece(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	f := large(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	var sizes []int64
	rw := openUnnamed(t, f)
	shrink(rw, func() { sizes = append(sizes, size(t, f)) })
	want := []int64{4*discardPiece + 1, 3*discardPiece + 1, 2*discardPiece + 1, discardPiece + 1, 1}
	if !slices.Equal(sizes, want) {
		t.Errorf("sizes %v, want %v", sizes, want)
	}
}

// openUnnamed opens a file that has no name any more for writing.
func openUnnamed(t *testing.T, f *os.File) vfs.File {
	t.Helper()
	rw, err := vfs.Default.OpenReadWrite(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { rw.Close() })
	return rw
}

func TestDiscardedFileLosesItsNameAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	f := large(t, path)
	discards <- struct{}{} // another one shrinks
	if err := discardFile(vfs.Default, path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !oserror.IsNotExist(err) {
		t.Errorf("the name is there still: %v", err)
	}
	<-discards
	shrunk(t, f)
}

// shrunk waits until a file is as small as it gets.
func shrunk(t *testing.T, f *os.File) {
	t.Helper()
	poll := time.NewTicker(discardPause)
	defer poll.Stop()
	for deadline := time.Now().Add(time.Minute); size(t, f) != 1; <-poll.C {
		if time.Now().After(deadline) {
			t.Fatal("it does not shrink")
		}
	}
}

// A file with another name is not ours alone.
func TestLinkedFileIsNotCutOff(t *testing.T) {
	dir := t.TempDir()
	f := large(t, filepath.Join(dir, "x"))
	if err := os.Link(filepath.Join(dir, "x"), filepath.Join(dir, "y")); err != nil {
		t.Skip(err)
	}
	if err := discardFile(vfs.Default, filepath.Join(dir, "x")); err != nil {
		t.Fatal(err)
	}
	g := large(t, filepath.Join(dir, "z"))
	if err := discardFile(vfs.Default, filepath.Join(dir, "z")); err != nil {
		t.Fatal(err)
	}
	shrunk(t, g)
	rw, err := vfs.Default.OpenReadWrite(filepath.Join(dir, "y"), vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	defer rw.Close()
	shrink(rw, func() { t.Error("cut off") })
	if n := size(t, f); n != 5*discardPiece+1 {
		t.Errorf("%d bytes are left", n)
	}
}

func TestDiscardOfWhatIsNotThere(t *testing.T) {
	if err := discardFile(vfs.Default, filepath.Join(t.TempDir(), "x")); !oserror.IsNotExist(err) {
		t.Error(err)
	}
}

// A file system that cannot cut files off just deletes them.
func TestDiscardInMemory(t *testing.T) {
	fs := vfs.NewMem()
	f, err := fs.Create("x", vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(make([]byte, 2*discardPiece)); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := discardFile(fs, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Stat("x"); !oserror.IsNotExist(err) {
		t.Error(err)
	}
}

// What is being sent to a follower stays whole for who reads it, and a disk that is nearly full gets its room at once.
func TestSentSnapshotIsNotCutOff(t *testing.T) {
	low := false
	dir := t.TempDir()
	r := &replica{cfg: &Config{FS: vfs.Default, SnapshotDir: dir, Shard: 1, Replica: 2, LowSpace: func() bool { return low }}}
	old := SnapName(1, 2, 1, 5)
	remove := func() *os.File {
		f := large(t, filepath.Join(dir, old))
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
	shrunk(t, remove())
	for name, f := range map[string]*os.File{"sent": sent, "on a full disk": full} {
		if n, err := io.Copy(io.Discard, f); err != nil || n != 5*discardPiece+1 {
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
