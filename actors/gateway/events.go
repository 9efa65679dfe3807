package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
)

// event is a change in the cluster as this node came to know it.
type event struct {
	ID   uint64 `json:"id"`
	At   string `json:"at"` // RFC 3339
	Kind string `json:"kind"`
	Text string `json:"text"`
}

const (
	maxStreams   = 256
	aliveEvery   = 15 * time.Second // between comments on a silent stream
	aliveText    = ": alive\n\n"
	streamStalls = 10 * time.Second // after which a reader who takes nothing is left
)

// events streams what changes, as server-sent events, until the reader leaves or the node stops. Who names the last
// event that it knows begins with those after it, as far as they are kept.
func (h *Handler) events(w http.ResponseWriter, r *http.Request) {
	if headOnly(w, r) {
		return
	}
	if !h.streams.TryAcquire(1, 0) {
		errorOf(lineStreams).write(w)
		return
	}
	defer h.streams.Release(1, 0)
	now := h.chronicle.now.Load()
	last, err := strconv.ParseUint(r.Header.Get("Last-Event-ID"), 10, 64)
	if err != nil {
		last = now.last
	}
	s, alive := openStream(w), time.NewTicker(aliveEvery)
	defer alive.Stop()
	for text := ": what changes\n\n" + eventText(now.after(last)); s.send([]byte(text)) == nil; {
		select {
		case <-r.Context().Done():
			return
		case <-h.drained:
			return
		case <-alive.C:
			text = aliveText
		case <-now.next:
			last, now = now.last, h.chronicle.now.Load()
			text = eventText(now.after(last))
		}
	}
}

// stream writes to a reader who may be slow, for a while.
type stream struct {
	w    http.ResponseWriter
	ctrl *http.ResponseController
}

// openStream begins an answer of server-sent events.
func openStream(w http.ResponseWriter) stream {
	s := stream{w, http.NewResponseController(w)}
	head := w.Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("Cache-Control", "no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	s.ctrl.SetReadDeadline(time.Time{}) // else the server's own would end the stream
	return s
}

// headOnly answers a HEAD of a stream, and reports whether it was one.
func headOnly(w http.ResponseWriter, r *http.Request) bool {
	head := r.Method == http.MethodHead
	if head {
		openStream(w)
		w.WriteHeader(http.StatusOK)
	}
	return head
}

func (s stream) send(text []byte) error {
	if err := s.ctrl.SetWriteDeadline(time.Now().Add(streamStalls)); err != nil {
		return err
	}
	if _, err := s.w.Write(text); err != nil {
		return err
	}
	return s.ctrl.Flush()
}

func eventText(events []event) (text string) {
	for _, e := range events {
		data, _ := json.Marshal(e) // strings and a number
		text += fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", e.ID, e.Kind, data)
	}
	return text
}

// picture is what is known at one moment: routes tell of leaders as they are when they are asked.
type picture struct {
	*session.Routes
	leaders map[slotmap.ShardID]gossip.Node
	broken  map[slotmap.NodeID]bool // links that were told to be broken, and not yet to stand
}

func pictureOf(r *session.Routes) picture {
	p := picture{r, map[slotmap.ShardID]gossip.Node{}, map[slotmap.NodeID]bool{}}
	for _, sh := range r.Map.Shards() {
		if n, ok := r.Leader(sh.ID); ok {
			p.leaders[sh.ID] = n
		}
	}
	return p
}

// differences tells in words what changed between two pictures of the cluster. Until the map is whole here, what comes
// in is what was before this node came, and no news. It fills in what links now is told to be broken.
func differences(old, now picture) (out []event) {
	tell := func(kind, format string, v ...any) {
		out = append(out, event{Kind: kind, Text: fmt.Sprintf(format, v...)})
	}
	if old.Map.Owned() < slotmap.Count {
		return nil
	}
	for _, n := range sortedNodes(now.Routes) {
		differencesAt(old, now, n, tell)
	}
	for _, n := range sortedNodes(old.Routes) {
		if _, left := now.Nodes[n.ID]; !left {
			tell("node", "%s is gone", label(n))
		}
	}
	for _, sh := range now.Map.Shards() {
		differencesOf(old, now, sh, tell)
	}
	return out
}

// differencesAt tells what became of a node that is there. One that joins or is back is alive by gossip before the first
// link to it is made: that this stands then is no news.
func differencesAt(old, now picture, n gossip.Node, tell func(kind, format string, v ...any)) {
	_, known := old.Nodes[n.ID]
	down, was := now.Down[n.ID], old.Down[n.ID]
	cut, wasCut := now.Unlinked[n.ID], old.Unlinked[n.ID]
	switch {
	case !known:
		tell("node", "%s joins", label(n))
	case down && !was:
		tell("node", "%s is lost", label(n))
	case was && !down:
		tell("node", "%s is back", label(n))
	case cut && !wasCut:
		now.broken[n.ID] = true
		tell("link", "the link to %s is broken", label(n))
	case cut:
		now.broken[n.ID] = old.broken[n.ID]
	case old.broken[n.ID]:
		tell("link", "the link to %s stands", label(n))
	}
}

// differencesOf tells what changed in one shard.
func differencesOf(old, now picture, sh slotmap.Shard, tell func(kind, format string, v ...any)) {
	was, led := old.leaders[sh.ID]
	switch is, leads := now.leaders[sh.ID]; {
	case !leads && led:
		tell("leader", "shard %d has no leader", sh.ID)
	case leads && (!led || is.ID != was.ID):
		tell("leader", "%s leads shard %d", label(is), sh.ID)
	}
	before, _ := old.Map.Shard(sh.ID)
	for _, m := range sh.Members {
		switch b, member := before.Member(m.Replica); {
		case !member && m.Learner:
			tell("member", "shard %d is copied to %s", sh.ID, nameOf(now.Routes, m.Node))
		case !m.Learner && (!member || b.Learner):
			tell("member", "%s votes in shard %d", nameOf(now.Routes, m.Node), sh.ID)
		}
	}
	for _, m := range before.Members {
		if _, member := sh.Member(m.Replica); !member {
			tell("member", "%s holds shard %d no more", nameOf(now.Routes, m.Node), sh.ID)
		}
	}
	if a, b := slotsOf(old.Routes, sh.ID), slotsOf(now.Routes, sh.ID); a != b {
		tell("slots", "shard %d has %d slots, after %d", sh.ID, b, a)
	}
}

func slotsOf(r *session.Routes, id slotmap.ShardID) (n int) {
	for _, run := range r.Map.RunsOf(id) {
		n += run.Len()
	}
	return n
}

func nameOf(r *session.Routes, id slotmap.NodeID) string {
	if n, ok := r.Nodes[id]; ok {
		return label(n)
	}
	return id.String()
}
