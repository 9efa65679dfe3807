package keyspace

import (
	"bytes"
	"math"
	"strconv"

	"github.com/troupedb/troupe/actors/keyspace/geohash"
	"github.com/troupedb/troupe/wire/resp"
)

// Places are the members of a sorted set whose scores are their hashes.

// geoadd is GEOADD key [NX|XX] [CH] longitude latitude member [longitude latitude member …].
func geoadd(s *State, c *call) {
	var o zaddOptions
	args := c.Args[2:]
	for len(args) > 0 && isGeoaddOption(args[0]) {
		o.option(args[0])
		args = args[1:]
	}
	if len(args) == 0 || len(args)%3 != 0 || o.xx && o.nx {
		c.W.Error(errSyntax)
		return
	}
	var places []scoredMember
	for ; len(args) > 0; args = args[3:] {
		p, ok := c.point(args[0], args[1])
		if !ok {
			return
		}
		places = append(places, scoredMember{args[2], float64(geohash.Encode(p))})
	}
	s.putScores(c, o, places)
}

func isGeoaddOption(arg []byte) bool {
	return resp.Is(arg, "nx") || resp.Is(arg, "xx") || resp.Is(arg, "ch")
}

// point reads a longitude and a latitude, or answers that they are none.
func (c *call) point(lon, lat []byte) (p geohash.Point, ok bool) {
	if p.Lon, ok = c.float(lon, errNotFloat); !ok {
		return p, false
	}
	if p.Lat, ok = c.float(lat, errNotFloat); !ok {
		return p, false
	}
	if !p.Valid() {
		c.W.Error("ERR invalid longitude,latitude pair " + sixDigits(p.Lon) + "," + sixDigits(p.Lat))
	}
	return p, p.Valid()
}

// sixDigits writes a number as printf's %f does.
func sixDigits(v float64) string {
	if math.IsInf(v, 0) {
		return string(resp.AppendDouble(nil, v))
	}
	return strconv.FormatFloat(v, 'f', 6, 64)
}

// place returns where a member is; found is false if there is none.
func (z *sortedSet) place(s *State, member []byte) (p geohash.Point, found bool) {
	score, found := z.score(s, member)
	return geohash.Decode(geohash.OfScore(score)), found
}

// geopos is GEOPOS key [member …].
func geopos(s *State, c *call) {
	s.tellPlaces(c, c.coordinates, c.W.NullArray)
}

// geohashes is GEOHASH key [member …].
func geohashes(s *State, c *call) {
	s.tellPlaces(c, func(p geohash.Point) { c.W.Bulk(geohash.Text(p)) }, c.W.Null)
}

// tellPlaces answers something of each member, or that there is none.
func (s *State) tellPlaces(c *call, tell func(geohash.Point), none func()) {
	z, ok := s.zsetToRead(c, c.Args[1])
	if !ok {
		return
	}
	c.W.Array(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		if p, found := z.place(s, member); found {
			tell(p)
		} else {
			none()
		}
	}
}

// coordinates answers a longitude and a latitude.
func (c *call) coordinates(p geohash.Point) {
	c.W.Array(2)
	c.coordinate(p.Lon)
	c.coordinate(p.Lat)
}

// coordinate answers a number with up to 17 digits behind the point.
func (c *call) coordinate(v float64) {
	text := strconv.AppendFloat(nil, v, 'f', 17, 64)
	text = bytes.TrimSuffix(bytes.TrimRight(text, "0"), []byte("."))
	if c.W.Proto() == 2 {
		c.W.Bulk(text)
		return
	}
	c.W.Raw(append(append([]byte{','}, text...), "\r\n"...))
}

// geodist is GEODIST key member member [unit].
func geodist(s *State, c *call) {
	unit, ok := 1.0, true
	switch {
	case len(c.Args) == 5:
		unit, ok = c.unit(c.Args[4])
	case len(c.Args) > 5:
		c.W.Error(errSyntax)
		return
	}
	if !ok {
		return
	}
	z, ok := s.zsetToRead(c, c.Args[1])
	if !ok {
		return
	}
	from, here := z.place(s, c.Args[2])
	to, there := z.place(s, c.Args[3])
	if !here || !there {
		c.W.Null()
		return
	}
	c.distance(geohash.Distance(from, to) / unit)
}

// unit reads a unit of distance, in meters, or answers that it is none.
func (c *call) unit(arg []byte) (meters float64, ok bool) {
	switch {
	case resp.Is(arg, "m"):
		return 1, true
	case resp.Is(arg, "km"):
		return 1000, true
	case resp.Is(arg, "ft"):
		return 0.3048, true
	case resp.Is(arg, "mi"):
		return 1609.34, true
	}
	c.W.Error("ERR unsupported unit provided. please use M, KM, FT, MI")
	return 0, false
}

// distance answers a distance with four digits behind the point.
func (c *call) distance(d float64) {
	const digits = 4
	n := int64(math.RoundToEven(d * 1e4))
	text := strconv.AppendInt(c.num[:0], n, 10)
	for len(text) <= digits {
		text = append([]byte{'0'}, text...)
	}
	point := len(text) - digits
	c.W.Bulk(append(append(bytes.Clone(text[:point]), '.'), text[point:]...))
}
