package keyspace

import (
	"fmt"
	"strconv"
	"testing"
)

func TestGeoAsRedis(t *testing.T) {
	for proto := 2; proto <= 3; proto++ {
		server := startRedis(t)
		g := newServerGen(t, server)
		g.only = (*gen).geoCommand
		differOn(t, server, newBench(t), g, proto, 30*more(t))
	}
}

func (g *gen) geoKey() string { return g.pick("{t}geo1", "{t}geo2", "{t}geo3", "{t}3") }

func (g *gen) town() string { return "town" + strconv.Itoa(g.IntN(30)) }

// place is a longitude and a latitude: mostly in one country, sometimes anywhere, at an edge or none.
func (g *gen) place() []string {
	switch g.IntN(12) {
	case 0:
		return []string{g.pick("180", "-180", "179.99", "-179.99", "0"), g.pick("0", "85.05112878", "-85.05112878", "84", "-84.9")}
	case 1:
		return []string{g.pick("180.1", "-181", "x", "nan", "inf", "1e3", ""), g.pick("1", "85.06", "-90", "x")}
	case 2, 3:
		return []string{fmt.Sprint(g.Float64()*360 - 180), fmt.Sprint(g.Float64()*170 - 85)}
	}
	return []string{fmt.Sprint(8 + g.Float64()*5), fmt.Sprint(48 + g.Float64()*5)}
}

func (g *gen) length() string {
	switch g.IntN(10) {
	case 0:
		return g.pick("0", "-1", "x", "1e9", "inf", "30000000", "0.001")
	case 1, 2:
		return fmt.Sprint(g.Float64() * 10000)
	}
	return fmt.Sprint(g.Float64() * 300)
}

func (g *gen) unit() string { return g.pick("m", "km", "KM", "ft", "mi", "km", "km", "km", "yd") }

func (g *gen) geoCommand() []string {
	switch g.IntN(20) {
	case 0, 1, 2, 3, 4, 5:
		cmd := append([]string{"geoadd", g.geoKey()}, g.geoaddOptions()...)
		for range 1 + g.IntN(4) {
			cmd = append(append(cmd, g.place()...), g.town())
		}
		return cmd
	case 6:
		return []string{g.pick("geopos", "geohash", "zmscore"), g.geoKey(), g.town(), g.town()}
	case 7, 8:
		return append([]string{"geodist", g.geoKey(), g.town(), g.town()}, g.optionally(2, g.unit())...)
	case 9, 10:
		cmd := append(append([]string{g.pick("georadius", "georadius_ro"), g.geoKey()}, g.place()...), g.length(), g.unit())
		return append(cmd, g.geoOptions("store", g.geoKey(), "storedist", g.geoKey())...)
	case 11, 12:
		cmd := []string{g.pick("georadiusbymember", "georadiusbymember_ro"), g.geoKey(), g.town(), g.length(), g.unit()}
		return append(cmd, g.geoOptions("store", g.geoKey(), "storedist", g.geoKey())...)
	case 13, 14:
		return append(append([]string{"geosearchstore", g.geoKey(), g.geoKey()}, g.area()...), g.geoOptions("storedist")...)
	case 15:
		return []string{g.pick("zrange", "zrem", "del", "zadd", "zadd"), g.geoKey(), g.score(), g.town()}
	}
	return append(append([]string{"geosearch", g.geoKey()}, g.area()...), g.geoOptions()...)
}

func (g *gen) geoaddOptions() (o []string) {
	for g.IntN(3) == 0 {
		o = append(o, g.caps(g.pick("nx", "xx", "ch", "ch", "gt")))
	}
	return o
}

func (g *gen) area() (o []string) {
	from := []string{g.caps("frommember"), g.town()}
	if g.IntN(2) == 0 {
		from = append([]string{"fromlonlat"}, g.place()...)
	}
	shape := []string{g.caps("byradius"), g.length(), g.unit()}
	if g.IntN(2) == 0 {
		shape = []string{"bybox", g.length(), g.length(), g.unit()}
	}
	switch g.IntN(20) {
	case 0:
		return from
	case 1:
		return shape
	case 2:
		return append(append(shape, from...), "bybox", "1", "1", "km")
	}
	return append(from, shape...)
}

func (g *gen) geoOptions(store ...string) (o []string) {
	for g.IntN(2) == 0 {
		switch g.IntN(6) {
		case 0, 1, 2:
			o = append(o, g.caps(g.pick("withdist", "withhash", "withcoord")))
		case 3:
			o = append(o, "count", g.pick("1", "2", "3", "5", "0", "-1", "x"))
			if g.IntN(3) == 0 {
				o = append(o, g.caps("any"))
			}
		case 4:
			o = append(o, g.pick("asc", "desc", "DESC", "bad", "any"))
		case 5:
			if n := len(store); n > 0 {
				i := g.IntN((n+1)/2) * 2
				o = append(o, store[i:min(i+2, n)]...)
			}
		}
	}
	return o
}
