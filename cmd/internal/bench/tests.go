package bench

import (
	"fmt"
	"slices"

	"github.com/troupedb/troupe/wire/resp"
)

// Test is a kind of request.
type Test struct {
	Name  string // as redis-benchmark -t knows it
	reads bool   // its keys must be there before

	// request writes one request. key ends with a digit that it may change: the slot stays the same.
	request func(w *resp.Writer, key, value []byte)
}

// msetKeys is how many keys an MSET writes, as in redis-benchmark.
const msetKeys = 10

var tests = []Test{
	{"set", false, func(w *resp.Writer, key, value []byte) { command(w, "SET", key, value) }},
	{"get", true, func(w *resp.Writer, key, _ []byte) { command(w, "GET", key) }},
	{"incr", false, func(w *resp.Writer, key, _ []byte) { command(w, "INCR", key) }},
	{"lpush", false, func(w *resp.Writer, key, value []byte) { command(w, "LPUSH", key, value) }},
	{"hset", false, func(w *resp.Writer, key, value []byte) { command(w, "HSET", key, []byte("field"), value) }},
	{"zadd", false, func(w *resp.Writer, key, value []byte) { command(w, "ZADD", key, []byte("1"), value) }},
	{"mset", false, mset},
}

// command writes a request; args begin with the key.
func command(w *resp.Writer, name string, args ...[]byte) {
	w.Array(1 + len(args))
	w.BulkString(name)
	for _, a := range args {
		w.Bulk(a)
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

// space keeps the keys of tests for different types apart. SET and GET share theirs.
func (t Test) space() string {
	if t.reads {
		return "set"
	}
	return t.Name
}

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
