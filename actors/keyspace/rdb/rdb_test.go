package rdb

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func reader(b []byte) *Reader { return NewReader(b, 1<<20, 1<<20) }

func TestChecksum(t *testing.T) {
	if got := checksum([]byte("123456789")); got != 0xe9c6d914c4b8d9ca {
		t.Errorf("%x", got)
	}
}

func TestSeal(t *testing.T) {
	sealed := Seal([]byte("value"))
	if got, ok := Open(sealed); !ok || string(got) != "value" {
		t.Errorf("%q, %v", got, ok)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 0x40
		if _, ok := Open(bad); ok {
			t.Errorf("byte %d may be another one", i)
		}
	}
	for n := range sealSize {
		if _, ok := Open(make([]byte, n)); ok {
			t.Errorf("%d zeros are a payload", n)
		}
	}
}

func TestLengths(t *testing.T) {
	for _, n := range []uint64{0, 63, 64, 16383, 16384, math.MaxUint32, math.MaxUint32 + 1, math.MaxUint64} {
		r := reader(AppendLen(nil, n))
		if got := r.Len(); got != n || r.Err() != nil || r.Left() != 0 {
			t.Errorf("%d comes back as %d, %v", n, got, r.Err())
		}
	}
}

func TestIntegersAreStrings(t *testing.T) {
	for _, n := range []int32{0, -1, 127, 128, -128, -129, 32767, -32769, math.MaxInt32, math.MinInt32} {
		r := reader(AppendInt(nil, n))
		if got := string(r.String()); got != strconv.Itoa(int(n)) || r.Left() != 0 {
			t.Errorf("%d comes back as %q", n, got)
		}
	}
}

func TestBackSize(t *testing.T) {
	for size, want := range map[int64]int64{0: 1, 127: 1, 128: 2, 16382: 2, 16383: 3, 2097150: 3, 2097151: 4, 268435454: 4, 268435455: 5} {
		if got := BackSize(size); got != want {
			t.Errorf("length %d takes %d bytes, want %d", size, got, want)
		}
	}
}

func TestListpack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ints := rapid.SliceOf(rapid.Int64()).Draw(t, "ints")
		sizes := rapid.SliceOfN(rapid.IntRange(0, 20000), 0, 5).Draw(t, "sizes")
		for shift := range 64 {
			ints = append(ints, 1<<shift, 1<<shift-1, -1<<shift, -1<<shift-1)
		}
		var p Listpack
		for _, v := range ints {
			p.Int(v)
		}
		for _, n := range sizes {
			p.Text([]byte(strings.Repeat("x", n)))
		}
		e := reader(p.AppendTo(nil)).Listpack()
		for _, v := range ints {
			if got, ok := e.Int(); !ok || got != v {
				t.Fatalf("%d comes back as %d, %v", v, got, ok)
			}
		}
		for _, n := range sizes {
			if got, ok := e.Next(); !ok || len(got.Bytes()) != n {
				t.Fatalf("text of %d bytes comes back as %d, %v", n, len(got.Bytes()), ok)
			}
		}
		if !e.Whole() || e.Size != p.Size() {
			t.Fatalf("whole: %v, size %d of %d", e.Whole(), e.Size, p.Size())
		}
	})
}

func TestUnpack(t *testing.T) {
	for _, tc := range []struct {
		in   string
		size int
		want string // "": bad
	}{
		{"\x02abc", 3, "abc"},
		{"\x00a\xe0\x01\x00", 11, "aaaaaaaaaaa"}, // a reference into what it makes
		{"\x02abc\x20\x02", 6, "abcabc"},
		{"\x02abc\x20\x03", 6, ""}, // before the beginning
		{"\x02abc", 2, ""},
		{"\x02abc", 4, ""},
		{"\x05abc", 6, ""},
		{"\x00a\xe0", 9, ""},
		{"\x00a\xe0\x01", 9, ""},
		{"\x00a\x20", 4, ""},
	} {
		got, ok := unpack([]byte(tc.in), tc.size)
		if ok != (tc.want != "") || ok && string(got) != tc.want {
			t.Errorf("%q to %d bytes: %q, %v", tc.in, tc.size, got, ok)
		}
	}
}

// A string that says it becomes huge is refused before anything is made.
func TestClaimsAreNotBelieved(t *testing.T) {
	for name, b := range map[string][]byte{
		"string":     AppendLen(nil, math.MaxUint64),
		"compressed": append(AppendLen(AppendLen([]byte{encLZF}, 1), 1<<40), 0),
		"budget":     append(AppendLen(AppendLen([]byte{encLZF}, 1), 1<<20+1), 0),
		"form":       {0xff},
		"length":     {0x82, 0, 0, 0, 0},
		"nothing":    nil,
	} {
		r := reader(b)
		if r.String(); r.Err() == nil {
			t.Errorf("%s: read", name)
		}
	}
	if r := reader(AppendLen(nil, 1<<40)); r.Count() != 0 || r.Err() == nil {
		t.Error("a count beyond what is left")
	}
}
