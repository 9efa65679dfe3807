package actors

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/slotmap"

	"github.com/asynkron/protoactor-go/actor"
)

// Files that the log names stay, and everything else of a snapshot's folder goes.
func TestSweepKeepsWhatTheLogNames(t *testing.T) {
	n := &Node{cfg: Config{Data: t.TempDir()}, world: realWorld()}
	for _, dir := range []string{snapshotDir(n.cfg.Data), incomingDir(n.cfg.Data)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	store, err := raftlog.Open(raftlog.Config{Dir: "log", FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler), Fatal: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	n.store = store
	create, err := replica.NewGroup(vfs.Default, snapshotDir(n.cfg.Data), slotmap.ClusterID{1}, slotmap.NodeID{1}, 1, slotmap.Even(1), [16]byte{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	system := actor.NewActorSystem()
	done := make(chan struct{})
	reply := system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		if _, ok := ctx.Message().(*raftlog.Created); ok {
			close(done)
		}
	}))
	create.Reply = reply
	log := system.Root.Spawn(actor.PropsFromProducer(store.Producer(), actor.WithMailbox(mailbox.New())))
	system.Root.Send(log, create)
	<-done

	stale := []string{
		filepath.Join(snapshotDir(n.cfg.Data), replica.SnapName(1, 1, 2, 9)),
		filepath.Join(snapshotDir(n.cfg.Data), replica.SnapName(1, 1, 2, 12)+".tmp"),
		filepath.Join(incomingDir(n.cfg.Data), create.Snapshot.File),
	}
	for _, path := range stale {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n.loaded, err = load(store); err != nil {
		t.Fatal(err)
	}
	if err := n.sweep(); err != nil {
		t.Fatal(err)
	}
	for _, path := range stale {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s stays: %v", path, err)
		}
	}
	if _, err := os.Stat(filepath.Join(snapshotDir(n.cfg.Data), create.Snapshot.File)); err != nil {
		t.Errorf("the snapshot that the log names: %v", err)
	}
	_ = system.Root.StopFuture(log).Wait()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}
