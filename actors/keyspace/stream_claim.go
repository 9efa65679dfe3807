package keyspace

import (
	"math"

	"github.com/troupedb/troupe/wire/resp"
)

// claim is how a consumer takes over what is pending.
type claim struct {
	idle    int64 // ms that it must be pending at least
	at      int64 // ms, when it was delivered then
	retries int64 // how often; negative: once more
	force   bool  // also what is not pending
	justID  bool
	last    streamID // the group got all up to here
	ids     []streamID
}

// parse reads the arguments of XCLAIM from the least idle time on; ok is false,
// and it has answered, if they are wrong.
func (o *claim) parse(c *call) (ok bool) {
	if o.idle, ok = c.intOr(c.Args[4], math.MinInt64, math.MaxInt64, "ERR Invalid min-idle-time argument for XCLAIM"); !ok {
		return false
	}
	args := c.Args[5:]
	for len(args) > 0 {
		id, ok := parseID(args[0], 0)
		if !ok {
			break
		}
		o.ids, args = append(o.ids, id), args[1:]
	}
	o.at, o.retries = -1, -1
	for len(args) > 0 {
		took, ok := o.option(c, args)
		if !ok {
			return false
		}
		args = args[took:]
	}
	if o.at < 0 || o.at > c.Env.Now {
		o.at = c.Env.Now
	}
	return true
}

// option reads one option of XCLAIM and returns how many arguments that took.
func (o *claim) option(c *call, args [][]byte) (took int, ok bool) {
	switch name, more := args[0], len(args)-1; {
	case resp.Is(name, "force"):
		o.force = true
		return 1, true
	case resp.Is(name, "justid"):
		o.justID = true
		return 1, true
	case resp.Is(name, "idle") && more > 0:
		if o.at, ok = c.intOr(args[1], math.MinInt64, math.MaxInt64, "ERR Invalid IDLE option argument for XCLAIM"); ok {
			o.at = c.Env.Now - o.at
		}
	case resp.Is(name, "time") && more > 0:
		o.at, ok = c.intOr(args[1], math.MinInt64, math.MaxInt64, "ERR Invalid TIME option argument for XCLAIM")
	case resp.Is(name, "retrycount") && more > 0:
		o.retries, ok = c.intOr(args[1], math.MinInt64, math.MaxInt64, "ERR Invalid RETRYCOUNT option argument for XCLAIM")
	case resp.Is(name, "lastid") && more > 0:
		o.last, ok = c.strictID(args[1])
	default:
		c.W.Error("ERR Unrecognized XCLAIM option '" + preview(name, maxPreview) + "'")
	}
	return 2, ok
}

// groupToChange finds a group for a command that changes it. ok is false, and it
// has answered, if there is none.
func (s *State) groupToChange(c *call) (p place, st *streamObject, g *streamGroup, ok bool) {
	p, st, ok = s.streamToChange(c, c.Args[1])
	if !ok {
		return p, nil, nil, false
	}
	if g = st.group(c.Args[2]); g == nil {
		c.noGroup(c.Args[1], c.Args[2], "")
		return p, nil, nil, false
	}
	return p, st, g, true
}

// xclaim is XCLAIM key group consumer min-idle id [id …] [IDLE ms] [TIME ms]
// [RETRYCOUNT n] [FORCE] [JUSTID] [LASTID id].
func xclaim(s *State, c *call) {
	p, _, g, ok := s.groupToChange(c)
	if !ok {
		return
	}
	var o claim
	if !o.parse(c) {
		return
	}
	e, st, before := s.upsertStream(&p)
	if g.last.less(o.last) {
		g.last = o.last
		st.keep(g)
	}
	k := s.consumerFor(c, e, st, g, c.Args[3])
	var got []streamID
	for _, id := range o.ids {
		was := st.delivered(g, id)
		switch {
		case !st.has(id):
			if was != nil {
				st.acknowledge(was)
			}
		case was == nil && o.force, was != nil && o.due(c, was):
			o.take(c, st, k, id, was)
			got = append(got, id)
		}
	}
	st.keepConsumer(k)
	s.resized(e, before)
	o.answer(c, st, got)
}

// due tells whether what is pending is so for long enough.
func (o *claim) due(c *call, d *delivery) bool { return o.idle <= 0 || c.Env.Now-d.at >= o.idle }

// take gives an entry to a consumer; was is what was pending of it, or nil.
func (o *claim) take(c *call, st *streamObject, k *streamConsumer, id streamID, was *delivery) {
	d := delivery{k.group, id, k.number, o.at, 1}
	if was != nil {
		d.count = was.count
	}
	switch {
	case o.retries >= 0:
		d.count = o.retries
	case !o.justID && d.count < math.MaxInt64:
		d.count++
	}
	st.deliver(&d, was)
	k.active = c.Env.Now
}

// answer answers what was taken over.
func (o *claim) answer(c *call, st *streamObject, got []streamID) {
	c.W.Array(len(got))
	reader := streamReader{st: st}
	for _, id := range got {
		if o.justID {
			c.id(id)
		} else {
			reader.entryAt(c, id)
		}
	}
}

// What XAUTOCLAIM takes over unless told otherwise, and how many more it looks at.
const (
	defaultClaim = 100
	claimEffort  = 10
)

// xautoclaim is XAUTOCLAIM key group consumer min-idle start [COUNT n] [JUSTID].
func xautoclaim(s *State, c *call) {
	o := claim{at: c.Env.Now, retries: -1}
	start, count, ok := o.parseAuto(c)
	if !ok {
		return
	}
	p, _, g, ok := s.groupToChange(c)
	if !ok {
		return
	}
	e, st, before := s.upsertStream(&p)
	k := s.consumerFor(c, e, st, g, c.Args[3])
	got, gone, next := o.run(c, st, k, start, count)
	st.keepConsumer(k)
	s.resized(e, before)
	c.W.Array(3)
	c.id(next)
	o.answer(c, st, got)
	c.W.Array(len(gone))
	for _, id := range gone {
		c.id(id)
	}
}

// parseAuto reads the arguments of XAUTOCLAIM from the least idle time on; ok is
// false, and it has answered, if they are wrong.
func (o *claim) parseAuto(c *call) (start streamID, count int64, ok bool) {
	count = defaultClaim
	if o.idle, ok = c.intOr(c.Args[4], math.MinInt64, math.MaxInt64, "ERR Invalid min-idle-time argument for XAUTOCLAIM"); !ok {
		return start, 0, false
	}
	if start, ok = c.rangeStart(c.Args[5]); !ok {
		return start, 0, false
	}
	for args := c.Args[6:]; len(args) > 0; args = args[1:] {
		switch {
		case resp.Is(args[0], "justid"):
			o.justID = true
		case resp.Is(args[0], "count") && len(args) > 1:
			if count, ok = c.intOr(args[1], 1, math.MaxInt64/idSize, "ERR COUNT must be > 0"); !ok {
				return start, 0, false
			}
			args = args[1:]
		default:
			c.W.Error(errSyntax)
			return start, 0, false
		}
	}
	return start, count, true
}

// run takes over what is pending from an id on, forgets what is no longer there,
// and returns both, and the id to go on with.
func (o *claim) run(c *call, st *streamObject, k *streamConsumer, start streamID, count int64) (got, gone []streamID, next streamID) {
	prefix := appendNumber(nil, k.group)
	pos, end := between(&st.pending, prefix, idRange{start, lastStreamID})
	for effort := count * claimEffort; effort > 0 && count > 0 && pos < end; effort-- {
		d := readDelivery(st.pending.At(pos))
		switch {
		case !st.has(d.id):
			st.acknowledge(&d)
			gone = append(gone, d.id)
			end--
			count--
		case !o.due(c, &d):
			pos++
		default:
			o.take(c, st, k, d.id, &d)
			got = append(got, d.id)
			pos++
			count--
		}
	}
	if pos < end {
		next = readDelivery(st.pending.At(pos)).id
	}
	return got, gone, next
}
