package keyspace

// del is DEL key [key …] and UNLINK.
func del(s *State, c *call) {
	var n int64
	for _, key := range c.Args[1:] {
		if p := s.write(key); p.e != nil {
			s.remove(p.e)
			n++
		}
	}
	c.W.Int(n)
}
