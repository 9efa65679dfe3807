package keyspace

import (
	"math"

	"github.com/troupedb/troupe/wire/pack"
	"github.com/troupedb/troupe/wire/resp"
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
	limitCount
)

// limits are the values of all limits.
type limits [limitCount]int64

var defaultLimits = limits{128, 64, 512, 128, 64, 128, 64, -2, 4096, 100, 3000}

// limitNames are the names of Redis's configuration parameters.
var limitNames = [limitCount]string{
	"hash-max-listpack-entries", "hash-max-listpack-value",
	"set-max-intset-entries", "set-max-listpack-entries", "set-max-listpack-value",
	"zset-max-listpack-entries", "zset-max-listpack-value",
	"list-max-listpack-size", "stream-node-max-bytes", "stream-node-max-entries", "hll-sparse-max-bytes",
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

// setLimit is the internal command "setlimit name n": it sets one of
// limitNames for the values that change from now on.
func setLimit(s *State, c *call) {
	s.mayWrite()
	n, ok := c.int(c.Args[2])
	if !ok {
		return
	}
	for i, name := range limitNames {
		if !resp.Is(c.Args[1], name) {
			continue
		}
		if n > math.MaxInt32 || n < 0 && limit(i) != listMaxSize {
			c.W.Error(errOutOfRange)
			return
		}
		s.limits[i] = n
		c.W.OK()
		return
	}
	c.W.Error(errSyntax)
}
