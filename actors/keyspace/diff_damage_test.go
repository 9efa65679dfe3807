package keyspace

import (
	"testing"

	"github.com/troupedb/troupe/actors/keyspace/rdb"
)

// What is damaged and taken here, Redis takes too, and to both it is the same value. What Redis takes may be refused here:
// it does not mind bytes behind a value, strings that are packed wrongly, nor a small sorted set that is not in order.
func TestDamagedDumpsAsRedis(t *testing.T) {
	server := startRedis(t)
	differDamaged(t, server, newServerGen(t, server), 10*more(t))
}

func differDamaged(t *testing.T, server *redis, g *gen, rounds int) {
	b := newBench(t)
	server.ask(t, "CONFIG", "SET", "sanitize-dump-payload", "yes")
	taken, refused := 0, 0
	for range rounds {
		differOn(t, server, b, g, 2, 1)
		for _, key := range differKeys {
			value, ok := g.dumped(t, server, b, key)
			for range 8 {
				switch {
				case !ok:
				case g.restoreDamaged(t, server, b, value):
					taken++
				default:
					refused++
				}
			}
		}
	}
	if taken == 0 || refused == 0 {
		t.Errorf("%d damaged values were taken, %d refused", taken, refused)
	}
}

// dumped is what one of the sides dumps, without its sum; ok is false if there is no such key.
func (g *gen) dumped(t *testing.T, server *redis, b *bench, key string) (value []byte, ok bool) {
	payload := b.payload(key)
	if g.IntN(2) == 0 {
		payload = server.ask(t, "DUMP", key).text
	}
	return rdb.Open([]byte(payload))
}

// restoreDamaged has both sides restore a value with damage and a sum that is right, and tells whether it is taken here.
func (g *gen) restoreDamaged(t *testing.T, server *redis, b *bench, value []byte) (taken bool) {
	t.Helper()
	const key = "{t}damaged"
	damaged := g.damage(value)
	if !server.is72 && len(damaged) > 0 && damaged[0] > rdb.TypeStream2 { // 7.0 does not know what 7.2 has more
		return false
	}
	bad := string(rdb.Seal(damaged))
	cmds := [][]string{
		{"restore", key, "0", bad, "replace"}, {"type", key}, {"get", key}, {"hgetall", key}, {"smembers", key}, {"xlen", key},
		{"lrange", key, "0", "-1"}, {"zrange", key, "0", "-1", "withscores"}, {"xrange", key, "-", "+"}, {"del", key},
	}
	g.tally.add(cmds...)
	theirs := server.askAll(t, cmds)
	if b.run(cmds[0]...) != ok {
		return false
	}
	for i, cmd := range cmds {
		if i == 0 && theirs[0] == ok {
			continue
		}
		if ours := b.run(cmd...); !server.sameReply(cmd, ours, theirs[i]) {
			t.Errorf("%q damaged to %q\n%s\n got %q\nwant %q", value, bad, cmd[0], ours, theirs[i])
			b.run("del", key)
			break
		}
	}
	return true
}

// damage returns a copy of b with some of its bytes changed, left out, doubled or cut off.
func (g *gen) damage(b []byte) []byte {
	bad := append([]byte{}, b...)
	for range 1 + g.IntN(3) {
		if len(bad) < 2 {
			break
		}
		i := g.IntN(len(bad))
		j := i + 1 + g.IntN(min(len(bad)-i, 8))
		switch g.IntN(6) {
		case 0:
			bad[i] ^= 1 << g.IntN(8)
		case 1:
			bad[i] = byte(g.IntN(256))
		case 2:
			bad = append(bad[:i], bad[j:]...)
		case 3:
			bad = append(bad[:j:j], bad[i:]...)
		case 4:
			bad = bad[:i]
		case 5:
			bad[i] += byte(1 + g.IntN(2)*254)
		}
	}
	return bad
}
