package keyspace

import (
	"math"

	"github.com/troupedb/troupe/wire/resp"
)

// What a command that picks the same element again and again may answer at
// most. Redis has no bound there but its memory.
const (
	maxDraws = 1 << 22
	maxReply = 512 << 20
)

// randomBelow returns a random number in [0, n). REQUIRES: n > 0.
func (s *State) randomBelow(n int) int { return int(s.random() % uint64(n)) }

// randomCount reads "count [option]" from the third argument on. ok is false, and
// it has answered, if that is wrong.
func (c *call) randomCount(option string) (count int64, with, ok bool) {
	count, ok = c.intIn(c.Args[2], -math.MaxInt64, math.MaxInt64)
	if !ok {
		return 0, false, false
	}
	if len(c.Args) == 3 {
		return count, false, true
	}
	if len(c.Args) > 4 || !resp.Is(c.Args[3], option) {
		c.W.Error(errSyntax)
		return 0, false, false
	}
	if count < -math.MaxInt64/2 || count > math.MaxInt64/2 {
		c.W.Error(errOutOfRange)
		return 0, false, false
	}
	return count, true, true
}

// answerRandom answers an array of random elements of a collection of n: count
// different ones, or -count that may repeat. answer writes the one at a position,
// as two values if pairs is set.
func (s *State) answerRandom(c *call, n int, count int64, pairs bool, answer func(i int)) {
	if n > 0 && count < -maxDraws {
		c.W.Error(errOutOfRange)
		return
	}
	picks := s.picks(n, count)
	values := len(picks)
	if pairs {
		values *= 2
	}
	from := c.W.Len()
	c.W.Array(values)
	for _, i := range picks {
		if answer(i); c.W.Len()-from > maxReply {
			c.W.Truncate(from)
			c.W.Error(errOutOfRange)
			return
		}
	}
}

// picks returns count different random positions below n, all in order if there
// are no more, or -count that may repeat. REQUIRES: count >= -maxDraws.
func (s *State) picks(n int, count int64) []int {
	switch {
	case n == 0 || count == 0:
		return nil
	case count < 0:
		picks := make([]int, -count)
		for i := range picks {
			picks[i] = s.randomBelow(n)
		}
		return picks
	case count >= int64(n):
		picks := make([]int, n)
		for i := range picks {
			picks[i] = i
		}
		return picks
	}
	return s.sample(n, int(count))
}

// sample returns k different random positions below n, each set of them equally
// likely (Floyd's algorithm). REQUIRES: k < n.
func (s *State) sample(n, k int) []int {
	picks := make([]int, 0, k)
	taken := make(map[int]bool, k)
	for last := n - k; last < n; last++ {
		i := s.randomBelow(last + 1)
		if taken[i] {
			i = last
		}
		taken[i] = true
		picks = append(picks, i)
	}
	return picks
}
