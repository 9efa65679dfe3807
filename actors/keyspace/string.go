package keyspace

// get is GET key.
func get(s *State, c *call) {
	if e := s.read(c.Args[1]); c.isString(e) {
		c.text(e)
	}
}
