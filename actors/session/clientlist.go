package session

import (
	"strconv"
	"strings"

	"github.com/troupedb/troupe/wire/resp"
)

func clientList(s *session, args [][]byte) {
	var keep func(*client) bool
	switch {
	case len(args) == 2:
		keep = func(*client) bool { return true }
	case len(args) == 4 && resp.Is(args[2], "type"):
		class, line := clientType(args[3])
		if line != "" {
			s.seg.local.Error(line)
			return
		}
		keep = func(c *client) bool { return c.class() == class }
	case len(args) > 3 && resp.Is(args[2], "id"):
		ids := map[uint64]bool{}
		for _, a := range args[3:] {
			id, err := strconv.ParseInt(string(a), 10, 64)
			if err != nil {
				s.seg.local.Error("ERR Invalid client ID")
				return
			}
			ids[uint64(id)] = true
		}
		keep = func(c *client) bool { return ids[c.id] }
	default:
		s.seg.local.Error(errSyntax)
		return
	}
	s.showInput()
	s.seg.local.Verbatim("txt", s.srv.describeClients(keep))
	s.info.input.Store(0)
}

// clientType reads a type of clients. None here is a replica or a master.
func clientType(arg []byte) (class outputClass, line string) {
	if class = classOf(string(arg)); class < classes {
		return class, ""
	}
	if resp.Is(arg, "master") {
		return classReplica, ""
	}
	return class, "ERR Unknown client type '" + string(arg) + "'"
}

func (s *Server) describeClients(keep func(*client) bool) string {
	var b strings.Builder
	now := s.now.Load()
	for _, c := range s.clients.all() {
		if keep(c) {
			b.WriteString(c.describe(now))
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// killFilter is which connections CLIENT KILL means.
type killFilter struct {
	id          uint64
	addr, laddr string
	class       outputClass
	ofClass     bool
	skipMe      bool
}

// parse reads pairs of option and value, and returns an error line, or "".
func (f *killFilter) parse(args [][]byte) string {
	if len(args)%2 != 0 {
		return errSyntax
	}
	f.skipMe = true
	for ; len(args) > 0; args = args[2:] {
		if line := f.option(args[0], args[1]); line != "" {
			return line
		}
	}
	return ""
}

func (f *killFilter) option(name, value []byte) string {
	switch {
	case resp.Is(name, "id"):
		id, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || id < 1 {
			return "ERR client-id should be greater than 0"
		}
		f.id = uint64(id)
	case resp.Is(name, "addr"):
		f.addr = string(value)
	case resp.Is(name, "laddr"):
		f.laddr = string(value)
	case resp.Is(name, "type"):
		class, line := clientType(value)
		f.class, f.ofClass = class, true
		return line
	case resp.Is(name, "user"):
		if string(value) != defaultUser {
			return "ERR No such user '" + string(value) + "'"
		}
	case resp.Is(name, "skipme") && resp.Is(value, "yes"):
		f.skipMe = true
	case resp.Is(name, "skipme") && resp.Is(value, "no"):
		f.skipMe = false
	default:
		return errSyntax
	}
	return ""
}

func (f *killFilter) matches(c *client) bool {
	return (!f.ofClass || f.class == c.class()) && (f.id == 0 || f.id == c.id) && (f.addr == "" || f.addr == c.addr) && (f.laddr == "" || f.laddr == c.laddr)
}

func clientKill(s *session, args [][]byte) {
	w := &s.seg.local
	if len(args) == 3 {
		if s.kill(&killFilter{addr: string(args[2])}) == 0 {
			w.Error("ERR No such client")
		} else {
			w.OK()
		}
		return
	}
	var f killFilter
	if line := f.parse(args[2:]); line != "" {
		w.Error(line)
		return
	}
	w.Int(int64(s.kill(&f)))
}

// kill breaks the connections that match and returns their number. This one is closed after its reply.
func (s *session) kill(f *killFilter) (n int) {
	for _, c := range s.srv.clients.all() {
		switch {
		case !f.matches(c), c == s.info && f.skipMe:
			continue
		case c == s.info:
			s.closing = true
		default:
			c.kill()
		}
		n++
	}
	return n
}
