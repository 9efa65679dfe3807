package gateway

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/actors/timing"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
	"github.com/troupedb/troupe/wire/rest"
)

// Sessions is what carries commands out; *session.Server is.
type Sessions interface {
	Dial() (net.Conn, error)
	Authentic(password []byte) bool
	HasPassword() bool
	Protected() bool
}

// Config is what a Handler works with.
type Config struct {
	Sessions Sessions
	Routes   func() *session.Routes // any goroutine; never nil
	Version  string
	Survey   Survey
}

// Survey is who knows how the replicas of all nodes stand; *survey.Survey is. Any goroutine.
type Survey interface {
	Own() *wire.Surveyed
	// Others returns what those nodes say who answer before the context is over.
	Others(context.Context, []slotmap.NodeID) (map[slotmap.NodeID]*wire.Surveyed, error)
}

// Handler answers HTTP requests.
type Handler struct {
	cfg    Config
	limits rest.Limits
	calls  *caller
	memory *mailbox.Budget // bytes that requests and their answers hold
	gate   *gate

	answered, refused timing.Histogram

	chronicle *chronicle
	streams   *mailbox.Budget
	drained   chan struct{} // closed: streams end, and nothing is asked again
	drain     func()
}

// Bounds.
const (
	maxBody    = 28 << 20 // a command of the largest size, with what JSON adds to most
	maxMemory  = 512 << 20
	maxReplies = 64 << 20
	sureAnswer = 64 << 10 // that a request has room for before it is carried out: no small answer fails for want of it
)

// New makes a handler; Close ends its sessions.
func New(cfg Config) *Handler {
	g, drained := newGate(), make(chan struct{})
	return &Handler{
		cfg: cfg, limits: rest.DefaultLimits(), calls: newCaller(cfg.Sessions.Dial, cap(g.turns), drained),
		memory: mailbox.NewBudget(1, maxMemory), gate: g, chronicle: newChronicle(cfg.Routes),
		streams: mailbox.NewBudget(maxStreams, 1), drained: drained, drain: sync.OnceFunc(func() { close(drained) }),
	}
}

// Drain ends the streams, and has requests answered that wait to be carried out: as what they are, not done.
func (h *Handler) Drain() { h.drain() }

// Close ends the sessions that wait for requests, and the looking for events. Requests may still come, and end theirs.
func (h *Handler) Close() {
	h.calls.close()
	h.chronicle.close()
}

// ServeHTTP answers one request. Paths are taken as they are, for keys may look like anything.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sees := r.Method == http.MethodGet || r.Method == http.MethodHead
	if !sees && r.Method != http.MethodPost && r.Method != http.MethodPut {
		w.Header().Set("Allow", "GET, HEAD, POST, PUT")
		fail(w, http.StatusMethodNotAllowed, "ERR the method is GET, HEAD, POST or PUT")
		return
	}
	if a, ok := assets[r.URL.Path]; ok && sees {
		a.write(w)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/v1/") {
		h.operators(w, r)
		return
	}
	h.command(w, r)
}

// command carries out what a request asks of the store.
func (h *Handler) command(w http.ResponseWriter, r *http.Request) {
	if begin := time.Now(); h.gate.turnsAway(r.Context(), visitorOf(r.Context())) {
		h.refuse(w, r, begin)
		return
	}
	held := &hold{budget: h.memory}
	defer held.release()
	q, bad := h.read(r, held)
	if bad != nil {
		bad.write(w)
		return
	}
	if to := h.redirect(r, q); to != "" {
		w.Header().Set("Preference-Applied", "redirect")
		w.Header().Set("Location", to)
		write(w, http.StatusTemporaryRedirect, nil)
		return
	}
	if q.form == follow {
		h.follow(w, r, q)
		return
	}
	h.answer(w, r, q)
}
