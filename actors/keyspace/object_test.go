package keyspace

import (
	"slices"
	"testing"

	"github.com/troupedb/troupe/wire/pack"
)

// bag is a value of another type than string. It borrows the place of a type
// that is not there yet.
type bag struct{ items []byte }

func (b *bag) kind() kind                 { return kindList }
func (b *bag) encoding() string           { return "sack" }
func (b *bag) size() int64                { return int64(len(b.items)) }
func (b *bag) clone() object              { return &bag{slices.Clone(b.items)} }
func (b *bag) appendTo(dst []byte) []byte { return pack.AppendBytes(dst, b.items) }

func readBag(r *pack.Reader) object { return &bag{slices.Clone(r.Bytes(100))} }

func putBag(b *bench, key, items string) {
	b.env.Index++
	b.s.begin(&b.env)
	p := b.s.write([]byte(key))
	b.s.setValue(&p, value{obj: &bag{[]byte(items)}}, 0)
}

func TestWrongType(t *testing.T) {
	b := newBench(t)
	putBag(b, "{k}", "abc")
	before := b.s.Hash()
	for _, cmd := range []string{"get {k}", "set {k} v get", "getset {k} v", "getdel {k}", "getex {k}", "getex {k} ex 5",
		"append {k} v", "strlen {k}", "getrange {k} 0 1", "setrange {k} 0 v", "incr {k}", "incrbyfloat {k} 1"} {
		if got := b.run(words(cmd)...); got != "-"+errWrongType+"\r\n" {
			t.Errorf("%s: %q", cmd, got)
		}
	}
	b.steps(
		step{"mget {k} {k}2", "*2|$-1|$-1|"},
		step{"lcs {k} {k}2", "-ERR The specified keys must contain string values|"},
	)
	if b.s.Hash() != before {
		t.Error("a refused command changed something")
	}
}

func TestOtherTypesGenerically(t *testing.T) {
	decoders[kindList] = readBag
	defer func() { decoders[kindList] = nil }()
	b := newBench(t)
	putBag(b, "{k}1", "abc")
	b.steps(
		step{"type {k}1", "+list|"},
		step{"object encoding {k}1", "$4|sack|"},
		step{"object refcount {k}1", ":1|"},
		step{"memory usage {k}1", ":135|"},
		step{"scan 0 type LIST count 100000", "*2|$1|0|*1|$4|{k}1|"},
		step{"copy {k}1 {k}2", ":1|"},
		step{"rename {k}1 {k}3", "+OK|"},
		step{"expire {k}3 10", ":1|"},
		step{"set {k}2 v", "+OK|"}, // overwrites any type
		step{"type {k}2", "+string|"},
	)
	checkConsistent(t, b.s)
	sameState(t, copyOf(t, b.s), b.s)
}
