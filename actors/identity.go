package actors

import (
	"crypto/rand"
	"fmt"

	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/slotmap"
)

// Keys of the log's meta records.
const (
	metaNode    = "node"    // this node's id
	metaCluster = "cluster" // the cluster it belongs to
	metaPending = "pending" // id of a cluster whose first shards are being created
	metaPeers   = "peers"   // nodes of the cluster as last seen
	metaLost    = "lost"    // dead nodes that are members of a shard still
)

// identity is what a data directory says about its node.
type identity struct {
	node    slotmap.NodeID
	cluster slotmap.ClusterID // zero: not in a cluster yet
	founds  slotmap.ClusterID // id of the cluster that this node would start
}

// loadIdentity reads the node's id and cluster, and gives a new data directory an id. It is called before
// the log's actor runs.
func loadIdentity(log *raftlog.Log) (identity, error) {
	var id identity
	if b, ok := log.Meta(metaNode); ok {
		if len(b) != len(id.node) {
			return id, fmt.Errorf("%w: node id of %d bytes", raftlog.ErrCorrupt, len(b))
		}
		id.node = slotmap.NodeID(b)
	} else {
		rand.Read(id.node[:])
		if err := log.SetMetaNow(metaNode, id.node[:]); err != nil {
			return id, err
		}
	}
	if b, ok := log.Meta(metaCluster); ok {
		if len(b) != len(id.cluster) {
			return id, fmt.Errorf("%w: cluster id of %d bytes", raftlog.ErrCorrupt, len(b))
		}
		id.cluster = slotmap.ClusterID(b)
		return id, nil
	}
	var err error
	id.founds, err = pendingCluster(log)
	return id, err
}

func randomKey() (key [16]byte) {
	rand.Read(key[:])
	return key
}

// pendingCluster is the id of the cluster that a node without one would start: fixed before the first
// attempt, so that one that was cut short is taken up again.
func pendingCluster(log *raftlog.Log) (slotmap.ClusterID, error) {
	var id slotmap.ClusterID
	if b, ok := log.Meta(metaPending); ok && len(b) == len(id) {
		return slotmap.ClusterID(b), nil
	}
	rand.Read(id[:])
	return id, log.SetMetaNow(metaPending, id[:])
}
