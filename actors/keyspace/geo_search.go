package keyspace

import (
	"cmp"
	"slices"

	"github.com/troupedb/troupe/actors/keyspace/geohash"
)

// found is a place that a search found.
type found struct {
	scoredMember
	at       geohash.Point
	distance float64 // from the center, m
}

// geosearchOf returns the handler of
//
//	GEOSEARCH key FROMMEMBER member|FROMLONLAT lon lat BYRADIUS r unit|BYBOX w h unit [options]
//	GEOSEARCHSTORE destination key … [options] [STOREDIST]
//	GEORADIUS key lon lat r unit [options] [STORE key] [STOREDIST key]
//	GEORADIUSBYMEMBER key member r unit …
//
// The options are [ASC|DESC] [COUNT n [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH].
func geosearchOf(form geoForm) handler {
	return func(s *State, c *call) {
		q := geoQuery{geoForm: form}
		z, ok := s.zsetToRead(c, c.Args[form.source()])
		if !ok {
			return
		}
		if !q.parse(s, c, z) {
			return
		}
		places := q.search(s, z)
		if q.store != nil {
			s.storePlaces(c, &q, places)
			return
		}
		c.W.Array(len(places))
		for i := range places {
			q.answer(c, &places[i])
		}
	}
}

// search returns what is to be answered, in that order.
func (q *geoQuery) search(s *State, z *sortedSet) (places []found) {
	if z == nil {
		return nil
	}
	for _, r := range q.shape.Search() {
		if places = q.collect(z, r, places); q.enough(places) {
			break
		}
	}
	order := q.order
	if order == 0 && q.count > 0 && !q.any { // the nearest
		order = 1
	}
	if order != 0 {
		slices.SortStableFunc(places, func(a, b found) int { return order * cmp.Compare(a.distance, b.distance) })
	}
	if q.count > 0 && q.count < int64(len(places)) {
		places = places[:q.count]
	}
	return places
}

// enough tells whether there are as many places as ANY asks for.
func (q *geoQuery) enough(places []found) bool { return q.any && int64(len(places)) >= q.count }

// collect adds the places of a range of hashes that are in the shape.
func (q *geoQuery) collect(z *sortedSet, r geohash.Range, places []found) []found {
	low, high := z.scoreRank(float64(r.Low), false), z.scoreRank(float64(r.High), false)
	for member, score := range z.from(low, false) {
		if low == high || q.enough(places) {
			break
		}
		at := geohash.Decode(geohash.OfScore(score))
		if distance, ok := q.shape.Distance(at); ok {
			places = append(places, found{scoredMember{member, score}, at, distance})
		}
		low++
	}
	return places
}

// answer answers one place.
func (q *geoQuery) answer(c *call, p *found) {
	if n := q.extras(); n > 0 {
		c.W.Array(n + 1)
	}
	c.W.Bulk(p.member)
	if q.withDistance {
		c.distance(p.distance / q.shape.Unit)
	}
	if q.withHash {
		c.W.Int(int64(geohash.OfScore(p.score)))
	}
	if q.withPoint {
		c.coordinates(p.at)
	}
}

// storePlaces makes the destination hold places, by their hashes or their distances, or nothing.
func (s *State) storePlaces(c *call, q *geoQuery, places []found) {
	result := &sortedSet{}
	for _, p := range places {
		score := p.score
		if q.storeDistance {
			score = p.distance / q.shape.Unit
		}
		result.put(s, p.member, score)
	}
	event := "geosearchstore"
	if q.around != aroundAny {
		event = "georadiusstore"
	}
	p := s.write(q.store)
	s.storeResult(&p, result, EventSortedSet, event)
	c.W.Int(int64(len(places)))
}
