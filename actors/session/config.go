package session

import (
	"net"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/troupedb/troupe/wire/resp"
)

// parameter is a setting that CONFIG shows. One that cannot be set here has no check.
type parameter struct {
	get   func(s *Server) string
	check func(value string) string // why a value is refused, "" if it is not
	set   func(s *Server, value string)
}

// parameters say what is so: each either does what it says, or is a constant that is true of this
// server. Config.Params adds constants.
var parameters = map[string]parameter{
	"maxclients":    number(1, 1<<31-1, func(s *settings) *atomic.Int64 { return &s.maxclients }),
	"timeout":       number(0, 1<<31-1, func(s *settings) *atomic.Int64 { return &s.timeout }),
	"requirepass":   password,
	"masterauth":    constant(""),
	"save":          constant(""),
	"appendonly":    constant("yes"),
	"appendfsync":   {get: func(s *Server) string { return s.cfg.Fsync }},
	"databases":     constant("1"),
	"maxmemory":     constant("0"),
	"port":          {get: func(s *Server) string { return portOf(s.Addr()) }},
	"bind":          {get: func(s *Server) string { return hostOf(s.Addr()) }},
	"tcp-keepalive": constant("15"),

	"maxmemory-policy":              constant("noeviction"),
	"cluster-enabled":               constant("yes"),
	"cluster-require-full-coverage": constant("no"),
	"cluster-allow-reads-when-down": constant("no"),
	"proto-max-bulk-len":            constant("16777216"),
	"client-query-buffer-limit":     constant("20971520"),
	"min-replicas-to-write":         constant("0"),
	"replica-read-only":             constant("yes"),
	"protected-mode": {
		get:   func(s *Server) string { return yesNo(s.settings.protected.Load()) },
		check: checkYesNo,
		set:   func(s *Server, v string) { s.settings.protected.Store(strings.EqualFold(v, "yes")) },
	},
}

// maxPassword is the most that AUTH can bring.
const maxPassword = 16 << 10

var password = parameter{
	get: func(s *Server) string { return s.settings.password() },
	check: func(v string) string {
		if len(v) > maxPassword {
			return "argument is too long"
		}
		return ""
	},
	set: func(s *Server, v string) { s.settings.pass.Store(&v) },
}

func constant(v string) parameter { return parameter{get: func(*Server) string { return v }} }

func number(least, most int64, field func(*settings) *atomic.Int64) parameter {
	return parameter{
		get: func(s *Server) string { return strconv.FormatInt(field(&s.settings).Load(), 10) },
		check: func(v string) string {
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				return "argument couldn't be parsed into an integer"
			}
			if n < least || n > most {
				return "argument must be between " + strconv.FormatInt(least, 10) + " and " + strconv.FormatInt(most, 10) + " inclusive"
			}
			return ""
		},
		set: func(s *Server, v string) {
			n, _ := strconv.ParseInt(v, 10, 64)
			field(&s.settings).Store(n)
		},
	}
}

func yesNo(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}

func checkYesNo(v string) string {
	if strings.EqualFold(v, "yes") || strings.EqualFold(v, "no") {
		return ""
	}
	return "argument must be 'yes' or 'no'"
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
		return constant(v), true
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
		s.getLimits(args, found, limits)
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
		p, _ := s.srv.parameter(name)
		p.set(s.srv, string(pairs[1]))
	}
	if len(limits) > 1 {
		s.setLimits(args, limits)
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
		default:
			reason = p.check(string(pairs[1]))
		}
		if reason != "" {
			return "ERR CONFIG SET failed (possibly related to argument '" + string(pairs[0]) + "') - " + reason
		}
		seen[name] = true
	}
	return ""
}

func resetStat(s *session, _ [][]byte) {
	s.srv.stats.reset()
	s.seg.local.OK()
}
