package keyspace

import (
	"strings"
	"testing"
)

func sicily(b *bench) {
	b.steps(step{"geoadd {g}k 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2|"})
}

func TestGeoPlaces(t *testing.T) {
	b := newBench(t)
	sicily(b)
	b.steps(
		step{"zscore {g}k Palermo", "$16|3479099956230698|"},
		step{"geohash {g}k Palermo none Catania", "*3|$11|sqc8b49rny0|$-1|$11|sqdtr74hyu0|"},
		step{"geopos {g}k Palermo none", "*2|*2|$20|13.36138933897018433|$20|38.11555639549629859|*-1|"},
		step{"geodist {g}k Palermo Catania", "$11|166274.1516|"},
		step{"geodist {g}k Palermo Catania KM", "$8|166.2742|"},
		step{"geodist {g}k Palermo none", "$-1|"},
		step{"geodist {g}k Palermo Palermo", "$6|0.0000|"},
		step{"geodist {g}k Palermo Catania yd", "-ERR unsupported unit provided. please use M, KM, FT, MI|"},
		step{"geoadd {g}k nx ch 1 1 Palermo 2 2 c", ":1|"},
		step{"geoadd {g}k xx nx 1 1 a", "-ERR syntax error|"},
		step{"geoadd {g}k 1 1 a 181 1 b", "-ERR invalid longitude,latitude pair 181.000000,1.000000|"},
		step{"geoadd {g}k inf 1 b", "-ERR invalid longitude,latitude pair inf,1.000000|"},
		step{"zcard {g}k", ":3|"},
	)
}

func TestGeoSearch(t *testing.T) {
	b := newBench(t)
	sicily(b)
	b.steps(
		step{"geosearch {g}k fromlonlat 15 37 byradius 200 km asc", "*2|$7|Catania|$7|Palermo|"},
		step{"georadius {g}k 15 37 200 km desc count 1", "*1|$7|Palermo|"},
		step{"geosearch {g}k frommember Palermo bybox 10 10 km withdist withhash", "*1|*3|$7|Palermo|$6|0.0000|:3479099956230698|"},
		step{"georadiusbymember_ro {g}k Catania 1 ft", "*1|$7|Catania|"},
		step{"georadiusbymember_ro {g}k Catania 1 ft store {g}d", "-ERR syntax error|"},
		step{"geosearch {g}none frommember x byradius 1 km", "*0|"},
		step{"geosearch {g}k frommember x byradius 1 km", "-ERR could not decode requested zset member|"},
		step{"geosearch {g}k frommember Palermo fromlonlat 1 1 byradius 1 km", "-ERR syntax error|"},
		step{"geosearch {g}k fromlonlat 15 37 bybox -1 1 km", "-ERR height or width cannot be negative|"},
		step{"geosearch {g}k fromlonlat 15 37 byradius 1 km any", "-ERR the ANY argument requires COUNT argument|"},
	)
}

func TestGeoStore(t *testing.T) {
	b := newBench(t)
	sicily(b)
	b.steps(
		step{"geosearchstore {g}d {g}k fromlonlat 15 37 byradius 200 km", ":2|"},
		step{"zscore {g}d Palermo", "$16|3479099956230698|"},
		step{"georadius {g}k 15 37 200 km storedist {g}d count 1", ":1|"},
		step{"zcard {g}d", ":1|"},
		step{"zrangebyscore {g}d 56.4 56.5", "*1|$7|Catania|"},
		step{"georadius {g}k 15 37 200 km store {g}d withdist",
			"-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options|"},
		step{"geosearchstore {g}d {g}k fromlonlat 0 0 byradius 1 km", ":0|"},
		step{"exists {g}d", ":0|"},
	)
}

// Scores that are no hashes are places all the same, and found where they are.
func TestGeoTakesAnyScore(t *testing.T) {
	b := newBench(t)
	scores := strings.Fields("0 -1 1e300 -1e300 inf -inf 4503599627370496 18446744073709551615 0.5")
	for _, score := range scores {
		b.run("zadd", "{g}k", score, "m"+score)
	}
	for _, score := range scores {
		if got := b.run("geopos", "{g}k", "m"+score); !strings.HasPrefix(got, "*1\r\n*2\r\n") {
			t.Errorf("score %s: %q", score, got)
		}
		b.run("geosearch", "{g}k", "frommember", "m"+score, "byradius", "10", "km", "withhash")
	}
	if b.s.Panics() > 0 {
		t.Error("panicked")
	}
}
