package keyspace

import (
	"bytes"
	"cmp"
	"iter"
	"slices"

	"github.com/troupedb/troupe/wire/resp"
)

// sortOptions are the options of SORT. Patterns, which would lead to keys that the command does not
// name, are refused as Redis Cluster refuses them.
type sortOptions struct {
	descending    bool
	alpha         bool
	asItIs        bool // BY something that is no pattern
	offset, count int64
	store         []byte // nil: none
}

// sortElements is SORT key [BY pattern] [LIMIT offset count] [GET pattern …] [ASC|DESC] [ALPHA]
// [STORE destination], and SORT_RO, which has no STORE.
func sortElements(stores bool) handler {
	return func(s *State, c *call) {
		o := sortOptions{count: -1}
		if !o.parse(c, stores) {
			return
		}
		found, ok := o.elements(s, c)
		if !ok {
			return
		}
		if !o.sort(found) {
			c.W.Error("ERR One or more scores can't be converted into double")
			return
		}
		found = o.limit(found)
		if o.store == nil {
			c.bulks(found)
			return
		}
		s.storeList(o.store, found, "sortstore")
		c.W.Int(int64(len(found)))
	}
}

// parse reads the options; it is false, and has answered, if they are wrong.
func (o *sortOptions) parse(c *call, stores bool) (ok bool) {
	for args := c.Args[2:]; len(args) > 0; args = args[1:] {
		switch a := args[0]; {
		case resp.Is(a, "asc"), resp.Is(a, "desc"):
			o.descending = resp.Is(a, "desc")
		case resp.Is(a, "alpha"):
			o.alpha = true
		case resp.Is(a, "limit") && len(args) > 2:
			if o.offset, ok = c.int(args[1]); !ok {
				return false
			}
			if o.count, ok = c.int(args[2]); !ok {
				return false
			}
			args = args[2:]
		case stores && resp.Is(a, "store") && len(args) > 1:
			o.store, args = args[1], args[1:]
		case resp.Is(a, "by") && len(args) > 1:
			if bytes.IndexByte(args[1], '*') >= 0 {
				c.W.Error("ERR BY option of SORT denied in Cluster mode.")
				return false
			}
			o.asItIs, args = true, args[1:]
		case resp.Is(a, "get") && len(args) > 1:
			c.W.Error("ERR GET option of SORT denied in Cluster mode.")
			return false
		default:
			c.W.Error(errSyntax)
			return false
		}
	}
	return true
}

// sortStore finds the destination of a SORT, the last one if it is named more than once.
func sortStore(args [][]byte) (at int) {
	for i := 2; i+1 < len(args); i++ {
		switch {
		case equalFold(args[i], "limit"):
			i += 2
		case equalFold(args[i], "by"), equalFold(args[i], "get"):
			i++
		case equalFold(args[i], "store"):
			i++
			at = i
		}
	}
	return at
}

// elements returns what is to be sorted. Of a set that is to be stored as it is the order must mean
// something, so it is sorted by name.
func (o *sortOptions) elements(s *State, c *call) (found [][]byte, ok bool) {
	e := s.read(c.Args[1])
	if e == nil {
		return nil, true
	}
	switch obj := e.object().(type) {
	case *listObject:
		return collect(obj.from(left), obj.len()), true
	case *setObject:
		if o.asItIs && o.store != nil {
			o.asItIs, o.alpha = false, true
		}
		return collect(obj.walk(0), obj.len()), true
	case *sortedSet:
		members := func(yield func([]byte) bool) {
			for member := range obj.from(0, false) {
				if !yield(member) {
					return
				}
			}
		}
		return collect(members, obj.len()), true
	}
	c.W.Error(errWrongType)
	return nil, false
}

func collect(elements iter.Seq[[]byte], n int) [][]byte {
	return slices.AppendSeq(make([][]byte, 0, n), elements)
}

// sort orders elements; it is false if one of them is no number and has to be.
func (o *sortOptions) sort(elements [][]byte) bool {
	switch {
	case o.asItIs:
		if o.descending {
			slices.Reverse(elements)
		}
		return true
	case !o.alpha:
		return o.sortNumbers(elements)
	}
	slices.SortFunc(elements, func(a, b []byte) int { return o.direct(bytes.Compare(a, b)) })
	return true
}

// sortNumbers orders elements by the numbers that they are, the same ones by their bytes.
func (o *sortOptions) sortNumbers(elements [][]byte) bool {
	type weighed struct {
		element []byte
		weight  float64
	}
	all := make([]weighed, len(elements))
	for i, element := range elements {
		v, ok, lost := scanLoose(element)
		if !ok || lost {
			return false
		}
		all[i] = weighed{element, v}
	}
	slices.SortFunc(all, func(a, b weighed) int {
		return o.direct(cmp.Or(cmp.Compare(a.weight, b.weight), bytes.Compare(a.element, b.element)))
	})
	for i := range all {
		elements[i] = all[i].element
	}
	return true
}

func (o *sortOptions) direct(order int) int {
	if o.descending {
		return -order
	}
	return order
}

// limit cuts out what LIMIT asks for.
func (o *sortOptions) limit(elements [][]byte) [][]byte {
	n := int64(len(elements))
	from := min(max(o.offset, 0), n)
	if o.count < 0 {
		return elements[from:]
	}
	return elements[from : from+min(o.count, n-from)]
}

// storeList makes a key hold a list of these elements, or nothing if there are none.
func (s *State) storeList(key []byte, elements [][]byte, event string) {
	l := &listObject{}
	for _, element := range elements {
		l.grow(s, 1, len(element))
		l.push(right, element)
	}
	p := s.write(key)
	s.storeResult(&p, l, EventList, event)
}
