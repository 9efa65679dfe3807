package geohash

import "math"

// The bounds of places.
const (
	MaxLon = 180.0
	MaxLat = 85.05112878
)

// steps is how many bits each coordinate of a hash has.
const steps = 26

// Point is a place.
type Point struct{ Lon, Lat float64 }

// Valid tells whether p can be hashed.
func (p Point) Valid() bool {
	return -MaxLon <= p.Lon && p.Lon <= MaxLon && -MaxLat <= p.Lat && p.Lat <= MaxLat
}

// Encode returns the hash of p. REQUIRES: p is valid.
func Encode(p Point) uint64 { return cellOf(p, steps, MaxLat).bits }

// Decode returns the middle of the smallest cell, that of a hash. It takes any number.
func Decode(hash uint64) Point {
	a := cell{hash, steps}.area()
	return Point{
		Lon: min(max((a.low.Lon+a.high.Lon)/2, -MaxLon), MaxLon),
		Lat: min(max((a.low.Lat+a.high.Lat)/2, -MaxLat), MaxLat),
	}
}

// OfScore returns the hash that a score of a sorted set is, in the same way for what is none on every processor.
func OfScore(score float64) uint64 {
	const half = 1 << 63
	switch {
	case score < -half:
		return half
	case score < half:
		return uint64(int64(score))
	case score < 2*half:
		return uint64(score)
	}
	return 0
}

const alphabet = "0123456789bcdefghjkmnpqrstuvwxyz"

// textSize is the length of a hash as text: ten letters of five bits, and one that says nothing.
const textSize = 11

// Text returns the geohash of p as geohash.org has it, where latitudes end at the poles.
func Text(p Point) []byte {
	bits := cellOf(p, steps, 90).bits
	text := make([]byte, textSize)
	for i := range textSize - 1 {
		text[i] = alphabet[bits>>(2*steps-5*(i+1))&31]
	}
	text[textSize-1] = alphabet[0]
	return text
}

const (
	radian = float64(math.Pi) / 180 // a degree in radians
	earth  = 6372797.560856         // the radius of the earth
)

// Distance returns the length of the great circle between two places, by haversines.
func Distance(a, b Point) float64 {
	v := sine((float64(b.Lon*radian) - float64(a.Lon*radian)) / 2)
	if v == 0 {
		return latDistance(a.Lat, b.Lat)
	}
	lat1, lat2 := float64(a.Lat*radian), float64(b.Lat*radian)
	u := sine((lat2 - lat1) / 2)
	h := float64(u*u) + float64(cosine(lat1)*cosine(lat2)*v*v)
	return 2 * earth * arcSineOfRoot(h)
}

func latDistance(lat1, lat2 float64) float64 {
	return earth * math.Abs(float64(lat2*radian)-float64(lat1*radian))
}
