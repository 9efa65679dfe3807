package keyspace

import (
	"bytes"
	"iter"

	"github.com/troupedb/troupe/actors/keyspace/ctree"
)

// sortedSet is a sorted set. Its members are in the order of scores, those of the
// same score in byte order: an item of byScore is score, member. A large one, a
// table, also has them in the order of their hashes, to find their scores: an
// item of byMember is hash, length of the member, member, score.
//
// A long member is thus held twice. Short ones, which are the rule, cost less that
// way than pointers between two structures would.
type sortedSet struct {
	byScore  ctree.Tree
	byMember *ctree.Tree // nil: it is small
}

// table tells whether z is a large one.
func (z *sortedSet) table() bool { return z.byMember != nil }

func init() {
	newObject[kindSortedSet] = func(enc encoding) object {
		if enc != encListpack && enc != encSkiplist {
			return nil
		}
		z := &sortedSet{}
		if enc == encSkiplist {
			z.byMember = &ctree.Tree{}
		}
		return z
	}
}

func (z *sortedSet) kind() kind { return kindSortedSet }

func (z *sortedSet) tree() *ctree.Tree {
	if z.table() {
		return z.byMember
	}
	return &z.byScore
}

func (z *sortedSet) encoding() encoding {
	if z.table() {
		return encSkiplist
	}
	return encListpack
}

func (z *sortedSet) size() int64 {
	n := objectOverhead + z.byScore.Size()
	if z.table() {
		n += z.byMember.Size()
	}
	return n
}

func (z *sortedSet) clone() object {
	c := &sortedSet{byScore: z.byScore.Clone()}
	if z.table() {
		members := z.byMember.Clone()
		c.byMember = &members
	}
	return c
}

// len is the number of members; a sorted set that is nil has none.
func (z *sortedSet) len() int {
	if z == nil {
		return 0
	}
	return z.byScore.Len()
}

func (z *sortedSet) items() int { return z.len() }

func (z *sortedSet) walk(from int) iter.Seq[[]byte] { return z.byScore.Forward(from) }

func (z *sortedSet) add(s *State, item []byte) bool {
	if len(item) < scoreSize {
		return false
	}
	member, score := cutScore(item)
	if n := z.len(); score != score || n > 0 && bytes.Compare(z.byScore.At(n-1), item) >= 0 {
		return false
	}
	if _, found := z.score(s, member); z.table() && found {
		return false
	}
	z.insert(s, member, score)
	return true
}

// cutScore cuts an item of byScore into its parts.
func cutScore(item []byte) (member []byte, score float64) {
	return item[scoreSize:], readScore(item)
}

// at returns the member of a rank with its score.
func (z *sortedSet) at(rank int) (member []byte, score float64) { return cutScore(z.byScore.At(rank)) }

// from returns the members from a rank on, towards the highest or the lowest scores.
func (z *sortedSet) from(rank int, reverse bool) iter.Seq2[[]byte, float64] {
	return func(yield func(member []byte, score float64) bool) {
		if z == nil {
			return
		}
		items := z.byScore.Forward(rank)
		if reverse {
			items = z.byScore.Backward(rank)
		}
		for item := range items {
			if !yield(cutScore(item)) {
				return
			}
		}
	}
}

// score returns the score of a member; found is false if there is none.
func (z *sortedSet) score(s *State, member []byte) (score float64, found bool) {
	switch {
	case z == nil:
		return 0, false
	case z.table():
		_, item := z.find(s, member)
		if item == nil {
			return 0, false
		}
		return readScore(item[len(item)-scoreSize:]), true
	}
	for m, score := range z.from(0, false) {
		if bytes.Equal(m, member) {
			return score, true
		}
	}
	return 0, false
}

// find returns the item of a member in byMember, nil if there is none, and where
// it is or belongs.
func (z *sortedSet) find(s *State, member []byte) (pos int, item []byte) {
	probe := s.appendProbe(s.scratch[:0], member)
	s.keepScratch(probe)
	if pos, item = z.byMember.Seek(probe); !bytes.HasPrefix(item, probe) {
		item = nil
	}
	return pos, item
}

// scoreItem makes an item of byScore in the scratch of the state.
func (s *State) scoreItem(member []byte, score float64) []byte {
	b := append(appendScore(s.scratch[:0], score), member...)
	s.keepScratch(b)
	return b
}

// memberItem makes an item of byMember in the scratch of the state.
func (s *State) memberItem(member []byte, score float64) []byte {
	b := appendScore(s.appendProbe(s.scratch[:0], member), score)
	s.keepScratch(b)
	return b
}

// rank returns the rank of a member that has this score.
func (z *sortedSet) rank(s *State, member []byte, score float64) int {
	rank, _ := z.byScore.Seek(s.scoreItem(member, score))
	return rank
}

// insert adds a member. REQUIRES: it is new, and the encoding has room for it.
func (z *sortedSet) insert(s *State, member []byte, score float64) {
	if z.table() {
		pos, _ := z.find(s, member)
		z.byMember.Insert(pos, s.memberItem(member, score))
	}
	z.insertScore(s, member, score)
}

func (z *sortedSet) insertScore(s *State, member []byte, score float64) {
	item := s.scoreItem(member, score)
	rank, _ := z.byScore.Seek(item)
	z.byScore.Insert(rank, item)
}

// put adds a new member and changes the encoding where it has to.
func (z *sortedSet) put(s *State, member []byte, score float64) {
	if !z.table() && (s.limits.exceeded(zsetMaxEntries, z.len()+1) || s.limits.exceeded(zsetMaxValue, len(member))) {
		z.makeTable(s)
	}
	z.insert(s, member, score)
}

// update gives a member, whose score is old, another one.
func (z *sortedSet) update(s *State, member []byte, old, score float64) {
	if z.table() {
		pos, _ := z.find(s, member)
		z.byMember.Replace(pos, s.memberItem(member, score))
	}
	z.byScore.Delete(z.rank(s, member, old))
	z.insertScore(s, member, score)
}

// remove takes a member, whose score this is, out.
func (z *sortedSet) remove(s *State, member []byte, score float64) {
	rank := z.rank(s, member, score)
	z.removeRange(s, rank, rank+1)
}

// removeRange takes the members from rank low up to high out.
func (z *sortedSet) removeRange(s *State, low, high int) {
	if z.table() {
		left := high - low
		for member := range z.from(low, false) {
			if left == 0 {
				break
			}
			pos, _ := z.find(s, member)
			z.byMember.Delete(pos)
			left--
		}
	}
	z.byScore.DeleteRange(low, high)
}

// makeTable makes a small sorted set a large one.
func (z *sortedSet) makeTable(s *State) {
	z.byMember = &ctree.Tree{}
	for member, score := range z.from(0, false) {
		pos, _ := z.find(s, member)
		z.byMember.Insert(pos, s.memberItem(member, score))
	}
}
