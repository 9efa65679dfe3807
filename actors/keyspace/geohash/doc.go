// Package geohash turns places on earth into numbers that keep near places mostly near, as Redis's sorted sets
// of places have them, and finds the ranges of numbers that a search has to look at.
//
// A hash has 26 bits each of latitude and longitude, taking turns from the highest on; a cell is all hashes
// that begin with the same pairs of bits. Latitudes end at 85.05112878 degrees, where web maps end.
//
// All sums are those of Redis, operation by operation, since what is found at an edge depends on the last
// digit, and the same on every processor: products are converted before they are added, lest some round once
// instead of twice, and sines are made here (trig.go).
//
// Angles are degrees, distances are meters.
package geohash
