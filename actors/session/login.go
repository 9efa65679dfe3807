package session

import (
	"strconv"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/pubsub"
	"github.com/troupedb/troupe/wire/resp"
)

const errWrongPass = "WRONGPASS invalid username-password pair or user is disabled."

func auth(s *session, args [][]byte) {
	w := &s.seg.local
	if len(args) > 3 {
		w.Error(errSyntax)
		return
	}
	user, password := []byte(defaultUser), args[1]
	if len(args) == 3 {
		user, password = args[1], args[2]
	} else if s.srv.settings.password() == "" {
		w.Error("ERR AUTH <password> called without any password configured for the default user. " +
			"Are you sure your configuration is correct?")
		return
	}
	if s.login(user, password) {
		w.OK()
	} else {
		w.Error(errWrongPass)
	}
}

func (s *session) login(user, password []byte) bool {
	if !s.srv.settings.authentic(user, password) {
		s.srv.stats.authFailures.Add(1)
		return false
	}
	s.setAuthed(true)
	return true
}

// greeting is what HELLO asks for.
type greeting struct {
	proto          int
	user, password []byte
	name           []byte
	named          bool
}

// parse returns an error line, or "".
func (g *greeting) parse(args [][]byte) string {
	if len(args) == 0 {
		return ""
	}
	proto, err := strconv.ParseInt(string(args[0]), 10, 64)
	if err != nil {
		return "ERR Protocol version is not an integer or out of range"
	}
	if proto < 2 || proto > 3 {
		return "NOPROTO unsupported protocol version"
	}
	g.proto = int(proto)
	for args = args[1:]; len(args) > 0; {
		switch {
		case resp.Is(args[0], "auth") && len(args) >= 3:
			g.user, g.password, args = args[1], args[2], args[3:]
		case resp.Is(args[0], "setname") && len(args) >= 2:
			if !validAttribute(args[1]) {
				return errClientName
			}
			g.name, g.named, args = args[1], true, args[2:]
		default:
			return "ERR Syntax error in HELLO option '" + string(args[0]) + "'"
		}
	}
	return ""
}

func hello(s *session, args [][]byte) {
	w := &s.seg.local
	var g greeting
	if line := g.parse(args[1:]); line != "" {
		w.Error(line)
		return
	}
	if g.user != nil && !s.login(g.user, g.password) {
		w.Error(errWrongPass)
		return
	}
	if !s.authed {
		w.Error("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> " +
			"AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time")
		return
	}
	if g.named {
		s.setName(g.name)
	}
	if g.proto != 0 {
		s.proto = g.proto
		w.SetProto(g.proto)
	}
	s.writeHello()
}

func (s *session) writeHello() {
	w := &s.seg.local
	w.Map(7)
	for _, f := range [...][2]string{{"server", "redis"}, {"version", RedisVersion}} {
		w.BulkString(f[0])
		w.BulkString(f[1])
	}
	w.BulkString("proto")
	w.Int(int64(s.proto))
	w.BulkString("id")
	w.Int(int64(s.info.id))
	for _, f := range [...][2]string{{"mode", "cluster"}, {"role", "master"}} {
		w.BulkString(f[0])
		w.BulkString(f[1])
	}
	w.BulkString("modules")
	w.Array(0)
}

// reset makes the connection as good as new.
func reset(s *session, _ [][]byte) {
	w := &s.seg.local
	s.endTransaction()
	s.once, s.forwards = nil, s.forwardsAtFirst()
	s.readonly, s.silent, s.skip, s.proto = false, false, skipNone, 2
	s.info.flags.Store(0)
	s.srv.monitors.remove(s.info)
	s.info.name.Store(nil)
	s.setAuthed(s.srv.settings.password() == "")
	w.SetProto(2)
	if s.info.subscriptions() == 0 {
		w.Simple("RESET")
		return
	}
	s.join(resetJoin{})
	s.seg.stop = true
	s.askBroker(&pubsub.Forget{Client: s.sub, Done: func() { s.answer(func() {}) }})
}

// verbOf is the record of the command that args name.
func (s *session) verbOf(args [][]byte) *verb { return s.srv.stats.verb(keyspace.Lookup(args[0])) }
