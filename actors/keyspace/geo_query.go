package keyspace

import (
	"github.com/troupedb/troupe/actors/keyspace/geohash"
	"github.com/troupedb/troupe/wire/resp"
)

// geoForm is what the name of a searching command says.
type geoForm struct {
	around geoAround
	stores bool // it may store, or of GEOSEARCH: it does
}

// geoAround says what the center of a search is.
type geoAround uint8

const (
	aroundAny    geoAround = iota // the options tell
	aroundPlace                   // a longitude and a latitude
	aroundMember                  // a member
)

// source is the position of the sorted set.
func (f geoForm) source() int {
	if f.around == aroundAny && f.stores {
		return 2
	}
	return 1
}

// geoQuery is a search.
type geoQuery struct {
	geoForm
	shape geohash.Shape

	fromMember, fromPoint, byRadius, byBox bool

	withPoint, withDistance, withHash bool
	order                             int // 1: the nearest first, -1: the farthest, 0: any
	count                             int64
	any                               bool
	store                             []byte // nil: none
	storeDistance                     bool
}

// extras is how much is answered of a place beside its name.
func (q *geoQuery) extras() (n int) {
	for _, with := range []bool{q.withPoint, q.withDistance, q.withHash} {
		if with {
			n++
		}
	}
	return n
}

// parse reads the command. It is false, and has answered, if that is wrong.
func (q *geoQuery) parse(s *State, c *call, z *sortedSet) bool {
	args, ok := q.head(s, c, z)
	for ok && len(args) > 0 {
		var taken int
		if taken, ok = q.option(s, c, z, args); ok {
			args = args[taken:]
		}
	}
	return ok && q.complete(c)
}

// head reads what stands before the options, and returns these.
func (q *geoQuery) head(s *State, c *call, z *sortedSet) (options [][]byte, ok bool) {
	source := q.source()
	if q.around == aroundAny {
		if q.stores {
			q.store = c.Args[1]
		}
		return c.Args[source+1:], true
	}
	args := c.Args[source+1:]
	if q.around == aroundPlace {
		if q.shape.Center, ok = c.point(args[0], args[1]); !ok {
			return nil, false
		}
		args = args[2:]
	} else {
		if z == nil { // nothing will be found, whatever the circle is
			return args[3:], true
		}
		if q.shape.Center, ok = c.memberPlace(s, z, args[0]); !ok {
			return nil, false
		}
		args = args[1:]
	}
	return args[2:], q.circle(c, args[0], args[1])
}

// memberPlace returns where a member is, or answers that there is none.
func (c *call) memberPlace(s *State, z *sortedSet, member []byte) (p geohash.Point, ok bool) {
	if p, ok = z.place(s, member); !ok {
		c.W.Error("ERR could not decode requested zset member")
	}
	return p, ok
}

// circle reads a radius with its unit.
func (q *geoQuery) circle(c *call, radius, unit []byte) (ok bool) {
	if q.shape.Radius, ok = c.float(radius, "ERR need numeric radius"); !ok {
		return false
	}
	if q.shape.Radius < 0 {
		c.W.Error("ERR radius cannot be negative")
		return false
	}
	q.shape.Unit, ok = c.unit(unit)
	return ok
}

// box reads a width and a height with their unit.
func (q *geoQuery) box(c *call, width, height, unit []byte) (ok bool) {
	if q.shape.Width, ok = c.float(width, "ERR need numeric width"); !ok {
		return false
	}
	if q.shape.Height, ok = c.float(height, "ERR need numeric height"); !ok {
		return false
	}
	if q.shape.Width < 0 || q.shape.Height < 0 {
		c.W.Error("ERR height or width cannot be negative")
		return false
	}
	q.shape.Box = true
	q.shape.Unit, ok = c.unit(unit)
	return ok
}

// option reads the option that args begin with, and returns how many arguments that took.
func (q *geoQuery) option(s *State, c *call, z *sortedSet, args [][]byte) (taken int, ok bool) {
	switch a := args[0]; {
	case q.flag(a):
		return 1, true
	case resp.Is(a, "count") && len(args) > 1:
		return 2, q.limit(c, args[1])
	case q.around == aroundAny:
		return q.areaOption(s, c, z, args)
	case q.stores && len(args) > 1 && (resp.Is(a, "store") || resp.Is(a, "storedist")):
		q.store, q.storeDistance = args[1], resp.Is(a, "storedist")
		return 2, true
	}
	c.W.Error(errSyntax)
	return 0, false
}

// flag takes an option of one word; it is false if that is none.
func (q *geoQuery) flag(arg []byte) bool {
	switch {
	case resp.Is(arg, "withdist"):
		q.withDistance = true
	case resp.Is(arg, "withhash"):
		q.withHash = true
	case resp.Is(arg, "withcoord"):
		q.withPoint = true
	case resp.Is(arg, "any"):
		q.any = true
	case resp.Is(arg, "asc"):
		q.order = 1
	case resp.Is(arg, "desc"):
		q.order = -1
	default:
		return false
	}
	return true
}

func (q *geoQuery) limit(c *call, arg []byte) (ok bool) {
	if q.count, ok = c.int(arg); ok && q.count <= 0 {
		c.W.Error("ERR COUNT must be > 0")
		return false
	}
	return ok
}

// areaOption reads an option of GEOSEARCH about the area.
func (q *geoQuery) areaOption(s *State, c *call, z *sortedSet, args [][]byte) (taken int, ok bool) {
	switch a, n := args[0], len(args); {
	case resp.Is(a, "storedist") && q.stores:
		q.storeDistance = true
		return 1, true
	case resp.Is(a, "frommember") && n > 1 && !q.fromPoint:
		if q.fromMember = true; z == nil {
			return 2, true
		}
		q.shape.Center, ok = c.memberPlace(s, z, args[1])
		return 2, ok
	case resp.Is(a, "fromlonlat") && n > 2 && !q.fromMember:
		q.fromPoint = true
		q.shape.Center, ok = c.point(args[1], args[2])
		return 3, ok
	case resp.Is(a, "byradius") && n > 2 && !q.byBox:
		q.byRadius = true
		return 3, q.circle(c, args[1], args[2])
	case resp.Is(a, "bybox") && n > 3 && !q.byRadius:
		q.byBox = true
		return 4, q.box(c, args[1], args[2], args[3])
	}
	c.W.Error(errSyntax)
	return 0, false
}

// complete tells whether the options go together, or answers why not.
func (q *geoQuery) complete(c *call) bool {
	search := q.around == aroundAny
	switch {
	case q.store != nil && q.extras() > 0 && search:
		c.W.Error("ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options")
	case q.store != nil && q.extras() > 0:
		c.W.Error("ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options")
	case search && !q.fromMember && !q.fromPoint:
		c.W.Error("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " + c.name())
	case search && !q.byRadius && !q.byBox:
		c.W.Error("ERR exactly one of BYRADIUS and BYBOX can be specified for " + c.name())
	case q.any && q.count == 0:
		c.W.Error("ERR the ANY argument requires COUNT argument")
	default:
		return true
	}
	return false
}
