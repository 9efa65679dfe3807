package replica

import (
	"errors"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/slotmap"
)

// NewGroup writes the first snapshot of a new shard that owns the given slots, with one voter on the
// given node: a group begins at index 1 with a snapshot, so that every later replica begins with one
// as well. The key, which should be secret, seeds the hash of the shard's keys. It returns what the log
// has to create.
func NewGroup(fs vfs.FS, dir string, cluster slotmap.ClusterID, node slotmap.NodeID, shard slotmap.ShardID, slots []slotmap.Run, key [16]byte, now int64) (*raftlog.Create, error) {
	h := SnapHeader{Cluster: cluster, Shard: shard, Index: 1, Term: 1, Now: now, Members: Bootstrap(node)}
	state := keyspace.New(keyspace.Config{Key: key, Slots: slots, MaxValue: maxValue})
	ref, err := writeSnap(fs, dir, 1, h, state)
	if err != nil {
		return nil, err
	}
	return &raftlog.Create{
		Shard: shard, Replica: 1, Snapshot: ref,
		Hard: &raftpb.HardState{Term: new(h.Term), Vote: new(uint64(0)), Commit: new(h.Index)},
	}, nil
}

// writeSnap writes the snapshot of a state that nothing changes meanwhile.
func writeSnap(fs vfs.FS, dir string, replica uint64, h SnapHeader, state *keyspace.State) (raftlog.SnapshotRef, error) {
	name := SnapName(h.Shard, replica, h.Term, h.Index)
	w, err := createSnap(fs, fs.PathJoin(dir, name), h)
	if err != nil {
		return raftlog.SnapshotRef{}, err
	}
	from := state.BeginSnapshot(h.Index)
	for done := false; !done; {
		var block []byte
		if block, done = from.Next(nil, snapBlockSize); len(block) == 0 {
			continue
		}
		if err := w.block(block); err != nil {
			return raftlog.SnapshotRef{}, errors.Join(err, w.abort())
		}
	}
	size, sum, err := w.finish()
	return h.ref(name, size, sum), err
}
