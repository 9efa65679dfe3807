package keyspace

import (
	"reflect"
	"testing"
)

// There are as many entries as keys: one that grows by a byte takes 16 more, or 80 for 64.
func TestAnEntryTakesSixtyFourBytes(t *testing.T) {
	if n := reflect.TypeFor[entry]().Size(); n != 64 {
		t.Errorf("%d bytes", n)
	}
}

// What a value was before it is set is of no consequence, whatever it was.
func TestValuesFollowOneAnother(t *testing.T) {
	list := &listObject{}
	list.push(left, []byte("element"))
	kinds := map[string]struct {
		set  func(v *value)
		text string // "" for a collection
	}{
		"short":   {func(v *value) { v.setText([]byte("short")) }, "short"},
		"long":    {func(v *value) { v.setText(make([]byte, 100)) }, string(make([]byte, 100))},
		"integer": {func(v *value) { v.setText([]byte("-77")) }, "-77"},
		"raw":     {func(v *value) { v.setText([]byte("12")); v.makeRaw() }, "12"},
		"list":    {func(v *value) { *v = objectValue(list) }, ""},
	}
	for first, before := range kinds {
		for second, after := range kinds {
			var v value
			before.set(&v)
			after.set(&v)
			c := v.clone()
			for _, v := range []*value{&v, &c} {
				if after.text == "" {
					if l, ok := v.object().(*listObject); !ok || l.len() != 1 || v.kind() != kindList || v.data() != nil {
						t.Errorf("%s, then %s: %v", first, second, v.object())
					}
				} else if got := string(v.text(nil)); got != after.text || v.object() != nil || v.kind() != kindString {
					t.Errorf("%s, then %s: %q", first, second, got)
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
