package session

import (
	"bytes"
	"testing"

	"github.com/troupedb/troupe/actors/keyspace"
)

// A write to all shards that one of them refuses while others have carried it out may not be told as not done.
func TestHalfDoneWriteIsUnknown(t *testing.T) {
	b := newBed(t, 2)
	c := b.dial()
	c.want("SET "+b.keyIn(1, "a")+" 1", "OK", "SET "+b.keyIn(2, "b")+" 1", "OK")
	b.send(1, refuseOnce{after: 0})
	if got := c.do("FLUSHALL"); got != "-"+lineUnknown {
		t.Errorf("one shard is flushed and one is not: %s", got)
	}
	c.want("FLUSHALL", "OK", "DBSIZE", "0")
}

// Where a password stands in HELLO depends on what is before it.
func TestHelloIsRedacted(t *testing.T) {
	args := [][]byte{[]byte("HELLO"), []byte("3"), []byte("SETNAME"), []byte("auth"), []byte("AUTH"), []byte("default"), []byte("secret")}
	if got := bytes.Join(redacted(newVerb(keyspace.Lookup([]byte("hello"))), args), []byte(" ")); bytes.Contains(got, []byte("secret")) {
		t.Errorf("%q", got)
	}
}
