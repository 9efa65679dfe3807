package keyspace

import "github.com/troupedb/troupe/actors/keyspace/hll"

const errCorruptSketch = "INVALIDOBJ Corrupted HLL object detected"

// sketchOf returns the sketch that e holds; ok is false, and it has answered, if
// e holds something else.
func (c *call) sketchOf(e *entry) (sketch []byte, ok bool) {
	if !c.isString(e) {
		return nil, false
	}
	if e.enc == encInt || !hll.Is(e.data()) {
		c.W.Error("WRONGTYPE Key is not a valid HyperLogLog string value.")
		return nil, false
	}
	return e.data(), true
}

// mergeSketches returns the registers of all keys that exist together, and
// whether one of them is dense. ok is false, and it has answered, if one is no
// sketch.
func (s *State) mergeSketches(c *call, keys [][]byte) (r *hll.Registers, dense, ok bool) {
	r = new(hll.Registers)
	for _, key := range keys {
		e := s.read(key)
		if e == nil {
			continue
		}
		sketch, ok := c.sketchOf(e)
		if !ok {
			return nil, false, false
		}
		if !r.Merge(sketch) {
			c.W.Error(errCorruptSketch)
			return nil, false, false
		}
		dense = dense || hll.Dense(sketch)
	}
	return r, dense, true
}

// setSketch gives a key a sketch, which it then owns, and leaves its time.
func (s *State) setSketch(p *place, sketch []byte) {
	e, size := s.upsert(p)
	e.put(stringValue(sketch, encRaw))
	s.resized(e, size)
}

// pfadd is PFADD key [element …].
func pfadd(s *State, c *call) {
	p := s.write(c.Args[1])
	added := p.e == nil
	if added {
		s.setSketch(&p, hll.New())
	} else if sketch, ok := c.sketchOf(p.e); !ok {
		return
	} else if !hll.Valid(sketch) {
		c.W.Error(errCorruptSketch)
		return
	}
	for _, element := range c.Args[2:] {
		if i, value := hll.Place(element); hll.Raises(p.e.data(), i, value) {
			s.raise(&p, i, value)
			added = true
		}
	}
	if added {
		s.notify(EventString, "pfadd", p.e.name())
	}
	c.flag(added)
}

// raise sets a register of a sketch.
func (s *State) raise(p *place, register int, value uint8) {
	e, size := s.upsert(p)
	e.makeRaw()
	e.own(hll.Set(e.data(), register, value, int(s.limits[hllMaxSparse])))
	s.resized(e, size)
}

// pfcount is PFCOUNT key [key …]. It is a read: unlike Redis it does not note the
// estimate in the sketch.
func pfcount(s *State, c *call) {
	if e := s.read(c.Args[1]); e != nil && len(c.Args) == 2 {
		sketch, ok := c.sketchOf(e)
		if !ok {
			return
		}
		if n, ok := hll.Noted(sketch); ok {
			c.W.Int(int64(n))
			return
		}
	}
	if r, _, ok := s.mergeSketches(c, c.Args[1:]); ok {
		c.W.Int(int64(r.Estimate()))
	}
}

// pfmerge is PFMERGE destination [key …]; the destination is one of the sources.
func pfmerge(s *State, c *call) {
	r, dense, ok := s.mergeSketches(c, c.Args[1:])
	if !ok {
		return
	}
	p := s.write(c.Args[1])
	s.setSketch(&p, r.Encode(dense, int(s.limits[hllMaxSparse])))
	s.notify(EventString, "pfadd", p.e.name())
	c.W.OK()
}
