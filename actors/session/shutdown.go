package session

import (
	"github.com/troupedb/troupe/wire/resp"
)

// shutdownOptions are those of SHUTDOWN that make a difference here: everything answered is on disk, and a node never
// stays for what is in the way of its end.
type shutdownOptions struct{ now, abort bool }

func parseShutdown(args [][]byte) (o shutdownOptions, ok bool) {
	var save, noSave bool
	for _, a := range args[1:] {
		switch {
		case resp.Is(a, "nosave"):
			noSave = true
		case resp.Is(a, "save"):
			save = true
		case resp.Is(a, "now"):
			o.now = true
		case resp.Is(a, "force"):
		case resp.Is(a, "abort"):
			o.abort = true
		default:
			return o, false
		}
	}
	return o, !(save && noSave) && !(o.abort && len(args) > 2)
}

// shutdown ends the node. The client has no answer but the end of its connection; nothing behind it is done.
func shutdown(s *session, args [][]byte) {
	o, ok := parseShutdown(args)
	switch {
	case !ok:
		s.seg.local.Error(errSyntax)
	case s.srv.cfg.Shutdown == nil || s.info.inner:
		s.seg.local.Error("ERR SHUTDOWN is not for this connection: stop the process by a signal")
	case o.abort: // leaderships that were handed over do not come back
		s.seg.local.Error("ERR No shutdown in progress.")
	default:
		s.srv.log.Info("SHUTDOWN", "client", s.info.id, "addr", s.info.addr)
		s.join(noReply{})
		s.seg.stop = true
		s.seg.outstanding++
		s.info.blocked.Store(true)
		s.srv.cfg.Shutdown(o.now)
	}
}

// noReply is the place of a command that is not answered.
type noReply struct{}

func (noReply) join(*session, *resp.Writer) {}
