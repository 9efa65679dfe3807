package keyspace

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
	"pgregory.net/rapid"

	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/pack"
)

// takeAll finishes a snapshot and returns its blocks.
func takeAll(n *Snapshotter, maxBytes int) (blocks [][]byte) {
	for {
		b, done := n.Next(nil, maxBytes)
		if len(b) > 0 {
			blocks = append(blocks, b)
		}
		if done {
			return blocks
		}
	}
}

// restoreAll restores a snapshot, which a check must not refuse either.
func restoreAll(t testing.TB, blocks [][]byte) *State {
	t.Helper()
	r, c := NewRestorer(Config{}), NewChecker()
	for _, b := range blocks {
		if err := errors.Join(r.Add(slices.Clone(b)), c.Add(slices.Clone(b))); err != nil {
			t.Fatal(err)
		}
	}
	s, err := r.Finish()
	if err := errors.Join(err, c.Finish()); err != nil {
		t.Fatal(err)
	}
	if c.Index() != r.Index() || c.t.s.Keys() != 0 || c.t.s.bytes != 0 {
		t.Fatalf("the check at %d keeps %d keys, %d bytes", c.Index(), c.t.s.Keys(), c.t.s.bytes)
	}
	return s
}

// sameState compares two states in everything that can be told from outside.
func sameState(t testing.TB, got, want *State) {
	t.Helper()
	if got.Hash() != want.Hash() || got.Keys() != want.Keys() || got.Expires() != want.Expires() ||
		got.Bytes() != want.Bytes() || got.NextExpiry() != want.NextExpiry() {
		t.Fatalf("hash %x, %d keys, %d expire, %d bytes, next %d; want %x, %d, %d, %d, %d",
			got.Hash(), got.Keys(), got.Expires(), got.Bytes(), got.NextExpiry(),
			want.Hash(), want.Keys(), want.Expires(), want.Bytes(), want.NextExpiry())
	}
}

// A copy of a state by way of a snapshot that nothing disturbs.
func copyOf(t testing.TB, s *State) *State {
	return restoreAll(t, takeAll(s.BeginSnapshot(1), 1<<20))
}

// mutate does something random to a state: mostly commands, now and then what
// concerns many keys at once.
func mutate(b *bench, g *gen) {
	b.env.Index++
	b.env.Now += int64(g.IntN(30))
	b.env.Seed = g.Uint64()
	b.s.Tick(&b.env, 1+g.IntN(3))
	switch g.IntN(60) {
	case 0:
		b.exec("flushall")
	case 1:
		b.s.DropSlots(&b.env, slotmap.Range{First: uint16(g.IntN(8000)), Last: uint16(8000 + g.IntN(slotmap.Count-8000))})
	case 2:
		b.s.TakeSlots(&b.env, []slotmap.Run{{Range: slotmap.Range{First: 0, Last: slotmap.Count - 1}, Shard: 1, Epoch: b.env.Index}})
	case 3, 4, 5, 6:
		b.exec("set", g.anyKey(), g.value(), "px", g.pick("5", "20", "90"))
	case 7, 8, 9, 10, 11, 12, 13, 14:
		b.exec("set", g.anyKey(), g.value())
	case 15, 16, 17:
		b.exec("del", g.anyKey())
	case 18, 19, 20:
		b.wait(g.blocking()...)
	default:
		b.exec(g.command()...)
	}
}

// anyKey is a key of any slot, or one of very many of a single slot.
func (g *gen) anyKey() string {
	n := g.IntN(300)
	return g.pick("k", "{x}") + string(rune('0'+n%10)) + string(rune('0'+n/10))
}

func newGen(t *rapid.T) *gen {
	return &gen{Rand: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3)), now: testNow}
}

// heldBy adds up what a snapshot holds.
func heldBy(n *Snapshotter) int64 {
	held := n.restHeld
	for _, w := range n.ahead {
		held += int64(len(w.records)) + w.restHeld
	}
	if n.rest.obj == nil && n.restHeld != 0 {
		return -1
	}
	return held
}

// What changes before its turn is held until it is written, by its bytes: a long string, a large collection, and all keys
// when they are dropped at once.
func TestSnapshotTellsWhatItHolds(t *testing.T) {
	const size = 3 << 20
	for name, change := range map[string]func(b *bench){
		"a long string":      func(b *bench) { b.exec("del", "string") },
		"a large collection": func(b *bench) { b.exec("rpush", "list", "x") },
		"all keys":           func(b *bench) { b.exec("flushall") },
	} {
		b := newBench(t)
		b.exec("set", "string", strings.Repeat("v", size))
		for range size / 3000 {
			b.exec("rpush", "list", strings.Repeat("v", 3000))
		}
		n := b.s.BeginSnapshot(b.env.Index)
		n.Next(nil, 1) // its header
		if n.Holds(0) {
			t.Errorf("%s: something is held at the beginning", name)
		}
		change(b)
		if !n.Holds(size*9/10) || name != "all keys" && n.Holds(size*12/10) {
			t.Errorf("%s: %d bytes are held, want %d", name, n.held, size)
		}
		for i := 0; ; i++ {
			if _, done := n.Next(nil, 64<<10); done {
				break
			}
			if n.held != heldBy(n) || i > 1000 {
				t.Fatalf("%s: %d bytes are held, want %d", name, n.held, heldBy(n))
			}
		}
		if n.Holds(0) {
			t.Errorf("%s: something is held at the end", name)
		}
	}
}

// A snapshot taken in slices while the state changes under it is the state at
// the moment when it began.
func TestSnapshotIsTheStateAtItsBeginning(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := newGen(rt)
		b := newBench(t)
		for range rapid.IntRange(0, 600).Draw(rt, "before") {
			mutate(b, g)
		}
		want := copyOf(t, b.s)
		sameState(t, want, b.s)
		n := b.s.BeginSnapshot(b.env.Index)
		var blocks [][]byte
		maxBytes := rapid.SampledFrom([]int{1, 100, 1000, 64 << 10}).Draw(rt, "slice")
		between := rapid.IntRange(0, 5).Draw(rt, "between")
		for done := false; !done; {
			var block []byte
			block, done = n.Next(nil, maxBytes)
			blocks = append(blocks, block)
			if want := heldBy(n); n.held != want {
				rt.Fatalf("%d bytes held, want %d", n.held, want)
			}
			for range between * g.IntN(2) {
				mutate(b, g)
			}
		}
		sameState(t, restoreAll(t, blocks), want)
		if block, done := n.Next(nil, 10); len(block) > 0 || !done {
			t.Fatal("more after the end")
		}
	})
}

// All keys go while the walk is in the middle of a slot, twice.
func TestSnapshotOfASlotThatIsDropped(t *testing.T) {
	b := newBench(t)
	for i := range 2000 {
		b.run("set", "{x}"+string(rune(i)), "v", "px", "5")
	}
	want := b.s.Hash()
	n := b.s.BeginSnapshot(b.env.Index)
	var blocks [][]byte
	for n.keys < 700 {
		block, _ := n.Next(nil, 1000)
		blocks = append(blocks, block)
	}
	for range 2 {
		b.run("flushall")
		b.run("set", "{x}new", "w")
	}
	if got := restoreAll(t, append(blocks, takeAll(n, 1000)...)); got.Hash() != want {
		t.Error("not the state at its beginning")
	}
}

func TestSnapshotCancelledAndBegunAgain(t *testing.T) {
	b := newBench(t)
	for i := range 500 {
		b.run("set", string(rune(i)), "v")
	}
	first := b.s.BeginSnapshot(1)
	first.Next(nil, 600_000)
	b.run("set", string(rune(3)), "w")
	second := b.s.BeginSnapshot(2)
	want := b.s.Hash()
	if _, done := first.Next(nil, 100); !done {
		t.Fatal("the first one goes on")
	}
	first.Cancel() // must not end the second
	b.run("set", string(rune(4)), "w")
	if got := restoreAll(t, takeAll(second, 1000)); got.Hash() != want {
		t.Fatal("the second one is not the state at its beginning")
	}
}

func TestSnapshotBlocksKeepTheLimit(t *testing.T) {
	b := newBench(t)
	for i := range 3000 {
		b.run("set", string(rune(i)), "0123456789abcdef")
	}
	n := b.s.BeginSnapshot(1)
	for i := range 1500 { // written ahead of their turn
		b.run("append", string(rune(i)), "x")
	}
	for i, block := range takeAll(n, 100_000) {
		if len(block) > 100_000 {
			t.Fatalf("block %d has %d bytes", i, len(block))
		}
	}
}

func TestRestorerRefuses(t *testing.T) {
	b := newBench(t)
	b.run("set", "k", "v")
	b.run("set", "other", "12", "px", "1000")
	block := slices.Concat(takeAll(b.s.BeginSnapshot(1), 1<<20)...)
	head := appendHeader(nil, b.s.header(1))
	entry, _ := appendEntry(nil, b.s.lookup([]byte("k")).e)
	noSlots := b.s.header(1)
	noSlots.runs = nil
	overlap := b.s.header(1)
	overlap.runs = append(slices.Clone(overlap.runs), overlap.runs...)
	past := slices.Clone(head)
	past[2] = 1
	future := slices.Clone(head)
	future[2] = snapshotFormat + 1
	kind := slices.Clone(entry)
	hash := slices.Concat(kind[:6], []byte{byte(kindHash), byte(encHashtable)})
	end := appendEnd(nil, 1, 0)
	for name, bad := range map[string][]byte{
		"empty":            nil,
		"cut at a record":  head,
		"cut inside":       block[:len(block)-1],
		"two headers":      slices.Concat(head, head),
		"no header":        entry,
		"after the end":    slices.Concat(block, entry),
		"key twice":        slices.Concat(head, entry, entry),
		"wrong count":      slices.Concat(head, entry, appendEnd(nil, 2, 0)),
		"wrong sum":        slices.Concat(head, entry, appendEnd(nil, 1, 0)),
		"slot not owned":   slices.Concat(appendHeader(nil, noSlots), entry),
		"overlapping runs": appendHeader(nil, overlap),
		"unknown format":   future,
		"another format":   past,
		"unknown record":   slices.Concat(head, pack.AppendUint(pack.AppendArray(nil, 3), 9)),
		"too few fields":   slices.Concat(head, pack.AppendUint(pack.AppendArray(nil, 1), recEnd)),
		"unknown kind":     slices.Concat(head, kind[:4], []byte{0, 77, 0, 0}),
		"unknown encoding": slices.Concat(head, kind[:6], []byte{byte(kindHash), byte(encRaw), 0x92, 1, 0x91, 0xc4, 0}),
		"no item":          slices.Concat(head, hash, []byte{0x92, 0, 0x90}),
		"no item yet":      slices.Concat(head, hash, []byte{0x92, 1, 0x90}),
		"not an item":      slices.Concat(head, hash, []byte{0x92, 1, 0x91, 0xc4, 2, 9, 9}),
		"one item of two":  slices.Concat(head, hash, []byte{0x92, 2, 0x91, 0xc4, 1, 0}, end),
		"item twice":       slices.Concat(head, hash, []byte{0x92, 2, 0x92, 0xc4, 1, 0, 0xc4, 1, 0}, end),
		"item without key": slices.Concat(head, []byte{0x92, recItems, 0x91, 0xc4, 1, 0}),
	} {
		r := NewRestorer(Config{})
		err := r.Add(bad)
		if _, err2 := r.Finish(); !errors.Is(err2, ErrSnapshot) || err != nil && !errors.Is(err, ErrSnapshot) {
			t.Errorf("%s: %v, %v", name, err, err2)
		}
		c := NewChecker()
		c.Add(bad)
		if err := c.Finish(); !errors.Is(err, ErrSnapshot) {
			t.Errorf("%s: checked: %v", name, err)
		}
	}
}

// Whatever byte is flipped in a snapshot: it is refused, or it is a state that
// differs, but nothing panics; and a check of it says the same.
func FuzzRestorer(f *testing.F) {
	b := newBench(f)
	b.run("set", "k", "v")
	b.run("set", "other", "12", "px", "1000")
	b.run("hset", "h", "f", "v", "g", "w")
	hash, _ := appendEntry(nil, b.s.lookup([]byte("h")).e)
	head := appendHeader(nil, b.s.header(1))
	entry, _ := appendEntry(nil, b.s.lookup([]byte("other")).e)
	f.Add(head)
	f.Add(slices.Concat(head, entry, hash, appendEnd(nil, 2, xxhash.Sum64(head)+xxhash.Sum64(entry)+xxhash.Sum64(hash))))
	f.Fuzz(func(t *testing.T, block []byte) {
		r, c := NewRestorer(Config{}), NewChecker()
		r.Add(block)
		c.Add(block)
		s, err := r.Finish()
		if checked := c.Finish(); (err == nil) != (checked == nil) {
			t.Fatalf("restored: %v, checked: %v", err, checked)
		}
		if err == nil {
			checkConsistent(t, s)
		}
	})
}

// A walk that nothing disturbs looks ahead at each chain once, and allocates nothing for it.
func TestSnapshotLooksAheadOnce(t *testing.T) {
	b := newBench(t)
	for i := range 10_000 { // in one large dict, and in small ones
		b.exec("set", fmt.Sprintf("{a}%d", i), "value")
		b.exec("set", key(i), "value")
	}
	chains := 0
	for _, d := range b.s.dicts {
		for i := uint32(0); d != nil && i < d.buckets; i++ {
			if *d.bucket(i) != 0 {
				chains++
			}
		}
	}
	n := b.s.BeginSnapshot(1)
	buf := make([]byte, 0, 1<<10)
	looks, looked := 0, n.looked
	next := func() (done bool) {
		buf, done = n.Next(buf[:0], 1)
		if !done && n.looked != looked {
			if n.looked.before(looked) {
				t.Fatalf("looked ahead up to %v, and then up to %v", looked, n.looked)
			}
			looks, looked = looks+1, n.looked
		}
		return done
	}
	for n.header != nil || n.watched < watchPages {
		next()
	}
	if allocs := testing.AllocsPerRun(2000, func() { next() }); allocs > 0 {
		t.Errorf("%v allocations a step", allocs)
	}
	for !next() {
	}
	if least := chains / AheadMax; looks < least || looks > least+least/10+2 { // some are over many empty buckets
		t.Errorf("looked ahead %d times at %d chains, want %d", looks, chains, least)
	}
}
