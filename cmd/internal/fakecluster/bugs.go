package fakecluster

import "strings"

// Bugs are the faults planted in a cluster. A field OneIn = n makes one occasion in n go wrong, at random
// (counting would fall into step with the clients); zero is never. The first group breaks promises and must be found; the second is allowed and must not be blamed.
type Bugs struct {
	LoseOneIn    int  // a SET or a push is acknowledged and not done
	StaleOneIn   int  // a GET answers what the key held before its last write
	PhantomOneIn int  // a write is refused with TRYAGAIN, and done
	TwiceOneIn   int  // an INCR is done twice, or what is popped stays
	BlindExec    bool // EXEC does not look whether a watched key was touched
	ForgetAtKill int  // a new leader lacks that many of the newest writes of its shard
	CrossOneIn   int  // a GET answers with another key's value

	Copies      int    // what WAIT counts
	FewOneIn    int    // but it counts one less
	RefuseMulti bool   // MULTI is refused
	Raw         string // what any command on a key is answered with, byte by byte, before the connection ends
	RefuseOneIn int    // a write is refused with TRYAGAIN, and not done
	CutOneIn    int    // the connection breaks instead of a write's reply; half of the time it was done
}

// strikes reports whether this occasion goes wrong, and notes it if so.
func (c *Cluster) strikes(oneIn int, key string) bool {
	if oneIn == 0 || c.mu.rng.IntN(oneIn) != 0 {
		return false
	}
	c.planted(key)
	return true
}

// planted notes that something went wrong with a key.
func (c *Cluster) planted(key string) { c.mu.wrong = append(c.mu.wrong, key) }

// Wrong returns with how many keys that begin with prefix something went wrong, twice with the same key
// being two.
func (c *Cluster) Wrong(prefix string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, key := range c.mu.wrong {
		if strings.HasPrefix(key, prefix) {
			n++
		}
	}
	return n
}
