package keyspace

import (
	"math"

	"github.com/troupedb/troupe/actors/keyspace/rdb"
	"github.com/troupedb/troupe/wire/resp"
)

// A payload is made, and a compressed one unpacked, in one piece, in the turn in which all commands wait. Both are
// bounded by what a string may have: what takes more memory than largestDumped times that is not dumped, which even
// where members are of a byte each is more than RESTORE takes; what is compressed comes to no more than
// largestUnpacked times that.
const (
	largestDumped   = 16
	largestUnpacked = 4
)

const errLargePayload = "ERR the value is too large for a payload that RESTORE would take"

// dumpable reports whether a payload may be made of a value.
func (s *State) dumpable(e *entry) bool { return e.size() <= largestDumped*int64(s.maxValue) }

// dump is DUMP key.
func dump(s *State, c *call) {
	e := s.read(c.Args[1])
	switch {
	case e == nil:
		c.W.Null()
		return
	case !s.dumpable(e):
		c.W.Error(errLargePayload)
		return
	}
	c.W.Bulk(rdb.Seal(s.appendRDB(nil, e)))
}

// restoreKey is RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ n].
func restoreKey(s *State, c *call) {
	var o restoreOptions
	if !o.parse(c, c.Args[4:]) {
		return
	}
	p := s.write(c.Args[1])
	if p.e != nil && !o.replace {
		c.W.Error("BUSYKEY Target key name already exists.")
		return
	}
	at, ok := o.deadline(c, c.Args[2])
	if !ok {
		return
	}
	payload, ok := rdb.Open(c.Args[3])
	if !ok {
		c.W.Error("ERR DUMP payload version or checksum are wrong")
		return
	}
	v, ok := s.readRDB(payload)
	if !ok {
		c.W.Error("ERR Bad data format")
		return
	}
	s.putRestored(c, &p, v, at, &o)
	c.W.OK()
}

// putRestored makes a key hold v, unless the time at is over.
func (s *State) putRestored(c *call, p *place, v value, at int64, o *restoreOptions) {
	if at == 0 || at > c.now {
		s.setValue(p, v, at)
		s.usage.setUse(p.e, o.idle, o.frequency)
		s.notify(EventGeneric, "restore", p.e.name())
		return
	}
	if p.e != nil {
		s.removeBy(p.e)
	}
}

// restoreOptions are the options of RESTORE.
type restoreOptions struct {
	replace, absolute bool
	idle, frequency   int64 // seconds, and a counter of uses; -1: not given
}

// parse reads options; it is false, and has answered, if they are wrong.
func (o *restoreOptions) parse(c *call, args [][]byte) (ok bool) {
	o.idle, o.frequency = -1, -1
	for ; len(args) > 0; args = args[1:] {
		switch a := args[0]; {
		case resp.Is(a, "replace"):
			o.replace = true
		case resp.Is(a, "absttl"):
			o.absolute = true
		case resp.Is(a, "idletime") && len(args) > 1 && o.frequency < 0:
			if o.idle, ok = c.usage(args[1], math.MaxInt64, "ERR Invalid IDLETIME value, must be >= 0"); !ok {
				return false
			}
			args = args[1:]
		case resp.Is(a, "freq") && len(args) > 1 && o.idle < 0:
			if o.frequency, ok = c.usage(args[1], math.MaxUint8, "ERR Invalid FREQ value, must be >= 0 and <= 255"); !ok {
				return false
			}
			args = args[1:]
		default:
			c.W.Error(errSyntax)
			return false
		}
	}
	return true
}

// usage reads a number between 0 and most, or answers what is wrong with it.
func (c *call) usage(arg []byte, most int64, text string) (n int64, ok bool) {
	n, ok = c.int(arg)
	if ok && (n < 0 || n > most) {
		c.W.Error(text)
		return 0, false
	}
	return n, ok
}

// deadline reads the time to live, or answers what is wrong with it. At 0 the key stays.
func (o *restoreOptions) deadline(c *call, arg []byte) (at int64, ok bool) {
	if at, ok = c.int(arg); !ok {
		return 0, false
	}
	if at > 0 && !o.absolute {
		at += c.now // below 0 if that is too far away
	}
	if at < 0 {
		c.W.Error("ERR Invalid TTL value, must be >= 0")
	}
	return at, at >= 0
}
