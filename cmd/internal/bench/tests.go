package bench

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/troupedb/troupe/wire/resp"
)

// Test is a kind of request.
type Test struct {
	Name  string // as redis-benchmark -t knows it, unless it is our own
	Own   bool   // redis-benchmark has no such test
	reads string // the stock that its keys are of, which must be there before; "": it writes keys of its own

	request request
}

// request writes one request. key ends with a digit that it may change: the slot stays the same.
type request func(w *resp.Writer, key, value []byte)

// msetKeys is how many keys an MSET writes, as in redis-benchmark.
const msetKeys = 10

var tests = []Test{
	{Name: "set", request: command("SET KEY VALUE")},
	{Name: "get", reads: "set", request: command("GET KEY")},
	{Name: "incr", request: command("INCR KEY")},
	{Name: "lpush", request: command("LPUSH KEY VALUE")},
	{Name: "hset", request: command("HSET KEY field VALUE")},
	{Name: "zadd", request: command("ZADD KEY 1 VALUE")},
	{Name: "mset", request: mset},
	{Name: "sadd", request: command("SADD KEY VALUE")},

	{Name: "setrange", Own: true, reads: "set", request: command("SETRANGE KEY 3 xyz")},
	{Name: "setbit", Own: true, request: command("SETBIT KEY 1000 1")},
	{Name: "bitcount", Own: true, reads: "set", request: command("BITCOUNT KEY")},
	{Name: "pfadd", Own: true, request: command("PFADD KEY VALUE")},
	{Name: "lrange", Own: true, reads: "list", request: command("LRANGE KEY 0 9")},
	{Name: "hgetall", Own: true, reads: "hash", request: command("HGETALL KEY")},
	{Name: "hincrby", Own: true, request: command("HINCRBY KEY field 1")},
	{Name: "sismember", Own: true, reads: "members", request: command("SISMEMBER KEY 3")},
	{Name: "smembers", Own: true, reads: "members", request: command("SMEMBERS KEY")},
	{Name: "zrange", Own: true, reads: "scores", request: command("ZRANGE KEY 0 9 WITHSCORES")},
	{Name: "zincrby", Own: true, reads: "scores", request: command("ZINCRBY KEY 1 3")},
	{Name: "geosearch", Own: true, reads: "places", request: command("GEOSEARCH KEY FROMLONLAT 13 52 BYRADIUS 500 km ASC")},
	{Name: "xadd", Own: true, request: command("XADD KEY MAXLEN ~ 100 * field VALUE")},
	{Name: "xrange", Own: true, reads: "entries", request: command("XRANGE KEY - +")},
}

// stocks are what tests read: keys of ten elements each, but for plain values, written by one request a key.
var stocks = map[string]request{
	"set":     command("SET KEY VALUE"),
	"list":    command("RPUSH KEY a b c d e f g h i j"),
	"hash":    command("HSET KEY a 0 b 1 c 2 d 3 e 4 f 5 g 6 h 7 i 8 j 9"),
	"members": command("SADD KEY 0 1 2 3 4 5 6 7 8 9"),
	"scores":  command("ZADD KEY 0 0 1 1 2 2 3 3 4 4 5 5 6 6 7 7 8 8 9 9"),
	"places":  command("GEOADD KEY 13.0 52 a 13.1 52 b 13.2 52 c 13.3 52 d 13.4 52 e 13.5 52 f 13.6 52 g 13.7 52 h 13.8 52 i 13.9 52 j"),
	"entries": command("XADD KEY MAXLEN 10 * field VALUE"),
}

// command makes requests of a line of words, of which KEY and VALUE stand for those of a request.
func command(line string) request {
	words := strings.Fields(line)
	return func(w *resp.Writer, key, value []byte) {
		w.Array(len(words))
		for _, word := range words {
			switch word {
			case "KEY":
				w.Bulk(key)
			case "VALUE":
				w.Bulk(value)
			default:
				w.BulkString(word)
			}
		}
	}
}

func mset(w *resp.Writer, key, value []byte) {
	w.Array(1 + 2*msetKeys)
	w.BulkString("MSET")
	for i := range byte(msetKeys) {
		key[len(key)-1] = '0' + i
		w.Bulk(key)
		w.Bulk(value)
	}
}

// ParseTest finds a test by its name.
func ParseTest(name string) (Test, error) {
	i := slices.IndexFunc(tests, func(t Test) bool { return t.Name == name })
	if i < 0 {
		return Test{}, fmt.Errorf("no test is called %q", name)
	}
	return tests[i], nil
}

// TestNames are the names of all tests.
func TestNames() (names []string) {
	for _, t := range tests {
		names = append(names, t.Name)
	}
	return names
}

// space keeps the keys of tests for different types apart. Those that read the same share theirs, and SET and GET.
func (t Test) space() string { return cmp.Or(t.reads, t.Name) }

// stock is the test that writes what t reads.
func (t Test) stock() Test { return Test{Name: t.reads, request: stocks[t.reads]} }

// keyDigits is how long the number in a key is, as in redis-benchmark.
const keyDigits = 12

// appendTag appends what decides the slot of a key: its number.
func appendTag(b []byte, id uint32) []byte {
	var digits [keyDigits]byte
	for i := range digits {
		digits[keyDigits-1-i] = '0' + byte(id%10)
		id /= 10
	}
	return append(b, digits[:]...)
}

// appendKey appends the key with a number: set:{000000000017}:0
func (t Test) appendKey(b []byte, id uint32) []byte {
	b = append(append(b, t.space()...), ":{"...)
	return append(appendTag(b, id), "}:0"...)
}
