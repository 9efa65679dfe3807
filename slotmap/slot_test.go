package slotmap

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestCRC16 holds the check value of CRC16/XMODEM.
func TestCRC16(t *testing.T) {
	for in, want := range map[string]uint16{"": 0, "123456789": 0x31c3, "a": 0x7c87} {
		if got := crc16([]byte(in)); got != want {
			t.Errorf("%q: %#04x, want %#04x", in, got, want)
		}
	}
}

// TestCRC16Bitwise compares the table with the definition.
func TestCRC16Bitwise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		var crc uint16
		for _, c := range b {
			for bit := 7; bit >= 0; bit-- {
				carry := crc>>15 != uint16(c>>bit)&1
				crc <<= 1
				if carry {
					crc ^= polynomial
				}
			}
		}
		if got := crc16(b); got != crc {
			t.Fatalf("%x: %#04x, want %#04x", b, got, crc)
		}
	})
}

// TestSlotKnown holds slots as CLUSTER KEYSLOT of a real server gives them.
func TestSlotKnown(t *testing.T) {
	for key, want := range map[string]uint16{"foo": 12182, "bar": 5061, "hello": 866, "": 0, "123456789": 12739, "somekey": 11058} {
		if got := Slot([]byte(key)); got != want {
			t.Errorf("%q: slot %d, want %d", key, got, want)
		}
	}
}

func TestHashTag(t *testing.T) {
	for key, want := range map[string]string{
		"plain":                      "plain",
		"{user1000}.following":       "user1000",
		"{user1000}.followers":       "user1000",
		"foo{}{bar}":                 "foo{}{bar}",
		"foo{{bar}}zap":              "{bar",
		"foo{bar}{zap}":              "bar",
		"{}":                         "{}",
		"{":                          "{",
		"}":                          "}",
		"}{":                         "}{",
		"a}b{c}d":                    "c",
		"foo{bar":                    "foo{bar",
		"foo}bar":                    "foo}bar",
		"{\x00}":                     "\x00",
		"":                           "",
		strings.Repeat("{", 5):       "{{{{{",
		strings.Repeat("{", 2) + "}": "{",
	} {
		if got := HashTag([]byte(key)); string(got) != want {
			t.Errorf("%q: tag %q, want %q", key, got, want)
		}
		if Slot([]byte(key)) != crc16([]byte(want))%Count {
			t.Errorf("%q: slot does not follow the tag", key)
		}
	}
}

func TestSlotAllocatesNothing(t *testing.T) {
	key := []byte("some{tag}key")
	if n := testing.AllocsPerRun(100, func() { Slot(key) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestIDs(t *testing.T) {
	node := NodeID{0xab, 19: 0x01}
	text := "ab" + strings.Repeat("0", 36) + "01"
	if node.String() != text || node.IsZero() || !(NodeID{}).IsZero() {
		t.Errorf("node id %s", node)
	}
	if got, err := ParseNodeID(strings.ToUpper(text)); err != nil || got != node {
		t.Errorf("parsed %s, %v", got, err)
	}
	cluster := ClusterID{15: 0xff}
	if got, err := ParseClusterID(cluster.String()); err != nil || got != cluster || got.IsZero() {
		t.Errorf("parsed %s, %v", got, err)
	}
	if b, err := node.MarshalText(); err != nil || string(b) != text {
		t.Errorf("text %s, %v", b, err)
	}
	for _, bad := range []string{"", text[1:], text + "0", strings.Repeat("g", 40)} {
		if got, err := ParseNodeID(bad); err == nil || !got.IsZero() {
			t.Errorf("%q parsed as %s", bad, got)
		}
	}
}

func BenchmarkSlot(b *testing.B) {
	key := []byte("user:{1234567890}:profile")
	for b.Loop() {
		Slot(key)
	}
}
