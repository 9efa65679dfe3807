package gateway

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/rest"
)

// redirect is where a request prefers to be sent, "" if it is to be served here: by its header, or because its
// commands are not all about keys that one other node leads.
func (h *Handler) redirect(r *http.Request, q *request) string {
	if !prefersRedirect(r) {
		return ""
	}
	routes, owner := h.cfg.Routes(), gossip.Node{}
	for i, cmd := range q.cmds {
		leader, ok := leaderOf(routes, cmd)
		if !ok || i > 0 && leader.ID != owner.ID {
			return ""
		}
		owner = leader
	}
	if owner.ID == routes.Self.ID || owner.HTTP == "" {
		return ""
	}
	return "http://" + owner.HTTP + r.URL.RequestURI()
}

func prefersRedirect(r *http.Request) bool {
	for _, line := range r.Header.Values("Prefer") {
		for pref := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(pref), "redirect") {
				return true
			}
		}
	}
	return false
}

func leaderOf(routes *session.Routes, cmd rest.Command) (gossip.Node, bool) {
	slot, ok := slotOf(cmd)
	if !ok {
		return gossip.Node{}, false
	}
	shard, _ := routes.Map.Owner(slot)
	return routes.Leader(shard)
}

// slotOf is the slot of a command's first key, if it has one.
func slotOf(cmd rest.Command) (uint16, bool) {
	c := lookup(cmd)
	if c == nil {
		return 0, false
	}
	keys, err := c.Keys(cmd)
	if err != nil || len(keys) == 0 {
		return 0, false
	}
	return slotmap.Slot(cmd[keys[0]]), true
}

// tellWhere says in headers which node was asked, and for a single key where it is as far as is known before.
func (h *Handler) tellWhere(w http.ResponseWriter, q *request) {
	routes, head := h.cfg.Routes(), w.Header()
	head.Set("Troupe-Node", label(routes.Self))
	slot, ok := slotOf(q.cmds[0])
	if q.form != single || !ok {
		return
	}
	shard, _ := routes.Map.Owner(slot)
	head.Set("Troupe-Slot", strconv.Itoa(int(slot)))
	head.Set("Troupe-Shard", strconv.FormatUint(uint64(shard), 10))
	if leader, ok := routes.Leader(shard); ok {
		head.Set("Troupe-Leader", label(leader))
	}
}

// label is a node's name for people.
func label(n gossip.Node) string {
	if n.Name != "" {
		return n.Name
	}
	return n.ID.String()
}
