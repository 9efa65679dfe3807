package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/gossip"
)

// nodeReplicas is what one node says of its replicas.
type nodeReplicas struct {
	Node     string        `json:"node"`
	Answers  bool          `json:"answers"` // false: it said nothing in time
	Replicas []replicaView `json:"replicas"`
	Counters Counters      `json:"counters"`
}

// peerTime bounds the wait for another node, and maxPeerAnswer what it may say.
const (
	peerTime      = 400 * time.Millisecond
	maxPeerAnswer = 1 << 20
)

// replicas answers what all nodes say of their replicas. They are asked with the token of whoever asks; with
// ?scope=node only this node speaks.
func (h *Handler) replicas(w http.ResponseWriter, r *http.Request) {
	routes := h.cfg.Routes()
	own := nodeReplicas{Node: routes.Self.ID.String(), Answers: true, Replicas: viewReplicas(routes)}
	if h.cfg.Counters != nil {
		own.Counters = h.cfg.Counters()
	}
	all := []nodeReplicas{own}
	if r.URL.Query().Get("scope") != "node" {
		all = append(all, h.ofPeers(r, routes)...)
	}
	writeJSON(w, all)
}

func (h *Handler) ofPeers(r *http.Request, routes *session.Routes) []nodeReplicas {
	var peers []gossip.Node
	for _, n := range sortedNodes(routes) {
		if n.ID != routes.Self.ID && n.HTTP != "" && !routes.Down[n.ID] {
			peers = append(peers, n)
		}
	}
	out := make([]nodeReplicas, len(peers))
	var all sync.WaitGroup
	for i, n := range peers {
		all.Go(func() {
			var err error
			if out[i], err = h.askPeer(r, n); err != nil {
				out[i] = nodeReplicas{Node: n.ID.String(), Replicas: []replicaView{}}
			}
		})
	}
	all.Wait()
	return out
}

func onLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}

func (h *Handler) askPeer(r *http.Request, n gossip.Node) (nodeReplicas, error) {
	ctx, cancel := context.WithTimeout(r.Context(), peerTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.HTTP+"/v1/replicas?scope=node", nil)
	if err != nil {
		return nodeReplicas{}, err
	}
	// HTTP is in plain text: to another machine no password goes along, and the node there may refuse to answer.
	if token := r.Header.Get("Authorization"); token != "" && onLoopback(n.HTTP) {
		req.Header.Set("Authorization", token)
	}
	resp, err := h.peers.Do(req)
	if err != nil {
		return nodeReplicas{}, err
	}
	defer resp.Body.Close()
	var said []nodeReplicas
	err = json.NewDecoder(io.LimitReader(resp.Body, maxPeerAnswer)).Decode(&said)
	if err != nil || len(said) != 1 || said[0].Node != n.ID.String() {
		return nodeReplicas{}, errors.Join(err, errors.New("not what was asked for"))
	}
	return said[0], nil
}
