package keyspace

// ref is where an entry stands in entries; 0 is none.
type ref uint32

// chunkSize is how many entries are allocated at a time: 56 KiB.
const chunkSize = 1024

// entries is where the entries of a State stand: side by side, found by number. Were each an object of its own that
// others point to, the garbage collector would follow the chains of all dicts, and wait for memory at each step. So it
// meets them one after the other, and nothing but what they point to themselves.
//
// What is given back stays as it is until reclaim, that is to the end of the operation at hand, which may still tell of it.
type entries struct {
	all     []*[chunkSize]entry // by chunk; nil: nothing is in there
	chunks  []chunk
	roomy   []uint32 // chunks with room; the last is filled first
	spare   uint32   // the chunk that was emptied last
	live    int      // entries made and not given back
	gone    []ref    // given back, not reclaimed yet
	dropped []*dict  // likewise, with all that is in them
}

// chunk is what is known of a chunk.
type chunk struct {
	made   uint32 // how many were in use at some time; the others are new
	used   uint32
	free   ref  // the first of those reclaimed, a chain by next
	listed bool // among roomy
}

// at returns the entry at r. It does not move.
func (t *entries) at(r ref) *entry { return &t.all[r/chunkSize][r%chunkSize] }

// add makes an entry.
func (t *entries) add() (ref, *entry) {
	if len(t.roomy) == 0 {
		t.grow()
	}
	n := t.roomy[len(t.roomy)-1]
	c := &t.chunks[n]
	if t.all[n] == nil {
		t.all[n] = new([chunkSize]entry)
		if n == 0 {
			c.made, c.used = 1, 1 // ref 0
		}
	}
	r := c.free
	if r != 0 {
		c.free = t.at(r).next
	} else {
		r = ref(n*chunkSize + c.made)
		c.made++
	}
	if c.used++; c.used == chunkSize {
		t.roomy, c.listed = t.roomy[:len(t.roomy)-1], false
	}
	t.live++
	e := t.at(r)
	e.next = 0
	return r, e
}

// grow adds a chunk.
func (t *entries) grow() {
	if len(t.chunks) > (1<<32-1)/chunkSize {
		panic("keyspace: a shard has four billion keys")
	}
	t.roomy = append(t.roomy, uint32(len(t.chunks)))
	t.chunks = append(t.chunks, chunk{listed: true})
	t.all = append(t.all, nil)
}

// places is how many entries there were at most, about.
func (t *entries) places() int { return len(t.chunks) * chunkSize }

// place is one of all places, by a number at random. It may be free, or nil where no entry is near. REQUIRES: there are
// any.
func (t *entries) place(x uint64) *entry {
	x %= uint64(t.places())
	n, i := x/chunkSize, x%chunkSize
	if i >= uint64(t.chunks[n].made) {
		return nil
	}
	return &t.all[n][i]
}

// giveBack takes back an entry that is in no dict any more.
func (t *entries) giveBack(r ref) { t.gone = append(t.gone, r) }

// giveBackAll takes back a dict with all that is in it.
func (t *entries) giveBackAll(d *dict) { t.dropped = append(t.dropped, d) }

// reclaim makes room of what was given back. Nothing may use it any more.
func (t *entries) reclaim() {
	if len(t.gone) == 0 && len(t.dropped) == 0 {
		return
	}
	for _, r := range t.gone {
		t.free(r)
	}
	for _, d := range t.dropped {
		d.all(func(r ref, _ *entry) { t.free(r) })
	}
	clear(t.dropped)
	t.gone, t.dropped = t.gone[:0], t.dropped[:0]
	if cap(t.gone) > chunkSize {
		t.gone = nil
	}
}

func (t *entries) free(r ref) {
	n := uint32(r / chunkSize)
	c := &t.chunks[n]
	*t.at(r) = entry{next: c.free}
	c.free = r
	t.live--
	c.used--
	if !c.listed {
		t.roomy, c.listed = append(t.roomy, n), true
	}
	if c.used == 0 {
		t.emptied(n)
	}
}

// emptied lets go of the chunk that was without entries before this one became so. One is kept, lest a few keys that come
// and go cost a chunk each time.
func (t *entries) emptied(n uint32) {
	if was := t.spare; was != n && t.chunks[was].used == 0 {
		t.chunks[was], t.all[was] = chunk{listed: true}, nil
	}
	t.spare = n
}
