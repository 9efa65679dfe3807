package geohash

// cell is a part of the map: all hashes that begin with 2*step bits.
type cell struct {
	bits uint64
	step int
}

// area is what a cell covers.
type area struct{ low, high Point }

// cellOf returns the cell of a place where latitudes end at maxLat.
func cellOf(p Point, step int, maxLat float64) cell {
	size := float64(uint64(1) << step)
	lat := (p.Lat + maxLat) / (2 * maxLat) * size
	lon := (p.Lon + MaxLon) / (2 * MaxLon) * size
	return cell{interleave(uint32(lat), uint32(lon)), step}
}

// latBits and lonBits are the bits of either coordinate.
const (
	latBits = 0x5555555555555555
	lonBits = 0xaaaaaaaaaaaaaaaa
)

// interleave puts the bits of lat in the even places and those of lon in the odd ones.
func interleave(lat, lon uint32) uint64 { return spread(lat) | spread(lon)<<1 }

// spread puts a zero before each bit.
func spread(v uint32) uint64 {
	x := uint64(v)
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = (x | x<<4) & 0x0f0f0f0f0f0f0f0f
	x = (x | x<<2) & 0x3333333333333333
	return (x | x<<1) & latBits
}

// gather undoes spread.
func gather(x uint64) uint32 {
	x &= latBits
	x = (x | x>>1) & 0x3333333333333333
	x = (x | x>>2) & 0x0f0f0f0f0f0f0f0f
	x = (x | x>>4) & 0x00ff00ff00ff00ff
	x = (x | x>>8) & 0x0000ffff0000ffff
	return uint32(x | x>>16)
}

func (c cell) area() area {
	size := float64(uint64(1) << c.step)
	lat, lon := gather(c.bits), gather(c.bits>>1)
	at := func(lat, lon uint32) Point {
		return Point{
			Lon: -MaxLon + float64(float64(lon)/size*(2*MaxLon)),
			Lat: -MaxLat + float64(float64(lat)/size*(2*MaxLat)),
		}
	}
	return area{at(lat, lon), at(lat+1, lon+1)}
}

// move returns the cell so many cells, -1 to 1, to the east and to the north. Beyond the last one comes the first.
func (c cell) move(east, north int) cell {
	lon := shift(c.bits&lonBits, east, latBits>>(64-2*c.step), lonBits>>(64-2*c.step))
	lat := shift(c.bits&latBits, north, lonBits>>(64-2*c.step), latBits>>(64-2*c.step))
	return cell{lon | lat, c.step}
}

// shift adds d to a coordinate whose bits are own; the others between them carry. One at the end of the map has
// a bit too many, and keeps it if d is 0.
func shift(x uint64, d int, others, own uint64) uint64 {
	switch {
	case d > 0:
		return (x + others + 1) & own
	case d < 0:
		return ((x | others) - (others + 1)) & own
	}
	return x
}

// Range is a range of hashes, without High.
type Range struct{ Low, High uint64 }

func (c cell) hashes() Range {
	shift := 2 * (steps - c.step)
	return Range{c.bits << shift, (c.bits + 1) << shift}
}
