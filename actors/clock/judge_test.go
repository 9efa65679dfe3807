package clock

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestJudge(t *testing.T) {
	const now, mono = 1_000_000, 5_000
	at := func(offsets ...int64) (out []Reading) {
		for _, o := range offsets {
			out = append(out, Reading{Wall: now + o, Mono: mono})
		}
		return out
	}
	for _, c := range []struct {
		name  string
		own   int64 // offset of our own clock
		peers []Reading
		nodes int
		want  int64 // offset of the agreed time
		known bool
	}{
		{"alone", 7, nil, 1, 7, true},
		{"the one in the middle", 0, at(-20, 300), 3, 0, true},
		{"the lower one in the middle", 100, at(40), 2, 40, true},
		{"one ahead", 0, at(10, 3_600_000), 3, 10, true},
		{"one behind", 0, at(10, -3_600_000), 3, 0, true},
		{"our own ahead", 3_600_000, at(10, 20), 3, 20, true},
		{"two of five wrong", 0, at(-9000, 9000, 5, 6), 5, 5, true},
		{"two wrong in the same way", 0, at(9000, 9000, 5, 6), 5, 6, true},
		{"at the edge", 0, at(Tolerance), 2, 0, true},
		{"beyond it", 0, at(Tolerance + 1), 2, 0, false},
		{"no majority heard", 0, nil, 3, 0, false},
		{"half of them heard", 0, at(1), 4, 0, false},
		{"a majority heard, but it does not agree", 0, at(10_000, -10_000), 3, 0, false},
		{"heard of a majority, one of them wrong", 0, at(-9000), 3, 0, false},
		{"more clocks than nodes", 0, at(-9000, 9000), 1, 0, false},
		{"too uncertain", 0, []Reading{{Wall: now, Mono: mono, Error: MaxError + 1}}, 2, 0, false},
		{"just certain enough", 0, []Reading{{Wall: now, Mono: mono, Error: MaxError}}, 2, 0, true},
		{"grown too old", 0, []Reading{{Wall: now - maxAge - 1, Mono: mono - maxAge - 1}}, 2, 0, false},
		{"uncertain and old", 0, []Reading{{Wall: now - maxAge/2 - 2000, Mono: mono - maxAge/2 - 2000, Error: MaxError / 2}}, 2, 0, false},
		{"of no calendar", 0, []Reading{{Wall: math.MinInt64, Mono: mono}, {Wall: math.MaxInt64, Mono: mono}, {Wall: -1, Mono: mono}}, 4, 0, false},
		{"of another time than ours", 0, []Reading{{Wall: now, Mono: math.MinInt64}, {Wall: now, Mono: math.MaxInt64}}, 3, 0, false},
		{"of a negative error", 0, []Reading{{Wall: now, Mono: mono, Error: -1}}, 2, 0, false},
	} {
		got := Judge(Reading{Wall: now + c.own, Mono: mono}, c.peers, c.nodes)
		if got.Known != c.known || got.Known && got.At(mono) != now+c.want {
			t.Errorf("%s: %+v, at %d", c.name, got, got.At(mono)-now)
		}
	}
}

// While most clocks are right, what the others show moves the agreed time no further than the right ones
// differ.
func TestAMinorityChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes := rapid.IntRange(3, 9).Draw(t, "nodes")
		wrong := rapid.IntRange(0, (nodes-1)/2).Draw(t, "wrong")
		const now, mono = int64(1_700_000_000_000), int64(77)
		var all []Reading
		low, high := int64(math.MaxInt64), int64(math.MinInt64)
		for range nodes - wrong {
			wall := now + rapid.Int64Range(-Tolerance/2, Tolerance/2).Draw(t, "right")
			low, high = min(low, wall), max(high, wall)
			all = append(all, Reading{Wall: wall, Mono: mono})
		}
		for range wrong {
			all = append(all, Reading{Wall: rapid.Int64().Draw(t, "wrong"), Mono: mono})
		}
		all = rapid.Permutation(all).Draw(t, "order")
		own := slices.IndexFunc(all, func(r Reading) bool { return r.usable(mono) })
		all[0], all[own] = all[own], all[0]
		got := Judge(all[0], all[1:], nodes)
		if !got.Known || got.At(mono) < low || got.At(mono) > high {
			t.Fatalf("%+v at %d, of clocks from %d to %d", got, got.At(mono), low, high)
		}
	})
}
