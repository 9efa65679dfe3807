package fakecluster

// Bugs are the faults planted in a cluster. A field Every = n makes each n-th occasion go wrong; zero is
// never. The first group breaks promises and must be found; the second is allowed and must not be blamed.
type Bugs struct {
	LoseEvery    int  // a SET is acknowledged and not done
	StaleEvery   int  // a GET answers what the key held before its last write
	PhantomEvery int  // a write is refused with TRYAGAIN, and done
	TwiceEvery   int  // an INCR is done twice
	BlindExec    bool // EXEC does not look whether a watched key was touched
	ForgetAtKill int  // a new leader lacks that many of the newest writes of its shard
	CrossEvery   int  // a GET answers with another key's value

	RefuseEvery int // a write is refused with TRYAGAIN, and not done
	CutEvery    int // the connection breaks instead of a write's reply; each other time it was done
}

// every counts an occasion, and reports whether this one goes wrong.
func (c *Cluster) every(n int, count *int) bool {
	if n == 0 {
		return false
	}
	*count++
	return *count%n == 0
}
