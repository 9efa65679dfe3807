package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/actors/timing"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

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
	Syncs  times `json:"syncs"`  // of the log
	Reads  times `json:"reads"`  // what clients of the node sent in one go, without writes
	Writes times `json:"writes"` // and with
}

// times are durations that were counted.
type times struct {
	Count   uint64       `json:"count"`
	Seconds float64      `json:"seconds"` // of all together
	Below   [][2]float64 `json:"below"`   // a bound in seconds, and how many were no longer
}

// peerTime bounds the wait for what other nodes say.
const peerTime = 400 * time.Millisecond

// replicas answers what all nodes say of their replicas, this one first.
func (h *Handler) replicas(w http.ResponseWriter, r *http.Request) {
	routes := h.cfg.Routes()
	others := []slotmap.NodeID{}
	for _, n := range sortedNodes(routes) {
		if n.ID != routes.Self.ID {
			others = append(others, n.ID)
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), peerTime)
	defer cancel()
	said, err := h.cfg.Survey.Others(ctx, others)
	if err != nil {
		errorOf("BUSY " + err.Error()).write(w)
		return
	}
	all := []nodeReplicas{viewStandings(routes.Self.ID, h.cfg.Survey.Own())}
	for _, id := range others {
		all = append(all, viewStandings(id, said[id]))
	}
	writeJSON(w, all)
}

// viewStandings is what a node says, nil if it said nothing.
func viewStandings(node slotmap.NodeID, said *wire.Surveyed) nodeReplicas {
	none := times{Below: [][2]float64{}}
	v := nodeReplicas{Node: node.String(), Replicas: []replicaView{}, Counters: counters{none, none, none}}
	if said == nil {
		return v
	}
	v.Answers, v.Counters = true, counters{viewTimes(said.Syncs), viewTimes(said.Reads), viewTimes(said.Writes)}
	for _, s := range said.Replicas {
		v.Replicas = append(v.Replicas, replicaView{
			Shard: uint32(s.Shard), Replica: s.Replica, Role: replica.Role(s.Role).String(), Term: s.Term, Last: s.Last, Commit: s.Commit,
			Applied: s.Applied, Snapshot: s.Snapshot, Keys: s.Keys, Bytes: s.Bytes, Written: s.Written, Read: s.Read,
		})
	}
	return v
}

// viewTimes is what was counted, with the bounds that all nodes of this version have.
func viewTimes(t wire.Times) times {
	v := times{Seconds: time.Duration(t.Sum).Seconds(), Below: [][2]float64{}}
	for i, n := range t.Below {
		if i < len(timing.Bounds) {
			v.Below = append(v.Below, [2]float64{timing.Bounds[i].Seconds(), float64(n)})
		}
		v.Count = n
	}
	return v
}
