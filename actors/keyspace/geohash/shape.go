package geohash

import "math"

// Shape is an area to search: a circle of a Radius, or a Box as wide and high as it says, around a Center. The
// sizes are in units of Unit meters.
type Shape struct {
	Center        Point
	Box           bool
	Radius        float64
	Width, Height float64
	Unit          float64
}

// Distance returns how far p is from the center; ok is false if it is not in the shape.
func (s *Shape) Distance(p Point) (distance float64, ok bool) {
	if s.Box {
		if latDistance(p.Lat, s.Center.Lat) > s.Height*s.Unit/2 ||
			Distance(p, Point{s.Center.Lon, p.Lat}) > s.Width*s.Unit/2 {
			return 0, false
		}
		return Distance(s.Center, p), true
	}
	distance = Distance(s.Center, p)
	return distance, distance <= s.Radius*s.Unit
}

// reach is the distance from the center to the farthest point.
func (s *Shape) reach() float64 {
	if !s.Box {
		return s.Radius * s.Unit
	}
	w, h := s.Width/2, s.Height/2
	return math.Sqrt(float64(w*w)+float64(h*h)) * s.Unit
}

// bounds returns the corners of the box around the shape, which may lie beyond those of the map.
func (s *Shape) bounds() area {
	height, width := s.Unit*s.Radius, s.Unit*s.Radius
	if s.Box {
		height, width = s.Unit*(s.Height/2), s.Unit*(s.Width/2)
	}
	c := s.Center
	lat := height / earth / radian
	away := c.Lat + lat // the edge that is nearer to its pole, where degrees of longitude are shorter
	if c.Lat < 0 {
		away = c.Lat - lat
	}
	lon := width / earth / cosine(float64(away*radian)) / radian
	return area{Point{c.Lon - lon, c.Lat - lat}, Point{c.Lon + lon, c.Lat + lat}}
}

// estimate returns the step at which nine cells should cover a distance at a latitude.
func estimate(distance, lat float64) int {
	const half = 20037726.37 // the map's, from the middle to an edge
	if distance == 0 {
		return steps
	}
	step := -1
	for ; distance < half; distance *= 2 {
		step++
	}
	switch lat = math.Abs(lat); {
	case lat > 80:
		step -= 2
	case lat > 66:
		step--
	}
	return min(max(step, 1), steps)
}

// around names the cells around one, in the order in which they are searched.
var around = [...]struct{ east, north int }{
	{0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1},
}

// Search returns the ranges of hashes that together have all of the shape, and more.
func (s *Shape) Search() (found []Range) {
	want := s.bounds()
	step := estimate(s.reach(), s.Center.Lat)
	c := cellOf(s.Center, step, MaxLat)
	if step > 1 && !c.covers(want) {
		c = cellOf(s.Center, step-1, MaxLat)
	}
	var last cell
	for i, a := range around {
		next := c.move(a.east, a.north)
		if !c.needs(want, a.east, a.north) || i > 1 && next == last {
			continue
		}
		found, last = append(found, next.hashes()), next
	}
	return found
}

// covers tells whether a cell with those around it reaches as far as want, or want is no number.
func (c cell) covers(want area) bool {
	return !(c.move(0, 1).area().high.Lat < want.high.Lat || c.move(0, -1).area().low.Lat > want.low.Lat ||
		c.move(1, 0).area().high.Lon < want.high.Lon || c.move(-1, 0).area().low.Lon > want.low.Lon)
}

// needs tells whether the cell in a direction may have something of want, for all that c alone covers of it.
func (c cell) needs(want area, east, north int) bool {
	if c.step < 2 {
		return true
	}
	a := c.area()
	return !(north < 0 && a.low.Lat < want.low.Lat || north > 0 && a.high.Lat > want.high.Lat ||
		east < 0 && a.low.Lon < want.low.Lon || east > 0 && a.high.Lon > want.high.Lon)
}
