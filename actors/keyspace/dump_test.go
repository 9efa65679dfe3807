package keyspace

import (
	"fmt"
	"strings"
	"testing"

	"github.com/troupedb/troupe/actors/keyspace/rdb"
)

// payload returns what DUMP answers, nothing if there is no such key.
func (b *bench) payload(key string) string {
	_, text, _ := strings.Cut(b.run("dump", key), "\r\n")
	return strings.TrimSuffix(text, "\r\n")
}

func TestDumpIsInRedissFormat(t *testing.T) {
	b := newBench(t)
	for _, tc := range []struct {
		make, want string
	}{
		{"set {d}k bar", "\x00\x03bar"},
		{"set {d}k 10", "\x00\xc0\x0a"},
		{"set {d}k 4294967296", "\x00\x0a4294967296"},
		{"rpush {d}k a 1", "\x12\x01\x02\x0c\x0c\x00\x00\x00\x02\x00\x81a\x02\x01\x01\xff"},
		{"sadd {d}k 3 1", "\x0b\x0c\x02\x00\x00\x00\x02\x00\x00\x00\x01\x00\x03\x00"},
		{"sadd {d}k x", "\x02\x01\x01x"},
		{"hset {d}k f v", "\x10\x0d\x0d\x00\x00\x00\x02\x00\x81f\x02\x81v\x02\xff"},
		{"zadd {d}k 1.5 m", "\x11\x0f\x0f\x00\x00\x00\x02\x00\x81m\x02\x831.5\x04\xff"},
	} {
		b.run("del", "{d}k")
		b.run(words(tc.make)...)
		if got, want := b.payload("{d}k"), string(rdb.Seal([]byte(tc.want))); got != want {
			t.Errorf("%s\n got %q\nwant %q", tc.make, got, want)
		}
	}
}

func TestRestoreOptions(t *testing.T) {
	b := newBench(t)
	b.run("set", "{d}k", "v")
	p := b.payload("{d}k")
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"{d}k", "0", p}, "-BUSYKEY Target key name already exists.\r\n"},
		{[]string{"{d}k", "0", "junk"}, "-BUSYKEY Target key name already exists.\r\n"},
		{[]string{"{d}n", "-1", p}, "-ERR Invalid TTL value, must be >= 0\r\n"},
		{[]string{"{d}n", "9223372036854775807", p}, "-ERR Invalid TTL value, must be >= 0\r\n"},
		{[]string{"{d}n", "x", p}, "-ERR value is not an integer or out of range\r\n"},
		{[]string{"{d}n", "0", p + "x"}, "-ERR DUMP payload version or checksum are wrong\r\n"},
		{[]string{"{d}n", "0", string(rdb.Seal([]byte("\x00\x05abc")))}, "-ERR Bad data format\r\n"},
		{[]string{"{d}n", "0", string(rdb.Seal([]byte("\x00\x03abcd")))}, "-ERR Bad data format\r\n"},
		{[]string{"{d}n", "0", string(rdb.Seal([]byte("\x02\x00")))}, "-ERR Bad data format\r\n"},
		{[]string{"{d}n", "0", string(rdb.Seal([]byte("\x02\x02\x01a\x01a")))}, "-ERR Bad data format\r\n"},
		{[]string{"{d}n", "0", p, "idletime", "-1"}, "-ERR Invalid IDLETIME value, must be >= 0\r\n"},
		{[]string{"{d}n", "0", p, "freq", "256"}, "-ERR Invalid FREQ value, must be >= 0 and <= 255\r\n"},
		{[]string{"{d}n", "0", p, "freq", "1", "idletime", "1"}, "-ERR syntax error\r\n"},
		{[]string{"{d}n", "5000", p, "freq", "7"}, "+OK\r\n"},
		{[]string{"{d}k", "1", p, "REPLACE", "ABSTTL"}, "+OK\r\n"},
	} {
		if got := b.run(append([]string{"restore"}, tc.args...)...); got != tc.want {
			t.Errorf("%q\n got %q\nwant %q", tc.args, got, tc.want)
		}
	}
	b.steps(
		step{"get {d}n", "$1|v|"},
		step{"pttl {d}n", ":5000|"},
		step{"exists {d}k", ":0|"}, // its time was over
	)
}

// dumpScripts make a value of each type and encoding at {d}k.
func dumpScripts() map[string][]string {
	long := strings.Repeat("x", 70)
	scripts := map[string][]string{
		"string":   {"set {d}k " + long},
		"int":      {"set {d}k -77"},
		"list":     {"rpush {d}k a 1 -5000 70000 " + long},
		"intset":   {"sadd {d}k 1 -70000 3000000000"},
		"set":      {"sadd {d}k a b 1"},
		"setTable": {"sadd {d}k " + long},
		"hash":     {"hset {d}k a 1 b " + strings.Repeat("y", 64)},
		"hashBig":  {"hset {d}k a " + long},
		"zset":     {"zadd {d}k 1 a 0.1 b inf c -inf d"},
		"zsetBig":  {"zadd {d}k 1 a 0.1 " + long},
		"stream": {
			"xadd {d}k 1-1 a 1 b 2", "xadd {d}k 1-2 a 3 b 4", "xadd {d}k 5-0 c x", "xadd {d}k 7-7 a 5 b 6", "xdel {d}k 1-2",
			"xgroup create {d}k g 0", "xreadgroup group g alice count 2 streams {d}k >", "xgroup createconsumer {d}k g bob",
			"xreadgroup group g carol count 1 streams {d}k >", "xack {d}k g 1-1", "xgroup create {d}k h $",
		},
		"streamEmpty": {"xgroup create {d}k g $ mkstream"},
	}
	for i := range 3000 {
		scripts["listBig"] = append(scripts["listBig"], fmt.Sprintf("rpush {d}k element%d", i))
	}
	for i := range 500 {
		scripts["streamBig"] = append(scripts["streamBig"], fmt.Sprintf("xadd {d}k %d-1 f %d", i+1, i))
	}
	return scripts
}

func TestRestoreMakesTheSameValue(t *testing.T) {
	for name, script := range dumpScripts() {
		b := newBench(t)
		for _, line := range script {
			b.run(words(line)...)
		}
		p := b.payload("{d}k")
		if got := b.run("restore", "{d}r", "0", p); got != ok {
			t.Errorf("%s: %q", name, got)
			continue
		}
		if again := b.payload("{d}r"); again != p {
			t.Errorf("%s: dumped again\n%q\nat first\n%q", name, again, p)
		}
		for _, ask := range []string{"type", "object encoding", "xinfo stream"} {
			cmd := words(ask)
			if a, b := b.run(append(cmd, "{d}k")...), b.run(append(cmd, "{d}r")...); a != b {
				t.Errorf("%s: %s\n%q\n%q", name, ask, a, b)
			}
		}
		checkConsistent(t, b.s)
	}
}

// A change of any byte is refused, or makes another value, but never harm.
func TestRestoreOfDamagedValues(t *testing.T) {
	for name, script := range dumpScripts() {
		if strings.HasSuffix(name, "Big") && name != "zsetBig" {
			continue
		}
		b := newBench(t)
		for _, line := range script {
			b.run(words(line)...)
		}
		value, _ := rdb.Open([]byte(b.payload("{d}k")))
		for i := range value {
			for _, flip := range []byte{1, 0x80, 0xff} {
				bad := append([]byte{}, value...)
				bad[i] ^= flip
				useRestored(b, rdb.Seal(bad))
			}
			useRestored(b, rdb.Seal(append([]byte{}, value[:i]...)))
		}
		if b.s.Panics() > 0 {
			t.Errorf("%s: panicked", name)
		}
		checkConsistent(t, b.s)
	}
}

// useRestored restores a payload and carries out what looks at all of it.
func useRestored(b *bench, payload []byte) {
	if b.run("restore", "{d}r", "0", string(payload), "replace") != ok {
		return
	}
	for _, line := range []string{
		"get {d}r", "lrange {d}r 0 -1", "smembers {d}r", "hgetall {d}r", "zrange {d}r 0 -1 withscores", "xrange {d}r - +",
		"xinfo stream {d}r full", "xpending {d}r g", "xreadgroup group g alice streams {d}r 0", "xreadgroup group g new streams {d}r >",
		"xtrim {d}r maxlen ~ 1", "xdel {d}r 5-0", "xadd {d}r * f v", "xautoclaim {d}r g bob 0 0", "dump {d}r",
	} {
		b.run(words(line)...)
	}
}

func FuzzRestore(f *testing.F) {
	for _, script := range dumpScripts() {
		b := newBench(f)
		for _, line := range script[:min(len(script), 20)] {
			b.run(words(line)...)
		}
		value, _ := rdb.Open([]byte(b.payload("{d}k")))
		f.Add(append([]byte{}, value...))
	}
	f.Add([]byte("\x00\xc3\x05\x0b\x00a\xe0\x01\x00"))
	f.Fuzz(func(t *testing.T, value []byte) {
		b := newBench(t)
		b.s.maxValue = 1 << 16
		useRestored(b, rdb.Seal(value))
		if b.s.Panics() > 0 {
			t.Fatalf("%q panicked", value)
		}
		checkConsistent(t, b.s)
	})
}

// A stream that claims fewer entries ever added than it has could not come back from its own DUMP.
func TestRestoreRefusesStreamWithTooFewAdded(t *testing.T) {
	b := newBench(t)
	b.run("xadd", "{d}k", "1-1", "f", "v")
	b.run("xadd", "{d}k", "2-1", "f", "v")
	b.s.lookup([]byte("{d}k")).e.object().(*streamObject).added = 1
	if got := b.run("restore", "{d}r", "0", b.payload("{d}k")); got != "-ERR Bad data format\r\n" {
		t.Error(got)
	}
}

// TestDumpOfLargeValues: what takes more than it may is refused before a payload is made, and a smaller one is not.
func TestDumpOfLargeValues(t *testing.T) {
	b := newBench(t)
	b.s.maxValue = 1 << 10
	for range largestDumped / 2 {
		b.run("rpush", "l", strings.Repeat("x", 1000))
	}
	if got := b.run("dump", "l"); !strings.HasPrefix(got, "$80") {
		t.Errorf("%.40q", got)
	}
	for range largestDumped {
		b.run("rpush", "l", strings.Repeat("x", 1000))
	}
	for _, ask := range [][]string{{"dump", "l"}, {"debugkey", "object", "l"}} {
		if got := b.run(ask...); got != "-"+errLargePayload+"\r\n" {
			t.Errorf("%s: %.40q", ask, got)
		}
	}
}

// TestRestoreUnpacksNoMoreThanItMay: a small payload of compressed strings that would become a large value.
func TestRestoreUnpacksNoMoreThanItMay(t *testing.T) {
	b := newBench(t)
	b.s.maxValue = 1 << 10
	const each = 1 << 10
	packed := []byte{0, 'a'} // one literal, and references to it
	for n := 1; n < each; {
		more := min(each-n, 264)
		if packed = append(packed, 0xe0, byte(more-9), 0); more < 9 {
			packed = append(packed[:len(packed)-3], byte(more-2)<<5, 0)
		}
		n += more
	}
	list := func(n int) string {
		value := rdb.AppendLen([]byte{rdb.TypeList}, uint64(n))
		for range n {
			value = append(rdb.AppendLen(rdb.AppendLen(append(value, 0xc3), uint64(len(packed))), each), packed...)
		}
		return string(rdb.Seal(value))
	}
	if got := b.run("restore", "k", "0", list(largestUnpacked)); got != "+OK\r\n" {
		t.Fatal(got)
	}
	if got := b.run("lrange", "k", "-1", "-1"); got != "*1\r\n$1024\r\n"+strings.Repeat("a", each)+"\r\n" {
		t.Errorf("%.40q", got)
	}
	if got := b.run("restore", "r", "0", list(largestUnpacked+1)); got != "-ERR Bad data format\r\n" {
		t.Error(got)
	}
}
