package session

import (
	"net"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/troupedb/troupe/wire/resp"
)

// parameter is a setting that CONFIG shows. One that cannot be set has no check, one with a single value no set.
type parameter struct {
	get    func(s *Server) string
	check  func(value string) string // why another value than the present one is refused, "" if it is not
	set    func(s *Server, value string)
	hidden bool // CONFIG GET shows it to those who name it in full
}

func hostOf(a net.Addr) string {
	host, _, _ := net.SplitHostPort(a.String())
	return host
}

func portOf(a net.Addr) string {
	_, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return "0"
	}
	return port
}

// parameter finds a parameter by its name in lower case.
func (s *Server) parameter(name string) (parameter, bool) {
	if v, ok := s.cfg.Params[name]; ok {
		return immutable(v), true
	}
	if p, ok := parameters[name]; ok {
		return p, true
	}
	return limitParameter(name)
}

// parameterNames lists all parameters by name.
func (s *Server) parameterNames() []string {
	var names []string
	for name := range parameters {
		names = append(names, name)
	}
	for name := range s.cfg.Params {
		if _, twice := parameters[name]; !twice {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func configGet(s *session, args [][]byte) {
	var found []string
	for _, name := range s.srv.parameterNames() {
		if asked(args[2:], name) {
			found = append(found, name)
		}
	}
	if limits := askedLimits(args[2:]); len(limits) > 0 {
		s.getLimits(found, limits)
		return
	}
	s.seg.local.Map(len(found))
	s.writeParameters(&s.seg.local, found)
}

// writeParameters writes parameters of the node with their values.
func (s *session) writeParameters(w *resp.Writer, names []string) {
	for _, name := range names {
		p, _ := s.srv.parameter(name)
		w.BulkString(name)
		w.BulkString(p.get(s.srv))
	}
}

// asked tells whether one of the patterns matches a name.
func asked(patterns [][]byte, name string) bool {
	if parameters[name].hidden {
		return slices.ContainsFunc(patterns, func(pattern []byte) bool { return resp.Is(pattern, name) })
	}
	return slices.ContainsFunc(patterns, func(pattern []byte) bool { return matches(pattern, name) })
}

func matches(pattern []byte, name string) bool {
	ok, err := path.Match(strings.ToLower(string(pattern)), name)
	return ok && err == nil
}

// configSet changes all of the parameters or none.
func configSet(s *session, args [][]byte) {
	pairs := args[2:]
	if len(pairs)%2 != 0 {
		s.seg.local.Error(errSyntax)
		return
	}
	if line := s.srv.checkSettings(pairs); line != "" {
		s.seg.local.Error(line)
		return
	}
	limits := [][]byte{[]byte("setlimit")}
	for ; len(pairs) > 0; pairs = pairs[2:] {
		name := strings.ToLower(string(pairs[0]))
		if limit := limitOf(name); limit != "" {
			limits = append(limits, []byte(limit), pairs[1])
			continue
		}
		if p, _ := s.srv.parameter(name); p.set != nil {
			p.set(s.srv, string(pairs[1]))
		}
	}
	if len(limits) > 1 {
		s.setLimits(limits)
		return
	}
	s.seg.local.OK()
}

// checkSettings returns the error line for pairs of name and value, or "".
func (s *Server) checkSettings(pairs [][]byte) string {
	seen := map[string]bool{}
	for ; len(pairs) > 0; pairs = pairs[2:] {
		name := strings.ToLower(string(pairs[0]))
		p, ok := s.parameter(name)
		if !ok {
			return "ERR Unknown option or number of arguments for CONFIG SET - '" + string(pairs[0]) + "'"
		}
		reason := ""
		switch {
		case p.check == nil:
			reason = "can't set immutable config"
		case seen[name]:
			reason = "duplicate parameter"
		case p.get == nil || p.get(s) != string(pairs[1]):
			reason = p.check(string(pairs[1]))
		}
		if reason != "" {
			return "ERR CONFIG SET failed (possibly related to argument '" + string(pairs[0]) + "') - " + reason
		}
		seen[name] = true
	}
	return ""
}

// rewriteConfig refuses: a node is started with flags, and there is no file.
func rewriteConfig(s *session, _ [][]byte) {
	s.seg.local.Error("ERR The server is running without a config file")
}

func resetStat(s *session, _ [][]byte) {
	s.srv.stats.reset()
	for _, h := range s.routes.Handles {
		g := h.Gauges
		for _, n := range []*atomic.Uint64{&g.Expired, &g.Evicted, &g.Freed, &g.Hits, &g.Misses} {
			n.Store(0)
		}
	}
	s.seg.local.OK()
}
