package session

import "github.com/troupedb/troupe/wire/resp"

// forwardsAtFirst is whether a new connection's commands are carried out on other nodes too.
func (s *session) forwardsAtFirst() bool {
	return s.srv.cfg.Forward != nil && (s.srv.cfg.ForwardAll || s.info.inner)
}

// clientRoute chooses what becomes of commands on keys that another node leads: it is asked, or named to the client.
func clientRoute(s *session, args [][]byte) {
	forward := resp.Is(args[2], "forward")
	switch {
	case !forward && !resp.Is(args[2], "moved"):
		s.seg.local.Error(errSyntax)
	case forward && s.srv.cfg.Forward == nil:
		s.seg.local.Error("ERR this node forwards nothing")
	default:
		s.forwards = forward
		s.seg.local.OK()
	}
}
