package keyspace

import (
	"math/big"
	"math/bits"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestBitmaps(t *testing.T) {
	b := newBench(t)
	b.steps(
		step{"setbit k 7 1", ":0|"}, step{"get k", "$1|\x01|"}, step{"setbit k 7 0", ":1|"},
		step{"setbit k 17 1", ":0|"}, step{"get k", "$3|\x00\x00\x40|"}, step{"getbit k 17", ":1|"},
		step{"getbit k 18", ":0|"}, step{"getbit k 4000000000", ":0|"}, step{"getbit none 1", ":0|"},
		step{"setbit k 4294967296 1", "-" + errBitOffset + "|"}, step{"setbit k -1 1", "-" + errBitOffset + "|"},
		step{"setbit k 1 2", "-ERR bit is not an integer or out of range|"},
		step{"set n 12", "+OK|"}, step{"getbit n 2", ":1|"}, step{"setbit n 2 1", ":1|"},
		step{"object encoding n", "$3|raw|"}, step{"get n", "$2|12|"},
		step{"bitop and d none none", ":0|"}, step{"exists d", ":0|"},
		step{"bitop not d n", ":2|"}, step{"bitop not d d", ":2|"}, step{"get d", "$2|12|"},
		step{"hset h f v", ":1|"}, step{"bitop or d k h", "-" + errWrongType + "|"}, step{"setbit h 1 1", "-" + errWrongType + "|"},
	)
	checkConsistent(t, b.s)
}

// What can't be a position is refused before anything is allocated.
func TestBitPositionsThatOverflow(t *testing.T) {
	b := newBench(t)
	for _, offset := range []string{"#9223372036854775807", "#4611686018427387904", "#288230376151711744", "#67108864",
		"4294967295", "4294967233"} {
		if got := b.run("bitfield", "k", "set", "i64", offset, "1"); got != "-"+errBitOffset+"\r\n" {
			t.Errorf("%s: %q", offset, got)
		}
	}
	b.steps(step{"bitfield k get i64 #67108863 get i64 4294967295", "*2|:0|:0|"}, step{"exists k", ":0|"})
}

func TestBitEvents(t *testing.T) {
	b := newBench(t)
	b.s.Listen(EventString | EventGeneric)
	for _, cmd := range []string{"setbit k 1 1", "setbit k 1 1", "setbit k 20 0", "bitfield k set u8 0 64", "bitfield k set u8 0 1",
		"bitfield k overflow fail set u2 0 9 get u8 0", "bitop or d k", "bitop or d none", "bitop or d none"} {
		b.run(words(cmd)...)
	}
	var names []string
	for _, e := range b.s.TakeEvents() {
		names = append(names, e.Name+" "+e.Key)
	}
	want := "setbit k,setbit k,setbit k,set d,del d"
	if got := strings.Join(names, ","); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSameBitIsNoChange(t *testing.T) {
	b := newBench(t)
	b.run("setbit", "k", "9", "1")
	before := b.s.watch.version
	for _, same := range []string{"setbit k 9 1", "bitfield k set u2 8 1 get u8 0 overflow fail set u2 8 7", "bitfield k overflow sat set i2 8 9"} {
		if b.run(words(same)...); b.s.watch.version != before {
			t.Errorf("%s: WATCH would see a change", same)
		}
	}
	for _, other := range []string{"bitfield k set u2 8 3", "bitfield k incrby u2 8 0", "bitfield k set u8 16 0"} {
		before = b.s.watch.version
		if b.run(words(other)...); b.s.watch.version == before {
			t.Errorf("%s: WATCH would see no change", other)
		}
	}
}

// bitString is a string as '0' and '1', to compare with.
func bitString(b []byte) string {
	var out strings.Builder
	for _, v := range b {
		for i := 7; i >= 0; i-- {
			out.WriteByte('0' + v>>i&1)
		}
	}
	return out.String()
}

func TestCountAndFindAgainstText(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 0xff, 0, 0xff, 1, 0x80, 0x5a}), 1, 40).Draw(rt, "bytes")
		end := rapid.Int64Range(1, 8*int64(len(b))).Draw(rt, "end")
		first := rapid.Int64Range(0, end-1).Draw(rt, "first")
		r := bitRange{first, end}
		text := bitString(b)[first:end]
		if got, want := r.count(b), int64(strings.Count(text, "1")); got != want {
			rt.Fatalf("%d set, want %d", got, want)
		}
		for bit := range byte(2) {
			want := int64(strings.IndexByte(text, '0'+bit))
			if want >= 0 {
				want += first
			}
			if got := r.find(b, bit); got != want {
				rt.Fatalf("first %d at %d, want %d", bit, got, want)
			}
		}
	})
}

// A field holds what was put there, and nothing beside it changes.
func TestFieldAgainstText(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 9, 20).Draw(rt, "bytes")
		f := bitField{width: uint(rapid.IntRange(1, 64).Draw(rt, "width"))}
		f.offset = rapid.Int64Range(0, 8*int64(len(b))-int64(f.width)).Draw(rt, "offset")
		v := rapid.Uint64().Draw(rt, "v")
		text := bitString(b)
		f.set(b, v)
		low := v & (1<<f.width - 1)
		want := text[:f.offset] + bitString(beBytes(low))[64-f.width:] + text[f.offset+int64(f.width):]
		if got := bitString(b); got != want {
			rt.Fatalf("got  %s\nwant %s", got, want)
		}
		if got := uint64(f.get(b)); got != low {
			rt.Fatalf("got %x, want %x", got, low)
		}
		f.signed = true
		if got := uint64(f.get(b)) << (64 - f.width); got != low<<(64-f.width) || bits.LeadingZeros64(got) == 0 != (f.get(b) < 0) {
			rt.Fatalf("signed: got %x, want %x", got, low)
		}
	})
}

func beBytes(v uint64) []byte {
	var out [8]byte
	for i := range out {
		out[7-i] = byte(v >> (8 * i))
	}
	return out[:]
}

// Sums that fit are exact, others are told, and saturate at the nearest end.
func TestFieldSumsAgainstBig(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := bitField{signed: rapid.Bool().Draw(rt, "signed")}
		f.width = uint(rapid.IntRange(1, 63).Draw(rt, "width"))
		least, most := new(big.Int), new(big.Int).Lsh(big.NewInt(1), f.width)
		if f.signed {
			f.width++
			least.Neg(most)
		}
		most.Sub(most, big.NewInt(1))
		n := rapid.Int64Range(least.Int64(), most.Int64()).Draw(rt, "n")
		incr := rapid.Int64().Draw(rt, "incr")
		sum := new(big.Int).Add(big.NewInt(n), big.NewInt(incr))
		want := sum.Int64()
		switch {
		case sum.Cmp(least) < 0:
			want = least.Int64()
		case sum.Cmp(most) > 0:
			want = most.Int64()
		}
		got, over := f.add(n, incr, sat)
		if got != want || over != (big.NewInt(want).Cmp(sum) != 0) {
			rt.Fatalf("%d + %d in %d bits: %d, %v; want %d", n, incr, f.width, got, over, want)
		}
		modulus := new(big.Int).Lsh(big.NewInt(1), f.width)
		wrapped, _ := f.add(n, incr, wrap)
		diff := new(big.Int).Sub(sum, big.NewInt(wrapped))
		if diff.Mod(diff, modulus).Sign() != 0 || wrapped < least.Int64() || wrapped > most.Int64() {
			rt.Fatalf("%d + %d in %d bits wraps to %d", n, incr, f.width, wrapped)
		}
	})
}
