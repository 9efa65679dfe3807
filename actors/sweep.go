package actors

import (
	"fmt"
	"path/filepath"

	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/slotmap"
)

// load reads what the log holds of every shard.
func load(log *raftlog.Log) (map[slotmap.ShardID]raftlog.State, error) {
	out := map[slotmap.ShardID]raftlog.State{}
	for _, shard := range log.Shards() {
		st, err := log.Load(shard)
		if err != nil {
			return nil, fmt.Errorf("shard %d: %w", shard, err)
		}
		out[shard] = st
	}
	return out, nil
}

// sweep deletes what a crash left behind: snapshot files that the log does not name, and received files
// that were never installed. It is called before anything runs.
func (n *Node) sweep() error {
	named := map[string]bool{}
	for _, st := range n.loaded {
		named[st.Snapshot.File] = true
	}
	for _, dir := range []string{snapshotDir(n.cfg.Data), incomingDir(n.cfg.Data)} {
		names, err := n.world.FS.List(dir)
		if err != nil {
			return err
		}
		for _, name := range names {
			if named[name] && dir == snapshotDir(n.cfg.Data) {
				continue
			}
			if err := n.world.FS.Remove(n.world.FS.PathJoin(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Folders of a data directory. The log has one of its own.
func snapshotDir(data string) string { return filepath.Join(data, "snapshots") }
func incomingDir(data string) string { return filepath.Join(data, "incoming") }
func logDir(data string) string      { return filepath.Join(data, "log") }
