package actors

import (
	"crypto/rand"
	"fmt"

	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
)

// Keys of the log's meta records.
const (
	metaNode     = "node"     // this node's id
	metaCluster  = "cluster"  // the cluster it belongs to
	metaFounding = "founding" // the cluster that it began to start
	metaPeers    = "peers"    // nodes of the cluster as last seen
	metaLost     = "lost"     // dead nodes that are members of a shard still
)

// identity is what a data directory says about its node.
type identity struct {
	node    slotmap.NodeID
	cluster slotmap.ClusterID // zero: not in a cluster yet
	begun   *founding         // not nil: a start of a cluster that was cut short
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
	if b, ok := log.Meta(metaFounding); ok {
		id.begun, err = decodeFounding(b)
	}
	return id, err
}

func randomKey() (key [16]byte) {
	rand.Read(key[:])
	return key
}

// founding is a new cluster of which this node makes all shards. It is on disk before the first of them, so that
// a start that was cut short is finished as it was begun.
type founding struct {
	cluster slotmap.ClusterID
	shards  int
}

func newFounding(shards int) *founding {
	f := &founding{shards: shards}
	rand.Read(f.cluster[:])
	return f
}

func (f *founding) appendMsgpack(dst []byte) []byte {
	dst = pack.AppendArray(dst, 2)
	dst = pack.AppendBytes(dst, f.cluster[:])
	return pack.AppendUint(dst, uint64(f.shards))
}

func decodeFounding(b []byte) (*founding, error) {
	r := pack.NewReader(b)
	fields, cluster, shards := r.ArrayLen(2), r.Bytes(len(slotmap.ClusterID{})), r.UintMax(slotmap.Count)
	if err := r.Finish(); err != nil || fields != 2 || len(cluster) != len(slotmap.ClusterID{}) || shards == 0 {
		return nil, fmt.Errorf("%w: the cluster that was to be started", raftlog.ErrCorrupt)
	}
	return &founding{slotmap.ClusterID(cluster), int(shards)}, nil
}
