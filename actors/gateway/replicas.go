package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/troupedb/troupe/slotmap"
)

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
