package keyspace

import (
	"strings"
	"testing"
)

// told runs a command and returns its events as "name:key".
func (b *bench) told(line string) string {
	b.run(words(line)...)
	return eventsText(b.s.TakeEvents())
}

func eventsText(events []Event) string {
	var out []string
	for _, e := range events {
		out = append(out, e.Name+":"+e.Key)
	}
	return strings.Join(out, " ")
}

func TestEventsOfStringsAndKeys(t *testing.T) {
	b := newBench(t)
	if got := b.told("SET before x"); got != "" {
		t.Fatalf("%s though nobody listens", got)
	}
	b.s.Listen(EventGeneric | EventString | EventExpired | EventNew | EventKeyMiss | EventList)
	for _, c := range [][2]string{
		{"SET k 1", "new:k set:k"}, {"SET k 2", "set:k"}, {"SET k 1 NX", ""}, {"SET k 3 EX 100", "set:k expire:k"},
		{"SETEX k 100 4", "set:k expire:k"}, {"SETNX k 5", ""}, {"GETSET k 6", "set:k"}, {"APPEND k 7", "append:k"},
		{"SETRANGE k 0 1", "setrange:k"}, {"SETRANGE k 0 \"\"", ""}, {"INCR k", "incrby:k"}, {"DECRBY k 2", "incrby:k"},
		{"INCRBYFLOAT k 1.5", "incrbyfloat:k"}, {"MSET k 1 {k}2 2", "set:k new:{k}2 set:{k}2"}, {"MSETNX k 1 {k}3 3", ""},
		{"EXPIRE k 100", "expire:k"}, {"EXPIRE k 100 NX", ""}, {"PERSIST k", "persist:k"}, {"PERSIST k", ""},
		{"GETEX k EX 10", "expire:k"}, {"GETEX k PERSIST", "persist:k"}, {"GETEX k", ""}, {"EXPIRE {k}2 -1", "del:{k}2"},
		{"RENAME k {k}4", "new:{k}4 rename_from:k rename_to:{k}4"}, {"COPY {k}4 k", "new:k copy_to:k"},
		{"DEL k none {k}4", "del:k del:{k}4"}, {"GET k", "keymiss:k"}, {"LPUSH l a", "new:l lpush:l"}, {"LPOP l", "lpop:l del:l"},
		{"SET k v PX 5", "new:k set:k expire:k"}, {"GETDEL k", "del:k"}, {"GETDEL k", ""},
	} {
		if got := b.told(c[0]); got != c[1] {
			t.Errorf("%s: %q, want %q", c[0], got, c[1])
		}
	}
}

// TestExpiredEvents: a key is told to have expired when it is deleted, once.
func TestExpiredEvents(t *testing.T) {
	b := newBench(t)
	b.s.Listen(EventExpired)
	b.run("SET", "a", "1", "PX", "5")
	b.run("SET", "b", "1", "PX", "5")
	b.env.Now += 100
	b.env.Index++
	b.exec("SET", "a", "2") // before the entry's Tick would delete it
	if got := eventsText(b.s.TakeEvents()); got != "expired:a" {
		t.Errorf("found expired: %q", got)
	}
	if got := b.told("GET b"); got != "expired:b" {
		t.Errorf("deleted: %q", got)
	}
	if got := b.told("GET b"); got != "" {
		t.Errorf("again: %q", got)
	}
	b.run("GET", "a")
	if got := b.s.TakeCounts(); got != (Counts{Changes: 4, Expired: 2, Hits: 1, Misses: 2}) || b.s.TakeCounts() != (Counts{}) {
		t.Errorf("counts %+v", got)
	}
}
