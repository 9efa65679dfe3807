package gateway

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// What /v1 tells, as this node knows it. page/openapi.json describes the same.

type clusterView struct {
	Cluster    string `json:"cluster"`
	Node       string `json:"node"` // that answers
	Version    string `json:"version"`
	State      string `json:"state"` // ok: every slot has a leader that serves
	SlotsOwned int    `json:"slots_owned"`
	Shards     int    `json:"shards"`
	Nodes      int    `json:"nodes"`
	NodesAlive int    `json:"nodes_alive"`
}

type slotsView struct {
	First  uint16 `json:"first"`
	Last   uint16 `json:"last"`
	Shard  uint32 `json:"shard"`
	Epoch  uint64 `json:"epoch"`
	Leader string `json:"leader"` // node id; "" if none is known
}

type shardView struct {
	ID      uint32       `json:"id"`
	Slots   [][2]uint16  `json:"slots"`
	Term    uint64       `json:"term"`
	Leader  string       `json:"leader"`
	Members []memberView `json:"members"`
}

type memberView struct {
	Replica uint64 `json:"replica"`
	Node    string `json:"node"`
	Learner bool   `json:"learner"`
}

type nodeView struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Zone    string   `json:"zone"`
	Client  string   `json:"client"`
	HTTP    string   `json:"http"`
	Alive   bool     `json:"alive"`
	Gateway bool     `json:"gateway"`
	Leads   []uint32 `json:"leads"`
	Holds   []uint32 `json:"holds"`
}

// replicaView is a replica as its own node sees it.
type replicaView struct {
	Shard    uint32 `json:"shard"`
	Replica  uint64 `json:"replica"`
	Role     string `json:"role"`
	Term     uint64 `json:"term"`
	Last     uint64 `json:"last"`
	Commit   uint64 `json:"commit"`
	Applied  uint64 `json:"applied"`
	Snapshot uint64 `json:"snapshot"`
	Keys     int64  `json:"keys"`
	Bytes    int64  `json:"bytes"`
	Written  uint64 `json:"written"` // operations proposed here, ever
	Read     uint64 `json:"read"`    // operations read here, ever
}

// nodeReplicas is what one node says of its replicas.
type nodeReplicas struct {
	Node     string        `json:"node"`
	Answers  bool          `json:"answers"` // false: it said nothing in time
	Replicas []replicaView `json:"replicas"`
	Counters counters      `json:"counters"`
}

// counters are figures of a node since it started.
type counters struct {
	Syncs       uint64  `json:"syncs"`        // of the log
	SyncSeconds float64 `json:"sync_seconds"` // spent in them
}

func viewCluster(r *session.Routes, version string) clusterView {
	v := clusterView{
		Cluster: r.Cluster.String(), Node: r.Self.ID.String(), Version: version, State: "fail",
		SlotsOwned: r.Map.Owned(), Shards: len(r.Map.Shards()), Nodes: len(r.Nodes), NodesAlive: len(r.Nodes) - len(r.Down),
	}
	if r.Served() {
		v.State = "ok"
	}
	return v
}

func viewSlots(r *session.Routes) []slotsView {
	out := []slotsView{}
	for _, run := range r.Map.Runs() {
		out = append(out, slotsView{run.First, run.Last, uint32(run.Shard), run.Epoch, leaderID(r, run.Shard)})
	}
	return out
}

func leaderID(r *session.Routes, shard slotmap.ShardID) string {
	if n, ok := r.Leader(shard); ok {
		return n.ID.String()
	}
	return ""
}

func viewShards(r *session.Routes) []shardView {
	out := []shardView{}
	for _, sh := range r.Map.Shards() {
		out = append(out, viewShard(r, sh))
	}
	return out
}

func viewShard(r *session.Routes, sh slotmap.Shard) shardView {
	v := shardView{ID: uint32(sh.ID), Slots: [][2]uint16{}, Term: sh.Term, Leader: leaderID(r, sh.ID), Members: []memberView{}}
	for _, run := range r.Map.RunsOf(sh.ID) {
		v.Slots = append(v.Slots, [2]uint16{run.First, run.Last})
	}
	for _, m := range sh.Members {
		v.Members = append(v.Members, memberView{m.Replica, m.Node.String(), m.Learner})
	}
	return v
}

func viewNodes(r *session.Routes) []nodeView {
	out := []nodeView{}
	for _, n := range append(sortedNodes(r), sorted(r.Gateways)...) {
		v := nodeView{
			ID: n.ID.String(), Name: n.Name, Zone: n.Zone, Client: n.Client, HTTP: n.HTTP, Alive: !r.Down[n.ID], Gateway: n.Gateway,
			Leads: []uint32{}, Holds: []uint32{},
		}
		for _, sh := range r.Map.Shards() {
			if leader, ok := r.Leader(sh.ID); ok && leader.ID == n.ID {
				v.Leads = append(v.Leads, uint32(sh.ID))
			}
			if slices.ContainsFunc(sh.Members, func(m slotmap.Member) bool { return m.Node == n.ID }) {
				v.Holds = append(v.Holds, uint32(sh.ID))
			}
		}
		out = append(out, v)
	}
	return out
}

// sortedNodes lists the nodes with data by name.
func sortedNodes(r *session.Routes) []gossip.Node { return sorted(r.Nodes) }

func sorted(nodes map[slotmap.NodeID]gossip.Node) []gossip.Node {
	return slices.SortedFunc(maps.Values(nodes), func(a, b gossip.Node) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), a.ID.Compare(b.ID))
	})
}

// viewStandings is what a node says, nil if it said nothing.
func viewStandings(node slotmap.NodeID, said *wire.Surveyed) nodeReplicas {
	v := nodeReplicas{Node: node.String(), Replicas: []replicaView{}}
	if said == nil {
		return v
	}
	v.Answers, v.Counters = true, counters{said.Syncs, time.Duration(said.SyncTime).Seconds()}
	for _, s := range said.Replicas {
		v.Replicas = append(v.Replicas, replicaView{
			Shard: uint32(s.Shard), Replica: s.Replica, Role: replica.Role(s.Role).String(), Term: s.Term, Last: s.Last, Commit: s.Commit,
			Applied: s.Applied, Snapshot: s.Snapshot, Keys: s.Keys, Bytes: s.Bytes, Written: s.Written, Read: s.Read,
		})
	}
	return v
}
