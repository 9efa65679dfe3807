package gateway

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/troupedb/troupe/slotmap"
)

// operators answers /v1.
func (h *Handler) operators(w http.ResponseWriter, r *http.Request) {
	if bad := h.admit(r, r.URL.Query().Get("_token")); bad != nil {
		bad.write(w)
		return
	}
	routes := h.cfg.Routes()
	switch path := strings.TrimPrefix(r.URL.Path, "/v1/"); path {
	case "cluster":
		writeJSON(w, viewCluster(routes, h.cfg.Version))
	case "slots":
		writeJSON(w, viewSlots(routes))
	case "nodes":
		writeJSON(w, viewNodes(routes))
	case "shards":
		writeJSON(w, viewShards(routes))
	case "replicas":
		h.replicas(w, r)
	case "events":
		h.events(w, r)
	case "grafana.json":
		write(w, http.StatusOK, grafana)
	case "openapi.json":
		write(w, http.StatusOK, openAPI)
	default:
		h.shard(w, path)
	}
}

// shard answers shards/7.
func (h *Handler) shard(w http.ResponseWriter, path string) {
	number, ok := strings.CutPrefix(path, "shards/")
	id, err := strconv.ParseUint(number, 10, 32)
	routes := h.cfg.Routes()
	sh, known := routes.Map.Shard(slotmap.ShardID(id))
	if !ok || err != nil || !known {
		fail(w, http.StatusNotFound, "ERR there is no such thing here; see /v1/openapi.json")
		return
	}
	writeJSON(w, viewShard(routes, sh))
}

func writeJSON(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		fail(w, http.StatusInternalServerError, "ERR "+err.Error())
		return
	}
	write(w, http.StatusOK, body)
}
