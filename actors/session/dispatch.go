package session

import (
	"strings"
	"time"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// newVerb joins a command of the table with what carries it out here.
func newVerb(cmd *keyspace.Command) *verb {
	name, _, _ := strings.Cut(cmd.FullName(), "|")
	return &verb{cmd: cmd, name: []byte(name), own: ownCommands[cmd.FullName()]}
}

// route routes commands until the pipeline is done or one has to wait for answers, and sends each
// shard its batch.
func (s *session) route() {
	s.resetSegment()
	s.spent = 0
	ops := s.pace.limit()
	for s.at < s.cur.n && !s.seg.stop && !s.closing && ops > 0 {
		cmd := &s.cur.cmds[s.at]
		if s.seg.bytes > 0 && s.seg.bytes+cmd.Size > maxSegmentBytes {
			break
		}
		if s.seg.bytes+cmd.Size > longBytes {
			aside(s.info.conn)
		}
		if !s.dispatch(cmd) {
			break
		}
		s.at++
		ops--
		s.advanceSkip()
	}
	if s.closing {
		s.at = s.cur.n
	}
	s.send()
}

// advanceSkip moves CLIENT REPLY SKIP on to the next command.
func (s *session) advanceSkip() {
	switch s.skip {
	case skipNext:
		s.skip = skipThis
	case skipThis:
		s.skip = skipNone
	}
}

// dispatch carries out or routes one command. It reports false when the command must wait for the
// answers to those before it; nothing has been done then.
func (s *session) dispatch(cmd *resp.Command) bool {
	v, err := s.resolve(cmd.Args)
	if err != nil {
		s.tx.fail()
		s.reject(v, err.Error())
		return true
	}
	s.info.last.Store(v.cmd)
	switch {
	case s.listensOnly(v):
		s.reject(v, lineListensOnly(v.cmd.FullName()))
		return true
	case s.authed && s.pauses(v):
		return false
	case !s.authed && v.cmd.Flags&keyspace.FlagNoAuth == 0:
		s.tx.fail()
		s.reject(v, "NOAUTH Authentication required.")
		return true
	case s.lacksMemory(v, cmd.Args):
		s.tx.fail()
		s.reject(v, keyspace.NoMemory)
		return true
	case s.tx.open && !steersTransaction[v.cmd.Name]:
		s.enqueue(v, cmd)
		return true
	case v.cmd.Where() == keyspace.Shard:
		waits := v.cmd.Waits(cmd.Args)
		if waits && alone(s) {
			return false
		}
		s.routeOp(v, cmd, waits)
		return true
	case v.own.run == nil:
		s.reject(v, keyspace.Unknown(cmd.Args).Error())
		return true
	case v.own.sees != nil && v.own.sees(s):
		return false
	}
	s.runOwn(v, cmd.Args)
	return true
}

// resolve finds the command that args name. With an error the verb may still be known.
func (s *session) resolve(args [][]byte) (*verb, error) {
	c := keyspace.Lookup(args[0])
	if c != nil && len(c.Subs) > 0 && len(args) > 1 {
		c = keyspace.LookupSub(c, args[1])
	}
	if c == nil {
		return nil, keyspace.Unknown(args)
	}
	return s.srv.stats.verb(c), c.CheckArity(args)
}

// runOwn carries out a command of the session. The reply goes to seg.local, unless the command noted a
// place of its own.
func (s *session) runOwn(v *verb, args [][]byte) {
	from, places := s.seg.local.Len(), len(s.seg.places)
	begin := time.Now()
	v.own.run(s, args)
	if len(s.seg.places) == places {
		s.here(from)
	}
	p := &s.seg.places[len(s.seg.places)-1]
	p.verb, p.args, p.began, p.took = v, args, begin, time.Since(begin)
	if s.spent += p.took; s.spent > longTurn {
		s.spent = 0
		aside(s.info.conn)
	}
}

// routeOp puts an operation on a shard's data into the batch for that shard. One that may wait is alone in its
// segment.
func (s *session) routeOp(v *verb, cmd *resp.Command, waits bool) {
	at, err := s.slotOf(v.cmd, cmd.Args)
	if err != nil {
		s.reject(v, err.Error())
		return
	}
	slot := at.slot
	if !at.known {
		slot = s.ledSlot()
	}
	p, line := s.partFor(slot)
	if p == nil {
		s.reject(v, line)
		return
	}
	s.seg.bytes += cmd.Size
	if waits {
		p.waits, s.seg.stop = true, true
		p.ops = keyspace.AppendWait(p.ops, slot, s.lowered(v, cmd.Args))
	} else {
		p.ops = keyspace.AppendOp(p.ops, slot, s.lowered(v, cmd.Args))
	}
	s.seg.places = append(s.seg.places, place{
		part: p, op: p.note(slot, waits || v.cmd.Write()), verb: v, args: cmd.Args, silent: s.isSilent(),
	})
}

// slotOf is the slot of a command's keys, which must be the same for all of them. It is not known where the
// keys cannot be told from the arguments; the shard that gets the command says what is wrong with it.
func (s *session) slotOf(c *keyspace.Command, args [][]byte) (at oneSlot, err error) {
	keys, err := c.AppendKeys(s.keys[:0], args)
	s.keys = keys
	if err != nil {
		return at, nil
	}
	for _, k := range keys {
		slot := slotmap.Slot(args[k])
		if !at.admit(slot) {
			return at, errCrossSlot
		}
		at.set(slot)
	}
	return at, nil
}

// ledSlot is a slot of some shard that is led here, if there is one.
func (s *session) ledSlot() uint16 {
	if led := s.routes.Led(); len(led) > 0 {
		return s.anySlot(led[0].Shard)
	}
	return 0
}

const errCrossSlot = keyspace.CommandError("CROSSSLOT Keys in request don't hash to the same slot")

// lowered gives the arguments with the command's name in lower case, until it is called again.
func (s *session) lowered(v *verb, args [][]byte) [][]byte {
	s.named = append(append(s.named[:0], v.name), args[1:]...)
	return s.named
}
