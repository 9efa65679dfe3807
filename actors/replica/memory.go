package replica

// Memory is what the replicas on a node hold, beside what they may. Each leader of a shard goes by it for itself:
//
// No shard gives up anything while it holds less than its share of the limit. What is too much is given up by the others,
// in proportion to what they hold beyond their shares. So keys that are led here do not go for the sake of those that
// are led elsewhere, and that only their leaders evict.
//
// Where all that is beyond the shares is led here, and cannot be evicted, the shares count no more.
type Memory struct {
	Excess  int64 // bytes of keys that are too much; 0 if none
	leaving int64 // bytes of keys that are being evicted, of all shards
	share   int64 // bytes of keys that each shard may keep
	surplus int64 // bytes that the shards hold beyond their shares
}

// MemoryOf tells of the replicas of a node, whose keys may take limit bytes. Any goroutine.
func MemoryOf(limit int64, held []*Gauges) Memory {
	m := Memory{Excess: -limit}
	for _, g := range held {
		m.Excess += g.evictable()
		m.leaving += g.Leaving.Load()
	}
	if m.Excess <= 0 {
		return Memory{}
	}
	m.share = max(limit, 0) / int64(max(len(held), 1))
	if m.surplus = surplus(held, m.share); m.surplus == 0 {
		m.share, m.surplus = 0, surplus(held, 0)
	}
	return m
}

// surplus is what replicas hold beyond a share, but for those known to have nothing left that may be evicted.
func surplus(held []*Gauges, share int64) (n int64) {
	for _, g := range held {
		if !g.Dry.Load() {
			n += max(0, g.evictable()-g.Leaving.Load()-share)
		}
	}
	return n
}

// evictable is what the keys take.
func (g *Gauges) evictable() int64 { return g.Bytes.Load() - g.Aside.Load() }

// due is what a shard that holds so many bytes of keys, of which none is being evicted, is to give up. Where the shares
// do not count it is never nothing: that shows whether the shard has any that it can.
func (m Memory) due(holds int64) int64 {
	left, more := m.Excess-m.leaving, holds-m.share
	if left <= 0 || more <= 0 && m.share > 0 {
		return 0
	}
	part := float64(more) / float64(max(m.surplus, 1))
	return max(1, min(more, left, int64(float64(left)*part)))
}

// Owed is what shards are to give up that is not being evicted yet.
func (m Memory) Owed(led []*Gauges) (n int64) {
	for _, g := range led {
		n += m.due(g.evictable() - g.Leaving.Load())
	}
	return n
}
