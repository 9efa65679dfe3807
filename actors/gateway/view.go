package gateway

import (
	"cmp"
	"maps"
	"slices"

	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
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
	Linked  bool     `json:"linked"` // to the node that answers
	Gateway bool     `json:"gateway"`
	Says    []string `json:"says"` // of itself: conditions
	Leads   []uint32 `json:"leads"`
	Holds   []uint32 `json:"holds"`
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
			Linked: !r.Down[n.ID] && !r.Unlinked[n.ID], Says: conditionsOf(n), Leads: []uint32{}, Holds: []uint32{},
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

// conditionsOf are what a node tells of itself that keeps it from its full part.
func conditionsOf(n gossip.Node) []string {
	says := []string{}
	for _, c := range [...]struct {
		is   bool
		what string
	}{{n.Recovering, "loading"}, {n.LowSpace, "low space"}, {n.WrongClock, "wrong clock"}, {n.Leaving, "leaving"}} {
		if c.is {
			says = append(says, c.what)
		}
	}
	return says
}

// sortedNodes lists the nodes with data by name.
func sortedNodes(r *session.Routes) []gossip.Node { return sorted(r.Nodes) }

func sorted(nodes map[slotmap.NodeID]gossip.Node) []gossip.Node {
	return slices.SortedFunc(maps.Values(nodes), func(a, b gossip.Node) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), a.ID.Compare(b.ID))
	})
}
