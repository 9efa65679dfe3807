package keyspace

import (
	"math"
	"slices"
	"strconv"

	"github.com/troupedb/troupe/wire/pack"
)

// limit is a size at which a collection changes its encoding, or another number
// of Redis's configuration that replies depend on. Limits are replicated: only
// the log changes them. Only append to this list: it is in snapshots.
type limit uint8

const (
	hashMaxEntries limit = iota
	hashMaxValue
	setMaxIntset
	setMaxEntries
	setMaxValue
	zsetMaxEntries
	zsetMaxValue
	listMaxSize // elements if positive, else a class of bytes
	streamMaxBytes
	streamMaxEntries
	hllMaxSparse
	activeExpire // 0: expired keys stay until a command meets them, for tests
	limitCount
)

// namedLimits is how many of them are parameters of the configuration.
const namedLimits = activeExpire

// limits are the values of all limits.
type limits [limitCount]int64

var defaultLimits = limits{128, 64, 512, 128, 64, 128, 64, -2, 4096, 100, 3000, 1}

// LimitNames are the parameters of Redis's configuration that are part of the
// state of a shard, since replies depend on them. Names before Redis 7 are in
// OldLimitNames.
var LimitNames = [namedLimits]string{
	"hash-max-listpack-entries", "hash-max-listpack-value",
	"set-max-intset-entries", "set-max-listpack-entries", "set-max-listpack-value",
	"zset-max-listpack-entries", "zset-max-listpack-value",
	"list-max-listpack-size", "stream-node-max-bytes", "stream-node-max-entries", "hll-sparse-max-bytes",
}

// ActiveExpire is the name by which "setlimit" knows whether keys are deleted when their time comes: 0 for tests
// that want to see them deleted by a command.
const ActiveExpire = "debug-active-expire"

func limitOf(name string) (limit, bool) {
	if name == ActiveExpire {
		return activeExpire, true
	}
	i := slices.Index(LimitNames[:], name)
	return limit(max(i, 0)), i >= 0
}

// OldLimitNames says which of LimitNames a name from before Redis 7 means.
var OldLimitNames = map[string]string{
	"hash-max-ziplist-entries": "hash-max-listpack-entries",
	"hash-max-ziplist-value":   "hash-max-listpack-value",
	"zset-max-ziplist-entries": "zset-max-listpack-entries",
	"zset-max-ziplist-value":   "zset-max-listpack-value",
	"list-max-ziplist-size":    "list-max-listpack-size",
}

// CheckLimit says why a limit cannot have a value, "" if it can.
func CheckLimit(name, value string) string {
	n, ok := parseInt([]byte(value))
	least := int64(0)
	if name == LimitNames[listMaxSize] {
		least = math.MinInt32
	}
	switch {
	case !ok:
		return "argument couldn't be parsed into an integer"
	case n < least || n > math.MaxInt32:
		return "argument must be between " + strconv.FormatInt(least, 10) + " and 2147483647 inclusive"
	}
	return ""
}

// exceeded tells whether one of the sizes is over a limit.
func (l *limits) exceeded(which limit, sizes ...int) bool {
	for _, n := range sizes {
		if int64(n) > l[which] {
			return true
		}
	}
	return false
}

func (l *limits) appendTo(dst []byte) []byte {
	dst = pack.AppendArray(dst, len(l))
	for _, n := range l {
		dst = pack.AppendInt(dst, n)
	}
	return dst
}

// read reads what appendTo wrote, here or where fewer limits were known.
func (l *limits) read(r *pack.Reader) {
	for i := range r.ArrayLen(len(l)) {
		l[i] = r.Int()
	}
}

// setLimits is the internal command "setlimit name n [name n …]": it sets some of
// LimitNames for the values that change from now on, all or none.
func setLimits(s *State, c *call) {
	s.mayWrite()
	next := s.limits
	for pairs := c.Args[1:]; len(pairs) > 0; pairs = pairs[2:] {
		if len(pairs) == 1 || CheckLimit(string(pairs[0]), string(pairs[1])) != "" {
			c.W.Error(errSyntax)
			return
		}
		i, ok := limitOf(string(pairs[0]))
		if !ok {
			c.W.Error(errSyntax)
			return
		}
		next[i], _ = parseInt(pairs[1])
	}
	s.limits = next
	c.W.OK()
}

// getLimits is the internal command "getlimits": the values in the order of LimitNames.
func getLimits(s *State, c *call) {
	c.W.Array(int(namedLimits))
	for _, n := range s.limits[:namedLimits] {
		c.W.Int(n)
	}
}
