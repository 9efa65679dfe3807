package replica

import (
	"bytes"
	"fmt"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/raftlog"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// SnapCheck reads the file of a snapshot as it arrives, all of it: whether a state machine can be restored from
// it, and whether it is the snapshot that was announced. A file that passed can be named in the log. It belongs to
// one goroutine, which need not be that of a replica.
type SnapCheck struct {
	cluster slotmap.ClusterID
	header  *wire.Snapshot
	file    *snapParser
	state   *keyspace.Checker
}

// NewSnapCheck begins the check of a file for the given cluster.
func NewSnapCheck(cluster slotmap.ClusterID, h *wire.Snapshot) *SnapCheck {
	state := keyspace.NewChecker()
	return &SnapCheck{cluster: cluster, header: h, file: newSnapParser(state.Add), state: state}
}

// Write implements io.Writer. The error wraps ErrSnapshot, of this package or of keyspace.
func (c *SnapCheck) Write(b []byte) (int, error) { return c.file.Write(b) }

// Finish gives the verdict once the file has ended. The error is as for Write.
func (c *SnapCheck) Finish() error {
	if err := c.file.finish(); err != nil {
		return err
	}
	if err := c.state.Finish(); err != nil {
		return err
	}
	h := &c.file.header
	meta := c.header.Message.GetSnapshot().GetMetadata()
	if err := h.names(c.cluster, c.header.Shard, raftlog.Position{Index: meta.GetIndex(), Term: meta.GetTerm()}, c.state.Index()); err != nil {
		return err
	}
	return h.announced(c.header)
}

// names tells whether the file is the snapshot of a shard at a position; state is the index that the part of the
// state machine says.
func (h *SnapHeader) names(cluster slotmap.ClusterID, shard slotmap.ShardID, at raftlog.Position, state uint64) error {
	have := raftlog.Position{Index: h.Index, Term: h.Term}
	if h.Cluster != cluster || h.Shard != shard || have != at || state != h.Index {
		return fmt.Errorf("%w: it is of cluster %v, shard %d at %v and %d, where cluster %v, shard %d at %v belongs",
			ErrSnapshot, h.Cluster, h.Shard, have, state, cluster, shard, at)
	}
	return nil
}

// announced tells whether the membership in the file is the one that came with it.
func (h *SnapHeader) announced(s *wire.Snapshot) error {
	conf := s.Message.GetSnapshot().GetMetadata().GetConfState()
	meta, err := decodeSnapMeta(s.Meta, conf)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	same := bytes.Equal(meta.Members.AppendMsgpack(nil), h.Members.AppendMsgpack(nil))
	if err := conf.Equivalent(h.Members.Conf); err != nil || !same {
		return fmt.Errorf("%w: its members are not those that were announced", ErrSnapshot)
	}
	return nil
}
