package session

import (
	"strconv"
	"strings"
	"sync/atomic"
)

// hints are settings by which Redis does what this node does in ways of its own: how lists are compressed, when the
// data is saved. They are kept for those who set and read them, and change nothing that a client can see.
type hints struct {
	compressDepth atomic.Int64 // lists are not compressed
	backlog       atomic.Int64 // followers are fed from the log
	preamble      atomic.Bool  // the log begins with a snapshot whatever is set
	savePoints    atomic.Pointer[string]
}

const defaultBacklog = 1 << 20

func (h *hints) init() {
	h.backlog.Store(defaultBacklog)
	h.preamble.Store(true)
	h.savePoints.Store(new(string))
}

// savePoints are pairs of seconds and changes. Every change is on disk before it is answered, which is sooner.
var savePoints = parameter{
	get: func(s *Server) string { return *s.settings.hints.savePoints.Load() },
	check: func(v string) string {
		words := strings.Fields(v)
		for i, word := range words {
			n, err := strconv.ParseInt(word, 10, 32)
			if err != nil || n < int64(1-i%2) {
				return "Invalid save parameters"
			}
		}
		if len(words)%2 != 0 {
			return "Invalid save parameters"
		}
		return ""
	},
	set: func(s *Server, v string) {
		v = strings.Join(strings.Fields(v), " ")
		s.settings.hints.savePoints.Store(&v)
	},
}
