package session

import (
	"math"
	"strconv"
	"time"

	"github.com/troupedb/troupe/wire/resp"
)

// debugCommand serves tests of clients, where the node was started with leave to.
func debugCommand(s *session, args [][]byte) {
	w := &s.seg.local
	switch {
	case !s.srv.cfg.Debug:
		w.Error("ERR DEBUG command not allowed. Start the node with --enable-debug-command to allow it.")
	case resp.Is(args[1], "sleep") && len(args) == 3:
		debugSleep(s, args[2])
	case resp.Is(args[1], "error") && len(args) == 3:
		w.Error(string(args[2]))
	case resp.Is(args[1], "log") && len(args) == 3:
		s.srv.log.Info("DEBUG LOG", "text", string(args[2]))
		w.OK()
	case resp.Is(args[1], "protocol") && len(args) == 3:
		debugProtocol(s, args[2])
	case debugData(s, args):
	default:
		w.Error("ERR unknown subcommand or wrong number of arguments for '" + string(args[1]) + "'. Try DEBUG HELP.")
	}
}

// slept tells a session that its DEBUG SLEEP is over.
type slept struct{}

// sleepJoin answers a DEBUG SLEEP, which counts as a command that took so long.
type sleepJoin struct{}

func (sleepJoin) join(_ *session, w *resp.Writer) { w.OK() }

// debugSleep holds up this client. The others are served meanwhile.
func debugSleep(s *session, arg []byte) {
	seconds, err := strconv.ParseFloat(string(arg), 64)
	if err != nil || !(seconds >= 0 && seconds <= math.MaxInt32) {
		s.seg.local.Error("ERR value is not a valid float")
		return
	}
	s.join(sleepJoin{})
	s.seg.stop = true
	s.seg.outstanding++
	root, self := s.root, s.pid
	time.AfterFunc(time.Duration(seconds*float64(time.Second)), func() { root.Send(self, slept{}) })
}

func (s *session) slept() {
	if s.cur == nil || s.seg.outstanding == 0 {
		return
	}
	if n := len(s.seg.places); n > 0 {
		p := &s.seg.places[n-1]
		p.took = time.Since(p.began)
	}
	s.seg.outstanding--
	s.proceed()
}

// debugProtocol answers an example of a kind of reply.
func debugProtocol(s *session, kind []byte) {
	w := &s.seg.local
	switch {
	case resp.Is(kind, "string"):
		w.BulkString("Hello World")
	case resp.Is(kind, "integer"):
		w.Int(12345)
	case resp.Is(kind, "double"):
		w.Double(3.141)
	case resp.Is(kind, "null"):
		w.Null()
	case resp.Is(kind, "array"):
		w.Array(3)
		writeThree(w)
	case resp.Is(kind, "set"):
		w.Set(3)
		writeThree(w)
	case resp.Is(kind, "map"):
		w.Map(3)
		for i := range 3 {
			w.Int(int64(i))
			w.Bool(i == 1)
		}
	case resp.Is(kind, "true"), resp.Is(kind, "false"):
		w.Bool(resp.Is(kind, "true"))
	case resp.Is(kind, "bignum"):
		w.BigNumber("1234567999999999999999999999999999999")
	case resp.Is(kind, "attrib"):
		if s.proto == 3 {
			w.Attribute(1)
			w.BulkString("key-popularity")
			w.Array(2)
			w.BulkString("key:123")
			w.Int(90)
		}
		w.BulkString("Some real reply following the attribute")
	case resp.Is(kind, "verbatim"):
		w.Verbatim("txt", "This is a verbatim\nstring")
	default:
		w.Error("ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|verbatim|true|false")
	}
}

func writeThree(w *resp.Writer) {
	for i := range 3 {
		w.Int(int64(i))
	}
}
