package keyspace

import (
	"reflect"
	"strings"
	"testing"
)

// There are as many entries as keys.
func TestAnEntryTakesFiftySixBytes(t *testing.T) {
	if n := reflect.TypeFor[entry]().Size(); n != 56 {
		t.Errorf("%d bytes", n)
	}
}

// What an entry held before is of no consequence, whatever it was and whatever room there is behind the entry.
func TestValuesFollowOneAnother(t *testing.T) {
	st := New(Config{})
	list := &listObject{}
	list.push(left, []byte("element"))
	text := func(s string) func(*entry) { return func(e *entry) { e.put(textValue([]byte(s))) } }
	kinds := map[string]struct {
		set  func(e *entry)
		text string // "" for a collection
	}{
		"short":   {text("short"), "short"},
		"long":    {text(string(make([]byte, 100))), string(make([]byte, 100))},
		"longer":  {text(strings.Repeat("x", 1000)), strings.Repeat("x", 1000)},
		"integer": {text("-77"), "-77"},
		"raw":     {func(e *entry) { e.setInt(12); e.makeRaw() }, "12"},
		"bytes":   {func(e *entry) { e.setBytes([]byte("34")) }, "34"},
		"list":    {func(e *entry) { e.put(objectValue(list)) }, ""},
		"in place": {func(e *entry) { // longer than what is put behind a key
			e.setBytes(make([]byte, maxBehind))
			e.own(append(e.data(), "end"...))
		}, string(make([]byte, maxBehind)) + "end"},
	}
	for first, before := range kinds {
		for second, after := range kinds {
			for _, room := range []int{0, 5, 100, 150, 1000} {
				_, e := st.newEntry([]byte("key"), room)
				before.set(e)
				after.set(e)
				_, other := st.newEntry(nil, room)
				other.put(e.clone())
				_, taker := st.newEntry([]byte("another key"), 0)
				taker.put(e.taken())
				for i, e := range []*entry{e, other, taker} {
					if e.name() != []string{"key", "", "another key"}[i] {
						t.Errorf("%s, then %s: the key is %q", first, second, e.name())
					}
					if after.text == "" {
						if l, ok := e.object().(*listObject); !ok || l.len() != 1 || e.kind() != kindList || e.data() != nil {
							t.Errorf("%s, then %s: %v", first, second, e.object())
						}
					} else if got := string(e.text(nil)); got != after.text || e.object() != nil || e.kind() != kindString {
						t.Errorf("%s, then %s, room of %d, entry %d: %q", first, second, room, i, got)
					}
				}
				if len(after.text) > maxBehind && !e.behind() {
					t.Errorf("%s, then %s: %d bytes are not behind the key", first, second, len(e.data()))
				}
				if after.text != "" && taker.content != nil && taker.content == e.content && e.behind() {
					t.Errorf("%s, then %s: two entries hold one string", first, second)
				}
			}
		}
	}
}

// The room of a string is kept, so that appending to it copies now and then only.
func TestAStringKeepsItsRoom(t *testing.T) {
	var v value
	v.setData(make([]byte, 3, 50))
	if d := v.data(); len(d) != 3 || cap(d) != 50 {
		t.Errorf("%d bytes of %d", len(d), cap(d))
	}
	v.setData([]byte{})
	if d := v.data(); d == nil || len(d) != 0 {
		t.Errorf("%v", d)
	}
}

// A key with a short string is one piece of memory, whatever it was before, and a long string leaves none empty behind the key.
func TestAShortStringStandsBehindItsKey(t *testing.T) {
	key := []byte("key:000000012345")
	s := New(Config{})
	for _, n := range []int{0, 1, 64, maxBehind, maxBehind + 1, 5000} {
		_, e := s.newEntry(key, n)
		block := e.block
		e.setBytes(make([]byte, n))
		if e.block != block || e.behind() != (0 < n && n <= maxBehind) {
			t.Errorf("%d bytes: in the block of the key from the start %v, behind it %v", n, e.block == block, e.behind())
		}
	}
	_, e := s.newEntry(key, 10)
	for n := 1; n < 2*maxBehind; n++ {
		e.setBytes(make([]byte, n))
		if e.behind() != (n <= maxBehind) || len(e.data()) != n || cap(e.data()) > 2*(n+len(key))+32 {
			t.Fatalf("%d bytes: behind the key %v, %d of %d", n, e.behind(), len(e.data()), cap(e.data()))
		}
		e.setBytes([]byte("short"))
		if !e.behind() || cap(e.data()) > 2*(5+len(key))+32 {
			t.Fatalf("after %d bytes: behind the key %v, room of %d", n, e.behind(), cap(e.data()))
		}
		e.setBytes(make([]byte, 40))
		if n%2 == 0 {
			e.setInt(int64(n))
		} else {
			e.put(objectValue(&listObject{}))
		}
		if e.behind() || e.name() != string(key) {
			t.Fatalf("%q, and something is behind", e.name())
		}
	}
	// A long key, whose piece of memory is rounded up by more than the string, is not made twice.
	long := make([]byte, 5000)
	_, l := s.newEntry(long, 10)
	block := l.block
	if l.setBytes(long[:10]); l.block != block {
		t.Errorf("the room of %d was not used", cap(l.data()))
	}
	// What is appended reaches over no end.
	_, behind := s.newEntry(key, 10)
	e.setBytes([]byte("0123456789"))
	behind.setBytes([]byte("0123456789"))
	for range 100 {
		e.own(append(e.data(), 'x'))
	}
	if e.name() != string(key) || behind.name() != string(key) || string(behind.data()) != "0123456789" || len(e.data()) != 110 {
		t.Errorf("%q %q %q %d", e.name(), behind.name(), behind.data(), len(e.data()))
	}
}
