package keyspace

import (
	"github.com/troupedb/troupe/actors/keyspace/hll"
	"github.com/troupedb/troupe/wire/resp"
)

// pfdebug is PFDEBUG GETREG|DECODE|ENCODING|TODENSE key.
func pfdebug(s *State, c *call) {
	p := s.write(c.Args[2])
	if p.e == nil {
		c.W.Error("ERR The specified key does not exist")
		return
	}
	sketch, ok := c.sketchOf(p.e)
	if !ok {
		return
	}
	if !hll.Valid(sketch) {
		c.W.Error(errCorruptSketch)
		return
	}
	switch sub := c.Args[1]; {
	case resp.Is(sub, "getreg"):
		c.registers(sketch)
		s.makeDense(&p)
	case resp.Is(sub, "decode"):
		c.runs(sketch)
	case resp.Is(sub, "encoding"):
		c.W.Simple(map[bool]string{true: "dense", false: "sparse"}[hll.Dense(sketch)])
	case resp.Is(sub, "todense"):
		c.flag(!hll.Dense(sketch))
		s.makeDense(&p)
	default:
		c.W.Error("ERR Unknown PFDEBUG subcommand '" + preview(sub, maxPreview) + "'")
	}
}

// makeDense makes a sparse sketch dense.
func (s *State) makeDense(p *place) {
	if !hll.Dense(p.e.data()) {
		s.setSketch(p, hll.MakeDense(p.e.data()))
	}
}

// registers answers the values of all registers.
func (c *call) registers(sketch []byte) {
	var r hll.Registers
	r.Merge(sketch)
	c.W.Array(len(r))
	for _, value := range r {
		c.W.Int(int64(value))
	}
}

// runs answers the runs of a sparse sketch, as a text.
func (c *call) runs(sketch []byte) {
	if hll.Dense(sketch) {
		c.W.Error("ERR HLL encoding is not sparse")
		return
	}
	c.W.Bulk(hll.AppendText(nil, sketch))
}
