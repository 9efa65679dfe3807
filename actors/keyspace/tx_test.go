package keyspace

import (
	"strconv"
	"testing"

	"github.com/troupedb/troupe/slotmap"
)

// watchKey does what a session does at WATCH.
func watchKey(b *bench, key string) Watch {
	b.t.Helper()
	pair := b.read(b.env.Now, "watch", key)
	if pair[:8] != "*1\r\n*2\r\n" {
		b.t.Fatalf("reply %q", pair)
	}
	var nums []uint64
	for _, s := range intsOf(pair) {
		n, _ := strconv.ParseUint(s, 10, 64)
		nums = append(nums, n)
	}
	return Watch{Bucket: uint16(nums[0]), Index: nums[1]}
}

func intsOf(raw string) (out []string) {
	for i := 0; i < len(raw); i++ {
		if raw[i] == ':' {
			j := i + 1
			for raw[j] != '\r' {
				j++
			}
			out = append(out, raw[i+1:j])
		}
	}
	return out
}

// tx runs a transaction in an entry of its own.
func (b *bench) tx(watches []Watch, cmds ...string) string {
	b.env.Index++
	return b.txHere(watches, cmds...)
}

// txHere runs a transaction in the current entry.
func (b *bench) txHere(watches []Watch, cmds ...string) string {
	tx := &Tx{Watches: watches}
	for _, c := range cmds {
		tx.Cmds = append(tx.Cmds, argsOf(words(c)...))
	}
	return b.execOp(&Op{Slot: slotmap.Slot([]byte("{k}")), Tx: tx})
}

func TestTxRunsAll(t *testing.T) {
	b := newBench(t)
	got := b.tx(nil, "set {k}1 a", "incr {k}1", "nosuch", "get", "get {k}1")
	want := crlf("*5|+OK|-ERR value is not an integer or out of range|" +
		"-ERR unknown command 'nosuch', with args beginning with: |-ERR wrong number of arguments for 'get' command|$1|a|")
	if got != want {
		t.Errorf("%q", got)
	}
	if got := b.tx(nil); got != "*0\r\n" {
		t.Errorf("empty: %q", got)
	}
}

func TestWatch(t *testing.T) {
	for name, c := range map[string]struct {
		before, between string
		aborts          bool
	}{
		"nothing":            {"set {k}1 a", "", false},
		"read":               {"set {k}1 a", "get {k}1", false},
		"another key":        {"set {k}1 a", "set {k}2 b", false},
		"set":                {"set {k}1 a", "set {k}1 a", true},
		"made":               {"", "set {k}1 a", true},
		"deleted":            {"set {k}1 a", "del {k}1", true},
		"not there, deleted": {"", "del {k}1", false},
		"given a time":       {"set {k}1 a", "expire {k}1 10", true},
		"persisted":          {"set {k}1 a ex 5", "persist {k}1", true},
		"not persisted":      {"set {k}1 a", "persist {k}1", false},
		"refused":            {"set {k}1 a", "incr {k}1", false},
		"renamed":            {"set {k}1 a", "rename {k}1 {k}9", true},
		"renamed to":         {"set {k}9 a", "rename {k}9 {k}1", true},
		"flushed":            {"set {k}1 a", "flushall", true},
		"appended":           {"set {k}1 a", "append {k}1 b", true},
		"range set":          {"set {k}1 a", "setrange {k}1 0 b", true},
		"read and deleted":   {"set {k}1 a", "getdel {k}1", true},
		"time read":          {"set {k}1 a", "getex {k}1", false},
		"copied":             {"set {k}1 a", "copy {k}1 {k}9", false},
	} {
		b := newBench(t)
		if c.before != "" {
			b.run(words(c.before)...)
		}
		w := watchKey(b, "{k}1")
		if c.between != "" {
			b.run(words(c.between)...)
		}
		want := "*1\r\n+OK\r\n"
		if c.aborts {
			want = "*-1\r\n"
		}
		if got := b.tx([]Watch{w}, "set {k}3 x"); got != want {
			t.Errorf("%s: %q", name, got)
		}
		if done := b.s.lookup([]byte("{k}3")).e != nil; done == c.aborts {
			t.Errorf("%s: the command ran: %v", name, done)
		}
	}
}

// What another client does after the watch but in the same entry aborts, too.
func TestWatchInTheMiddleOfAnEntry(t *testing.T) {
	b := newBench(t)
	b.run("set", "{k}1", "a")
	w := watchKey(b, "{k}1")
	if got := b.txHere([]Watch{w}, "set {k}1 b"); got != "*1\r\n+OK\r\n" {
		t.Errorf("what was done before the watch aborts: %q", got)
	}
	if got := b.txHere([]Watch{w}, "set {k}1 b"); got != "*-1\r\n" {
		t.Errorf("what was done after the watch does not abort: %q", got)
	}
}

func TestWatchedKeyExpires(t *testing.T) {
	b := newBench(t)
	b.run("set", "{k}1", "a", "px", "10")
	w := watchKey(b, "{k}1")
	b.env.Now += 10
	if got := b.tx([]Watch{w}, "get {k}1"); got != crlf("*1|$1|a|") {
		t.Errorf("alive: %q", got)
	}
	b.env.Now++
	if got := b.tx([]Watch{w}, "get {k}1"); got != "*-1\r\n" {
		t.Errorf("expired, not deleted yet: %q", got)
	}
	b.s.Tick(&b.env, 1)
	if got := b.tx([]Watch{w}, "get {k}1"); got != "*-1\r\n" {
		t.Errorf("expired and deleted: %q", got)
	}
	if got := b.tx([]Watch{watchKey(b, "{k}1")}, "get {k}1"); got != crlf("*1|$-1|") {
		t.Errorf("watched after that: %q", got)
	}
}

// A key that is past its time when the watch begins is none: that it is deleted afterwards is no modification.
func TestWatchOfAKeyPastItsTime(t *testing.T) {
	b := newBench(t)
	b.run("set", "{k}1", "a", "px", "10")
	b.env.Now += 11
	if b.read(b.env.Now, "watch", "{k}1"); !b.s.NeedsLog() {
		t.Fatal("a watch outside the log leaves the key to be deleted later")
	}
	nums := intsOf(b.exec("watch", "{k}1"))
	if b.s.Keys() != 0 {
		t.Fatal("the watch did not delete the key")
	}
	bucket, _ := strconv.ParseUint(nums[0], 10, 16)
	version, _ := strconv.ParseUint(nums[1], 10, 64)
	w := Watch{Bucket: uint16(bucket), Index: version}
	b.run("flushall")
	if got := b.tx([]Watch{w}, "get {k}1"); got != crlf("*1|$-1|") {
		t.Fatalf("reply %q", got)
	}
}

func TestWatchSurvivesASnapshot(t *testing.T) {
	b := newBench(t)
	b.run("set", "{k}1", "a")
	w := watchKey(b, "{k}1")
	w2 := watchKey(b, "{k}2")
	b.run("set", "{k}1", "b")
	b.s = copyOf(t, b.s)
	if got := b.tx([]Watch{w}, "get {k}1"); got != "*-1\r\n" {
		t.Errorf("%q", got)
	}
	if got := b.tx([]Watch{w2}, "get {k}1"); got != crlf("*1|$1|b|") {
		t.Errorf("%q", got)
	}
}

func TestWatchAndSlots(t *testing.T) {
	b := newBench(t)
	b.run("set", "{k}1", "a")
	w := watchKey(b, "{k}1")
	all := slotmap.Range{First: 0, Last: slotmap.Count - 1}
	b.s.DropSlots(&b.env, all)
	b.s.TakeSlots(&b.env, slotmap.Even(1))
	if got := b.tx([]Watch{w}, "get {k}1"); got != "*-1\r\n" {
		t.Errorf("the slot was away: %q", got)
	}
	checkConsistent(t, b.s)
}

func TestTxNotOwned(t *testing.T) {
	b := newBench(t)
	b.s.DropSlots(&b.env, slotmap.Range{First: 0, Last: slotmap.Count - 1})
	if got := b.tx(nil, "dbsize"); got != "" || !b.s.NotOwned() {
		t.Errorf("%q", got)
	}
}

func TestTxOnTheReadPath(t *testing.T) {
	b := newBench(t)
	b.run("set", "{k}1", "a", "px", "10")
	b.env.Read, b.env.ReadNow = true, b.env.Now
	if got := b.txHere(nil, "get {k}1", "strlen {k}1"); got != crlf("*2|$1|a|:1|") {
		t.Errorf("%q", got)
	}
	b.env.ReadNow += 11
	if b.txHere(nil, "get {k}1"); !b.s.NeedsLog() {
		t.Error("an expired key does not send it to the log")
	}
}
