package session

import (
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/troupedb/troupe/actors/pubsub"
	"github.com/troupedb/troupe/wire/resp"
)

const errClientName = "ERR Client names cannot contain spaces, newlines or special characters."

// maxAttribute bounds a name that a client gives itself or its library, in bytes.
const maxAttribute = 512

// validAttribute reports whether a value can stand in a line of CLIENT LIST.
func validAttribute(v []byte) bool {
	for _, c := range v {
		if c < '!' || c > '~' {
			return false
		}
	}
	return len(v) <= maxAttribute
}

func clientID(s *session, _ [][]byte) { s.seg.local.Int(int64(s.info.id)) }

func clientGetName(s *session, _ [][]byte) {
	if name := s.info.name.Load(); name != nil {
		s.seg.local.BulkString(*name)
	} else {
		s.seg.local.Null()
	}
}

func clientSetName(s *session, args [][]byte) {
	if !validAttribute(args[2]) {
		s.seg.local.Error(errClientName)
		return
	}
	s.setName(args[2])
	s.seg.local.OK()
}

// setName gives the connection a name; an empty one takes it away.
func (s *session) setName(name []byte) { s.info.name.Store(attribute(name)) }

func attribute(v []byte) *string {
	if len(v) == 0 {
		return nil
	}
	text := string(v)
	return &text
}

func clientSetInfo(s *session, args [][]byte) {
	dst := &s.info.libName
	switch {
	case resp.Is(args[2], "lib-name"):
	case resp.Is(args[2], "lib-ver"):
		dst = &s.info.libVer
	default:
		s.seg.local.Error("ERR Unrecognized option '" + string(args[2]) + "'")
		return
	}
	if !validAttribute(args[3]) {
		s.seg.local.Error("ERR " + string(args[2]) + " cannot contain spaces, newlines or special characters.")
		return
	}
	dst.Store(attribute(args[3]))
	s.seg.local.OK()
}

func clientInfo(s *session, _ [][]byte) {
	s.info.proto.Store(int32(s.proto))
	s.info.queued.Store(s.tx.count())
	s.showInput()
	s.seg.local.Verbatim("txt", s.info.describe(s.srv.now.Load())+"\n")
	s.info.input.Store(0)
}

// showInput notes how large the command is that asks for it. Of other clients nothing is received that is not
// taken at once.
func (s *session) showInput() {
	if s.at < s.cur.n {
		s.info.input.Store(int64(s.cur.cmds[s.at].Size))
	}
}

func clientNoEvict(s *session, args [][]byte) { s.switchFlag(flagNoEvict, args[2]) }
func clientNoTouch(s *session, args [][]byte) { s.switchFlag(flagNoTouch, args[2]) }

// switchFlag keeps what the client asked for. Nothing here evicts clients, so that promise holds by itself.
func (s *session) switchFlag(bit uint32, arg []byte) {
	on := resp.Is(arg, "on")
	if !on && !resp.Is(arg, "off") {
		s.seg.local.Error(errSyntax)
		return
	}
	s.info.setFlag(bit, on)
	s.seg.local.OK()
}

func clientReply(s *session, args [][]byte) {
	switch {
	case resp.Is(args[2], "on"):
		s.silent, s.skip = false, skipNone
		s.seg.local.OK()
	case resp.Is(args[2], "off"):
		s.silent = true
	case resp.Is(args[2], "skip"):
		if !s.silent {
			s.skip = skipNext
		}
	default:
		s.seg.local.Error(errSyntax)
	}
}

// describe is the line of CLIENT LIST.
func (c *client) describe(now int64) string {
	seconds := func(since int64) string { return strconv.FormatInt(max(0, now-since)/1000, 10) }
	fields := [...]string{
		"id=" + c.idText, "addr=" + c.addr, "laddr=" + c.laddr, "fd=-1", "name=" + text(c.name.Load()),
		"age=" + seconds(c.created), "idle=" + seconds(c.active.Load()), "flags=" + c.flagLetters(),
		"db=0", "sub=" + subText(c, pubsub.Channel), "psub=" + subText(c, pubsub.Pattern),
		"ssub=" + subText(c, pubsub.Shard), "multi=" + strconv.Itoa(int(c.queued.Load())),
		"qbuf=" + bytesText(&c.input), "qbuf-free=0", "argv-mem=0", "multi-mem=0", "rbs=0", "rbp=0", "obl=0", "oll=0",
		"omem=" + bytesText(&c.backlog.bytes), "tot-mem=" + strconv.FormatInt(c.memory(), 10), "events=r",
		"cmd=" + c.lastCommand(), "user=" + defaultUser, "redir=-1", "resp=" + strconv.Itoa(int(c.proto.Load())),
		"lib-name=" + text(c.libName.Load()), "lib-ver=" + text(c.libVer.Load()),
	}
	return strings.Join(fields[:], " ")
}

// memory is what is kept for the client, in bytes: what is under way to it, and its subscriptions.
func (c *client) memory() int64 { return c.backlog.bytes.Load() + c.subBytes.Load() }

func subText(c *client, kind pubsub.Kind) string { return strconv.Itoa(int(c.subs[kind].Load())) }

func bytesText(n *atomic.Int64) string { return strconv.FormatInt(n.Load(), 10) }

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func (c *client) lastCommand() string {
	if cmd := c.last.Load(); cmd != nil {
		return cmd.FullName()
	}
	return "NULL"
}

func (c *client) flagLetters() string {
	var b []byte
	flags := c.flags.Load()
	for _, f := range [...]struct {
		on     bool
		letter byte
	}{
		{c.queued.Load() >= 0, 'x'}, {c.blocked.Load(), 'b'}, {flags&flagReadonly != 0, 'r'},
		{flags&flagMonitor != 0, 'O'}, {c.subscriptions() > 0, 'P'}, {flags&flagNoEvict != 0, 'e'}, {flags&flagNoTouch != 0, 'T'},
	} {
		if f.on {
			b = append(b, f.letter)
		}
	}
	if len(b) == 0 {
		return "N"
	}
	return string(b)
}
