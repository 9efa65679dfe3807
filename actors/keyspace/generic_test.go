package keyspace

import "testing"

func TestExistence(t *testing.T) {
	newBench(t).steps(
		step{"mset {k}1 a {k}2 b", "+OK|"},
		step{"exists {k}1 {k}2 {k}3 {k}1", ":3|"},
		step{"touch {k}1 {k}3", ":1|"},
		step{"type {k}1", "+string|"},
		step{"type {k}3", "+none|"},
		step{"unlink {k}1 {k}3 {k}1", ":1|"},
		step{"dbsize", ":1|"},
		step{"flushall sync", "+OK|"},
		step{"dbsize", ":0|"},
		step{"flushdb now", "-ERR syntax error|"},
		step{"flushdb async sync", "-ERR syntax error|"},
		step{"flushdb", "+OK|"},
		step{"nosuch a b", "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b' |"},
		step{"object nosuch k", "-ERR unknown subcommand 'nosuch'. Try OBJECT HELP.|"},
		step{"get", "-ERR wrong number of arguments for 'get' command|"},
	)
}

func TestExpireRules(t *testing.T) {
	mixed := "-ERR NX and XX, GT or LT options at the same time are not compatible|"
	newBench(t).steps(
		step{"set k v", "+OK|"},
		step{"expire none 10", ":0|"},
		step{"expire k 10 xx", ":0|"},
		step{"expire k 10 gt", ":0|"},
		step{"expire k 10 lt", ":1|"},
		step{"expire k 20 nx", ":0|"},
		step{"expire k 20 lt", ":0|"},
		step{"expire k 10 gt", ":0|"},
		step{"expire k 20 gt", ":1|"},
		step{"expire k 30 XX", ":1|"},
		step{"pttl k", ":30000|"},
		step{"expire k 5 xx lt", ":1|"},
		step{"expire k 1 nx xx", mixed},
		step{"expire k 1 nx gt", mixed},
		step{"expire k 1 lt nx", mixed},
		step{"expire k 1 gt lt", "-ERR GT and LT options at the same time are not compatible|"},
		step{"expire k 1 foo", "-ERR Unsupported option foo|"},
		step{"persist k", ":1|"},
		step{"persist k", ":0|"},
		step{"persist none", ":0|"},
		step{"expire k 10 nx", ":1|"},
	)
}

func TestExpireTimes(t *testing.T) {
	bad := func(name string) string { return "-ERR invalid expire time in '" + name + "' command|" }
	newBench(t).steps(
		step{"set k v", "+OK|"},
		step{"ttl k", ":-1|"},
		step{"ttl none", ":-2|"},
		step{"expiretime k", ":-1|"},
		step{"pexpire k 1499", ":1|"},
		step{"ttl k", ":1|"},
		step{"pexpire k 1500", ":1|"},
		step{"ttl k", ":2|"},
		step{"expireat k 1800000000", ":1|"},
		step{"expiretime k", ":1800000000|"},
		step{"pexpiretime k", ":1800000000000|"},
		step{"pexpireat k 1800000000123", ":1|"},
		step{"pexpiretime k", ":1800000000123|"},
		step{"expire k x", "-ERR value is not an integer or out of range|"},
		step{"expire k 9223372036854775807", bad("expire")},
		step{"expire k 9223372036854775", bad("expire")},
		step{"expireat k -9223372036854775807", bad("expireat")},
		step{"pexpire k 9223372036854775807", bad("pexpire")},
		step{"pexpireat k 9223372036854775807", ":1|"},
		step{"pexpiretime k", ":9223372036854775807|"},
		step{"expiretime k", ":9223372036854775|"},
		step{"pexpire k -9223372036854775808", ":1|"},
		step{"exists k", ":0|"},
		step{"set k v", "+OK|"},
		step{"expire k 0", ":1|"},
		step{"exists k", ":0|"},
		step{"set k v", "+OK|"},
		step{"pexpireat k 1700000000000", ":1|"}, // now
		step{"exists k", ":0|"},
	)
}

func TestRenameAndCopy(t *testing.T) {
	newBench(t).steps(
		step{"move {k}1 1", "-ERR MOVE is not allowed in cluster mode|"},
		step{"rename {k}1 {k}2", "-ERR no such key|"},
		step{"renamenx {k}1 {k}1", "-ERR no such key|"},
		step{"set {k}1 v px 1000", "+OK|"},
		step{"rename {k}1 {k}1", "+OK|"},
		step{"renamenx {k}1 {k}1", ":0|"},
		step{"set {k}2 w", "+OK|"},
		step{"renamenx {k}1 {k}2", ":0|"},
		step{"rename {k}1 {k}2", "+OK|"},
		step{"mget {k}1 {k}2", "*2|$-1|$1|v|"},
		step{"pttl {k}2", ":1000|"},
		step{"copy {k}2 {k}3", ":1|"},
		step{"pttl {k}3", ":1000|"},
		step{"append {k}2 x", ":2|"},
		step{"get {k}3", "$1|v|"},
		step{"copy {k}2 {k}3", ":0|"},
		step{"copy {k}2 {k}3 REPLACE db 0", ":1|"},
		step{"get {k}3", "$2|vx|"},
		step{"copy {k}9 {k}3 replace", ":0|"},
		step{"copy {k}2 {k}2", "-ERR source and destination objects are the same|"},
		step{"copy {k}2 {k}3 db", "-ERR syntax error|"},
		step{"copy {k}2 {k}3 db x", "-ERR value is not an integer or out of range|"},
		step{"copy {k}2 {k}3 db 3000000000", "-ERR value is out of range, value must between -2147483648 and 2147483647|"},
		step{"copy {k}2 {k}3 db 16", "-ERR DB index is out of range|"},
		step{"copy {k}2 {k}3 db 1", "-ERR Copying to another database is not allowed in cluster mode|"},
		step{"renamenx {k}2 {k}4", ":1|"},
		step{"persist {k}3", ":1|"},
		step{"set {k}5 w px 5", "+OK|"},
		step{"rename {k}3 {k}5", "+OK|"}, // loses the time of what it overwrites
		step{"pttl {k}5", ":-1|"},
	)
}

func TestObjectAndMemory(t *testing.T) {
	b := newBench(t)
	b.steps(
		step{"object encoding k", "$-1|"},
		step{"memory usage k", "$-1|"},
		step{"set k 9999", "+OK|"},
		step{"object refcount k", ":2147483647|"},
		step{"set k 10000", "+OK|"},
		step{"object refcount k", ":1|"},
		step{"object idletime k", ":0|"},
		step{"set k abc", "+OK|"},
		step{"memory usage k", ":76|"},
		step{"memory usage k samples 0", ":76|"},
		step{"memory usage k samples -1", "-ERR syntax error|"},
		step{"memory usage k samples x", "-ERR value is not an integer or out of range|"},
		step{"memory usage k samples", "-ERR syntax error|"},
		step{"memory usage k foo 1", "-ERR syntax error|"},
	)
	if b.s.Bytes() != 76 {
		t.Errorf("%d bytes in all", b.s.Bytes())
	}
}

func TestKeysPattern(t *testing.T) {
	b := newBench(t)
	b.steps(step{"keys *", "*0|"}, step{"mset {a}1 x {a}2 x", "+OK|"}, step{"set {a}3 x px 1", "+OK|"}, step{"keys {a}1", "*1|$4|{a}1|"})
	b.env.Now += 10
	if got := b.exec("keys", "*"); len(texts(t, got)) != 2 {
		t.Errorf("an expired key is answered: %q", got)
	}
	if b.read(b.env.Now, "keys", "*"); b.s.NeedsLog() {
		t.Error("a key that is expired by the committed clock sends a read to the log")
	}
}

// A command that reads leaves even expired keys alone; one that writes deletes
// those that it meets.
func TestWhoDeletesExpiredKeys(t *testing.T) {
	b := newBench(t)
	b.exec("mset", "{a}1", "x", "{a}2", "x")
	b.exec("pexpire", "{a}1", "5")
	b.exec("pexpire", "{a}2", "5")
	b.env.Now += 10
	before := b.s.Hash()
	for _, cmd := range []string{"get {a}1", "exists {a}1", "keys *", "scan 0", "randomkey", "ttl {a}1", "type {a}1"} {
		b.exec(words(cmd)...)
	}
	if b.s.Hash() != before {
		t.Fatal("a read deleted a key")
	}
	if got := b.exec("del", "{a}1"); got != ":0\r\n" || b.s.Keys() != 1 {
		t.Fatalf("del: %q, %d keys left", got, b.s.Keys())
	}
	if got := b.exec("set", "{a}2", "y", "xx", "keepttl"); got != "$-1\r\n" || b.s.Keys() != 0 {
		t.Fatalf("set xx: %q, %d keys left", got, b.s.Keys())
	}
}
