package keyspace

import (
	"bytes"
	"iter"
	"math"

	"github.com/troupedb/troupe/actors/keyspace/ctree"
	"github.com/troupedb/troupe/actors/keyspace/rdb"
)

// listObject is a list. It is one tree whatever its size; only the name of its
// encoding follows what Redis would make of it.
type listObject struct {
	t      ctree.Tree
	quick  bool  // a quicklist
	packed int64 // what all elements take in a listpack
}

func init() {
	newObject[kindList] = func(enc encoding) object {
		if enc != encListpack && enc != encQuicklist {
			return nil
		}
		return &listObject{quick: enc == encQuicklist}
	}
}

func (l *listObject) kind() kind { return kindList }

func (l *listObject) tree() *ctree.Tree { return &l.t }

func (l *listObject) encoding() encoding {
	if l.quick {
		return encQuicklist
	}
	return encListpack
}

func (l *listObject) size() int64 { return objectOverhead + l.t.Size() }

func (l *listObject) clone() object { return &listObject{l.t.Clone(), l.quick, l.packed} }

// len is the number of elements; a list that is nil has none.
func (l *listObject) len() int {
	if l == nil {
		return 0
	}
	return l.t.Len()
}

func (l *listObject) items() int { return l.t.Len() }

func (l *listObject) walk(from int) iter.Seq[[]byte] { return l.t.Forward(from) }

func (l *listObject) add(_ *State, item []byte) bool {
	l.insert(l.t.Len(), item)
	return true
}

// at returns an element by position, counted from the end if that is negative;
// nil if there is none.
func (l *listObject) at(i int64) []byte {
	if i, ok := l.position(i); ok {
		return l.t.At(i)
	}
	return nil
}

// position is where an element is that may be counted from the end.
func (l *listObject) position(i int64) (pos int, ok bool) {
	n := int64(l.len())
	if i < 0 {
		i += n
	}
	return int(i), 0 <= i && i < n
}

// from returns all elements from one end to the other.
func (l *listObject) from(end side) iter.Seq[[]byte] {
	if end == left {
		return l.t.Forward(0)
	}
	return l.t.Backward(l.t.Len() - 1)
}

// insert puts an element before the one at a position.
func (l *listObject) insert(i int, element []byte) {
	l.packed += packedSize(element)
	l.t.Insert(i, element)
}

// push puts an element at an end.
func (l *listObject) push(end side, element []byte) {
	if end == left {
		l.insert(0, element)
	} else {
		l.insert(l.t.Len(), element)
	}
}

// replace makes an element another one.
func (l *listObject) replace(i int, element []byte) {
	l.packed += packedSize(element) - packedSize(l.t.At(i))
	l.t.Replace(i, element)
}

// remove takes the elements from position i up to j out.
func (l *listObject) remove(i, j int) {
	if 2*(j-i) > l.t.Len() { // the others are fewer to count
		l.t.DeleteRange(i, j)
		l.packed = sumPacked(l.t.Forward(0), l.t.Len())
		return
	}
	l.packed -= sumPacked(l.t.Forward(i), j-i)
	l.t.DeleteRange(i, j)
}

// find returns the position of the first element that equals one; -1 if none does.
func (l *listObject) find(element []byte) int {
	i := 0
	for other := range l.t.Forward(0) {
		if bytes.Equal(other, element) {
			return i
		}
		i++
	}
	return -1
}

// grow makes l ready for n more elements, which are size bytes long together.
func (l *listObject) grow(s *State, n, size int) {
	if maxBytes, maxCount := s.limits.listNode(); l.bytes()+int64(size) > maxBytes || int64(l.t.Len()+n) > maxCount {
		l.quick = true
	}
}

// shrink takes note that l became smaller. Redis goes back to a listpack only well
// below the size at which it leaves it, and if all is in one node of the quicklist;
// here there are no nodes, and the size decides.
func (l *listObject) shrink(s *State) {
	if maxBytes, maxCount := s.limits.listNode(); l.bytes() <= maxBytes/2 && int64(l.t.Len()) <= maxCount/2 {
		l.quick = false
	}
}

// listpackOverhead is what a listpack takes beside its elements.
const listpackOverhead = 7

func (l *listObject) bytes() int64 { return listpackOverhead + l.packed }

// listNode returns what a list may have in one listpack.
func (l *limits) listNode() (maxBytes, maxCount int64) {
	if n := l[listMaxSize]; n >= 0 {
		return 8 << 10, max(n, 1)
	}
	classes := [...]int64{4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10}
	return classes[min(-l[listMaxSize], int64(len(classes)))-1], math.MaxInt64
}

func sumPacked(elements iter.Seq[[]byte], n int) (sum int64) {
	for element := range elements {
		if n--; n < 0 {
			break
		}
		sum += packedSize(element)
	}
	return sum
}

// packedSize is what an element takes in a listpack: a head, its bytes unless it
// is an integer, and its length once more for the way back.
func packedSize(element []byte) int64 {
	if n, ok := parseInt(element); ok {
		return packedIntSize(n)
	}
	n := int64(len(element))
	switch {
	case n < 1<<6:
		n++
	case n < 1<<12:
		n += 2
	default:
		n += 5
	}
	return n + rdb.BackSize(n)
}

func packedIntSize(n int64) int64 {
	switch {
	case 0 <= n && n < 1<<7:
		return 2
	case -1<<12 <= n && n < 1<<12:
		return 3
	case math.MinInt16 <= n && n <= math.MaxInt16:
		return 4
	case -1<<23 <= n && n < 1<<23:
		return 5
	case math.MinInt32 <= n && n <= math.MaxInt32:
		return 6
	}
	return 10
}
