package keyspace

import "github.com/troupedb/troupe/slotmap"

// slotsPerGroup is how many slots are counted together.
const slotsPerGroup = 128

// census counts keys, and those of each group of slots: a key is found by its number in a few steps.
type census struct {
	keys   int
	groups [slotmap.Count / slotsPerGroup]int
}

func (c *census) add(slot uint16, n int) {
	c.keys += n
	c.groups[slot/slotsPerGroup] += n
}

// slotOf returns the slot of key n, counted over the slots in order. REQUIRES: n < s.census.keys.
func (s *State) slotOf(n int) int {
	group := 0
	for ; n >= s.census.groups[group]; group++ {
		n -= s.census.groups[group]
	}
	slot := group * slotsPerGroup
	for ; s.dicts[slot] == nil || n >= int(s.dicts[slot].used); slot++ {
		if d := s.dicts[slot]; d != nil {
			n -= int(d.used)
		}
	}
	return slot
}
