package session

import (
	"fmt"
	"strings"

	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
)

// clusterShards lists one entry a Raft group: its slots, and its voters with the leader as master.
func clusterShards(s *session, _ [][]byte) {
	w := &s.seg.local
	shards := s.routes.Map.Shards()
	w.Array(len(shards))
	for _, sh := range shards {
		w.Map(2)
		w.BulkString("slots")
		runs := s.routes.Map.RunsOf(sh.ID)
		w.Array(2 * len(runs))
		for _, r := range runs {
			w.Int(int64(r.First))
			w.Int(int64(r.Last))
		}
		s.writeShardNodes(sh)
	}
}

func (s *session) writeShardNodes(sh slotmap.Shard) {
	leader, _ := s.routes.Leader(sh.ID)
	var nodes []gossip.Node
	for _, m := range sh.Members {
		if n, ok := s.routes.Nodes[m.Node]; ok && n.Client != "" && !m.Learner {
			nodes = append(nodes, n)
		}
	}
	w := &s.seg.local
	w.BulkString("nodes")
	w.Array(len(nodes))
	for _, n := range nodes {
		role := "replica"
		if n.ID == leader.ID {
			role = "master"
		}
		s.writeShardNode(sh.ID, n, role)
	}
}

func (s *session) writeShardNode(id slotmap.ShardID, n gossip.Node, role string) {
	w := &s.seg.local
	ip, port := endpoint(n)
	health := "online"
	if s.routes.Down[n.ID] {
		health = "fail"
	}
	offset := uint64(0)
	if h := s.routes.Handles[id]; h != nil { // as far as is known here, no replica is ahead of this
		offset = h.Gauges.Commit.Load()
	}
	w.Map(7)
	w.BulkString("id")
	w.BulkString(n.ID.String())
	w.BulkString("port")
	w.Int(int64(port))
	for _, f := range [...][2]string{{"ip", ip}, {"endpoint", ip}, {"role", role}} {
		w.BulkString(f[0])
		w.BulkString(f[1])
	}
	w.BulkString("replication-offset")
	w.Int(int64(offset))
	w.BulkString("health")
	w.BulkString(health)
}

func clusterInfo(s *session, _ [][]byte) {
	s.seg.local.Verbatim("txt", clusterInfoText(s.routes))
}

func clusterInfoText(r *Routes) string {
	owned, ready := r.Map.Owned(), r.slotsReady()
	state := "fail"
	if owned == slotmap.Count && ready == slotmap.Count {
		state = "ok"
	}
	epoch := uint64(0)
	masters := map[slotmap.NodeID]bool{}
	for _, run := range r.Map.Runs() {
		epoch = max(epoch, run.Epoch)
		if n, ok := r.Leader(run.Shard); ok {
			masters[n.ID] = true
		}
	}
	var b strings.Builder
	for _, f := range [...]struct {
		name  string
		value any
	}{
		{"cluster_state", state}, {"cluster_slots_assigned", owned}, {"cluster_slots_ok", ready},
		{"cluster_slots_pfail", 0}, {"cluster_slots_fail", owned - ready}, {"cluster_known_nodes", len(r.Nodes)},
		{"cluster_size", len(masters)}, {"cluster_current_epoch", epoch}, {"cluster_my_epoch", r.epochOf(r.Self.ID)},
	} {
		fmt.Fprintf(&b, "%s:%v\r\n", f.name, f.value)
	}
	return b.String()
}
