package keyspace

import (
	"bytes"
	"slices"
	"testing"
)

// Commands of types that come later, as their specs say, to try every way of finding keys.
var (
	evalLike  = &Command{Name: "eval", Arity: -3, Flags: FlagNoMandatoryKeys, KeySpecs: counted(2, 0, 1, 1)}
	zdiffLike = &Command{Name: "zdiff", Arity: -3, KeySpecs: counted(1, 0, 1, 1)}
	storeLike = &Command{Name: "zdiffstore", Arity: -4,
		KeySpecs: append(keyAt(1, KeyOW|KeyUpdate), counted(2, 0, 1, 1)...)}
	xreadLike = &Command{Name: "xread", Arity: -4, KeySpecs: []KeySpec{
		{Flags: readKey, Keyword: "STREAMS", StartFrom: 1, LastKey: -1, Step: 1, Limit: 2}}}
	migrateLike = &Command{Name: "migrate", Arity: -6, KeySpecs: []KeySpec{
		{Flags: changeKey, Keyword: "KEYS", StartFrom: -2, LastKey: -1, Step: 1}}}
	spubLike = &Command{Name: "spublish", Arity: 3, KeySpecs: keyAt(1, KeyNotKey)}
)

func counted(index, num, first, step int) []KeySpec {
	return []KeySpec{{Flags: readKey, Index: index, Counted: true, NumIndex: num, FirstKey: first, Step: step}}
}

func TestKeys(t *testing.T) {
	lookup := func(name string) *Command { return Lookup([]byte(name)) }
	cases := []struct {
		c    *Command
		line string
		want []int
		ok   bool
	}{
		{lookup("get"), "get k", []int{1}, true},
		{lookup("ping"), "ping", nil, true},
		{lookup("del"), "del a b c", []int{1, 2, 3}, true},
		{lookup("mset"), "mset a 1 b 2", []int{1, 3}, true},
		{lookup("mset"), "mset a 1 b", []int{1, 3}, true},
		{lookup("rename"), "rename a b", []int{1, 2}, true},
		{lookup("lcs"), "lcs a b LEN", []int{1, 2}, true},
		{lookup("watch"), "watch a b", []int{1, 2}, true},
		{lookupArgs(request("object encoding k")), "object encoding k", []int{2}, true},
		{lookup("get"), "get", nil, false},
		{lookup("rename"), "rename a", nil, false},
		{lookup("del"), "del", nil, false},
		{evalLike, "eval s 2 a b c", []int{3, 4}, true},
		{evalLike, "eval s 0 a", nil, true},
		{zdiffLike, "zdiff 0 a", nil, false},
		{zdiffLike, "zdiff 3 a b", nil, false},
		{zdiffLike, "zdiff 01 a", nil, false},
		{zdiffLike, "zdiff -1 a", nil, false},
		{zdiffLike, "zdiff 99999999999999999999 a", nil, false},
		{zdiffLike, "zdiff", nil, false},
		{storeLike, "zdiffstore d 2 a b", []int{1, 3, 4}, true},
		{storeLike, "zdiffstore d x a b", nil, false},
		{xreadLike, "xread COUNT 1 streams a b 0 0", []int{4, 5}, true},
		{xreadLike, "xread COUNT 1 x", nil, true},
		{xreadLike, "xread COUNT 1 streams", nil, true},
		{xreadLike, "xread COUNT 1 streams a", nil, false},
		{migrateLike, "migrate h p x 0 1 keys a b", []int{7, 8}, true},
		{migrateLike, "migrate h p k 0 1", nil, true},
		{spubLike, "spublish c m", nil, true},
	}
	for _, tc := range cases {
		got, err := tc.c.AppendKeys([]int{-7}, request(tc.line))
		if got[0] != -7 || !slices.Equal(got[1:], tc.want) || (err == nil) != tc.ok {
			t.Errorf("%s: %v, %v; want %v", tc.line, got[1:], err, tc.want)
		}
	}
}

func TestLegacyRange(t *testing.T) {
	cases := []struct {
		c       *Command
		want    [3]int
		movable bool
	}{
		{evalLike, [3]int{}, true},
		{storeLike, [3]int{1, 1, 1}, true},
		{xreadLike, [3]int{}, true},
		{spubLike, [3]int{1, 1, 1}, false},
		{&Command{KeySpecs: append(keyAt(1, KeyRO), keyRange(2, -1, 1, KeyRO)...)}, [3]int{1, -1, 1}, false},
		{&Command{KeySpecs: append(keyAt(1, KeyRO), keyAt(3, KeyRO)...)}, [3]int{1, 1, 1}, true},
		{&Command{KeySpecs: keyAt(1, KeyRO|KeyIncomplete)}, [3]int{1, 1, 1}, true},
		{&Command{}, [3]int{}, false},
	}
	for _, tc := range cases {
		c := *tc.c
		c.legacyRange()
		if got := [3]int{c.First, c.Last, c.Step}; got != tc.want || c.Flags&FlagMovableKeys != 0 != tc.movable {
			t.Errorf("%s: %v movable %v", c.Name, got, c.Flags&FlagMovableKeys != 0)
		}
	}
}

func FuzzKeys(f *testing.F) {
	for _, line := range []string{"get k", "mset a 1 b 2", "zdiff 2 a b", "xread STREAMS a 0", "migrate x KEYS a", "eval s 0",
		"zdiffstore d 999999999 a", "x\n"} {
		f.Add(bytes.ReplaceAll([]byte(line), []byte(" "), []byte("\n")))
	}
	others := []*Command{evalLike, zdiffLike, storeLike, xreadLike, migrateLike, spubLike}
	f.Fuzz(func(t *testing.T, text []byte) {
		args := bytes.Split(text, []byte("\n"))
		check := func(c *Command) {
			keys, err := c.Keys(args)
			withFlags, err2 := c.KeysAndFlags(args)
			if (err == nil) != (err2 == nil) || len(keys) != len(withFlags) {
				t.Fatalf("%s: %v %v, %v %v", c.Name, keys, err, withFlags, err2)
			}
			for i, p := range keys {
				if p < 1 || p >= len(args) || withFlags[i].Pos != p {
					t.Fatalf("%s: position %d of %d", c.Name, p, len(args))
				}
			}
		}
		everyCommand(check)
		for _, c := range others {
			check(c)
		}
	})
}
