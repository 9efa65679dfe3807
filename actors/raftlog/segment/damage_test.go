package segment

import (
	"errors"
	"maps"
	"math"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A damaged directory opens and says all, or is refused.
type verdict int

const (
	same    verdict = iota // as if nothing had happened
	shorter                // the last commits are gone
	refused                // ErrCorrupt
)

// open says how a damaged disk opens, and at which commit it is then. A refusal must change nothing.
func (l *ledger) open(t testing.TB, fs *vfs.MemFS, thorough bool, name string, args ...any) (verdict, int) {
	t.Helper()
	var before map[string]string
	if thorough {
		before = contents(t, fs)
	}
	opts := l.opts
	opts.FS = fs
	s, err := Open(opts)
	if thorough && !maps.Equal(before, contents(t, fs)) {
		t.Fatalf(name+": Open has changed files", args...)
	}
	got := ""
	if err == nil {
		got, err = dump(s)
		mustClose(t, s)
	}
	switch last := len(l.dumps) - 1; {
	case errors.Is(err, ErrCorrupt):
		return refused, 0
	case err != nil:
		t.Fatalf(name+": %v", append(args, err)...)
	case got == l.dumps[last]:
		return same, last
	}
	for i := len(l.dumps) - 1; i >= 0; i-- {
		if got == l.dumps[i] {
			return shorter, i
		}
	}
	t.Fatalf(name+": wrong in silence: %s", append(args, difference(got, l.dumps[len(l.dumps)-1]))...)
	return 0, 0
}

// expect is what damage of a byte of a file must lead to.
func (l *ledger) expect(path string, off int64) (verdict, int) {
	last := len(l.dumps) - 1
	for _, g := range l.store.segments {
		if g.file.name != path || off >= g.end {
			continue
		}
		if g != l.store.tail {
			return refused, 0
		}
		for i := len(l.ends) - 1; l.tails[i] == g; i-- {
			if start := l.start(i); off >= start {
				// That a frame was durable only the one after it says.
				if i > l.synced || i == last {
					return shorter, i - 1
				}
				return refused, 0
			}
		}
		return refused, 0 // the base
	}
	return same, last
}

// start is where the frame of a commit begins; what clean has moved is not asked about.
func (l *ledger) start(i int) int64 {
	if l.tails[i-1] == l.tails[i] {
		return l.ends[i-1]
	}
	return l.store.based
}

func TestFlippedByteIsNeverSilent(t *testing.T) {
	for name, unsynced := range map[string]int{"all synced": 0, "some are not": 3} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t, 8<<10)
			l.until(t, 14, always)
			for range unsynced {
				l.commit(t, false)
			}
			if l.tails[l.synced-1] != l.store.tail {
				t.Fatal("the last segment has too little")
			}
			fs := cloneMem(t, l.mem)
			var counts [3]int
			n := 0
			for path, data := range contents(t, fs) {
				for off := int64(0); off < int64(len(data)); off += stride(off, path == l.tail()) {
					bit := byte(1) << (off % 8)
					overwrite(t, fs, path, off, []byte{data[off] ^ bit})
					n++
					got, at := l.open(t, fs, n%50 == 0, "%s, byte %d", path, off)
					want, wantAt := l.expect(path, off)
					counts[got]++
					if got != want || got == shorter && at != wantAt {
						t.Errorf("%s, byte %d: %d at commit %d, want %d at commit %d of %d", path, off, got, at, want, wantAt, len(l.dumps)-1)
					}
					overwrite(t, fs, path, off, []byte{data[off]})
				}
			}
			if got, _ := l.open(t, fs, true, "undamaged"); got != same {
				t.Fatal("something was destroyed")
			}
			t.Logf("%d listed; same, shorter, refused: %d", len(l.store.segments), counts)
			if len(l.store.segments) < 3 || counts[same] < 50 || counts[shorter] < 20 || counts[refused] < 300 {
				t.Fatal("too little is covered")
			}
		})
	}
}

// stride is 1 where a segment begins.
func stride(off int64, tail bool) int64 {
	switch {
	case off < 150:
		return 1
	case tail:
		return 5
	}
	return 37
}

func TestMissingAndMixedUpFiles(t *testing.T) {
	l := newLedger(t, 8<<10)
	l.until(t, 14, always)
	listed := map[string]*segment{}
	for _, g := range l.store.segments {
		listed[g.file.name] = g
	}
	before := 0 // the last commit before the tail
	for l.tails[before] != l.store.tail {
		before++
	}
	before--
	files := paths(t, l.mem, testDir)
	all := contents(t, l.mem)
	for i, path := range files {
		g := listed[path]
		fs := cloneMem(t, l.mem)
		if err := fs.Remove(path); err != nil {
			t.Fatal(err)
		}
		got, at := l.open(t, fs, true, "%s is missing", path)
		switch {
		case g == l.store.tail && (got != shorter || at != before),
			g != l.store.tail && g != nil && got != refused,
			g == nil && got != same:
			t.Errorf("%s, segment %v, is missing: %d at commit %d of %d", path, g, got, at, len(l.dumps)-1)
		}
		for _, keep := range []int64{0, 1, frameHeader, 100, int64(len(all[path])) / 2, int64(len(all[path])) - 1} {
			if keep < 0 || keep >= int64(len(all[path])) {
				continue
			}
			write(t, fs, path, []byte(all[path][:keep]))
			got, at := l.open(t, fs, true, "%s ends at %d", path, keep)
			switch {
			case g == l.store.tail: // what is gone is gone from some commit on
				if got == same && keep < g.end || got == shorter && at < before {
					t.Errorf("the tail ends at %d: %d at commit %d", keep, got, at)
				}
			case g != nil && keep < g.end && got != refused, (g == nil || keep >= g.end) && got != same:
				t.Errorf("%s, segment %v, ends at %d: %d", path, g, keep, got)
			}
		}
		other := files[(i+1)%len(files)]
		fs = cloneMem(t, l.mem)
		write(t, fs, path, []byte(all[other]))
		write(t, fs, other, []byte(all[path]))
		if got, at := l.open(t, fs, true, "%s and %s are swapped", path, other); got != same {
			t.Errorf("%s and %s are swapped: %d at commit %d", path, other, got, at)
		}
		for _, name := range []string{"/00000000.segment", "/99999990.segment"} {
			fs = cloneMem(t, l.mem)
			write(t, fs, testDir+name, []byte(all[path]))
			l.opens(t, fs, len(l.dumps)-1, "%s twice", path)
		}
	}
	fs := cloneMem(t, l.mem)
	write(t, fs, testDir+"/x.segment", []byte(all[l.tail()]))
	write(t, fs, testDir+"/00000001.other", []byte(all[l.tail()]))
	l.opens(t, fs, len(l.dumps)-1, "other files")
}

// The first segment has none before it that could know of it. Its frames after a damaged base are durable all the same.
func TestDamagedBaseOfOnlySegment(t *testing.T) {
	mem := vfs.NewMem()
	makeDir(t, mem)
	s := mustOpen(t, options(mem, 64<<10))
	puts(t, s, 1, 0, 5, 100, "a")
	if s.last != 1 {
		t.Fatal("several segments")
	}
	path := s.tail.file.name
	mustClose(t, s)
	file := read(t, mem, path)
	fr, _ := parseFrame(file)
	for off := range frameHeader + len(fr.content) {
		overwrite(t, mem, path, int64(off), []byte{file[off] ^ 1})
		s, err := Open(options(mem, 64<<10))
		if err == nil {
			t.Fatalf("byte %d: opens in silence with %q", off, mustDump(t, s))
		} else if !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
		overwrite(t, mem, path, int64(off), file[off:off+1])
	}
}

// A base and nothing after it says nothing that the segments before it do not.
func TestDamagedBaseWithoutFrames(t *testing.T) {
	l := newLedger(t, 8<<10)
	l.until(t, 5, always)
	for l.tails[len(l.tails)-1] == l.tails[len(l.tails)-2] {
		l.commit(t, true)
	}
	last := len(l.dumps) - 1
	l.dumps[last] = l.dumps[last-1]
	fs := cloneMem(t, l.mem)
	write(t, fs, l.tail(), read(t, fs, l.tail())[:l.store.based])
	l.opens(t, fs, last, "a base only")
	fs = cloneMem(t, l.mem)
	write(t, fs, l.tail(), read(t, fs, l.tail())[:l.store.based-1])
	l.opens(t, fs, last, "less than a base")
}

func TestDamageOfARunningStoreIsNoticed(t *testing.T) {
	l := newLedger(t, 8<<10)
	l.until(t, 6, always)
	n := 0
	for id, str := range l.store.streams {
		for i := str.first; i < str.end; i += 3 {
			p := *str.at(i)
			if p.size == 0 {
				continue
			}
			n++
			path := l.store.segments[p.segment].file.name
			old := read(t, l.mem, path)[p.offset]
			overwrite(t, l.mem, path, int64(p.offset), []byte{old ^ 4})
			view := l.store.View(id)
			for _, r := range []reader{l.store, view} {
				handed := false
				err := r.Entries(id, i, math.MaxUint64, func(uint64, []byte) (bool, error) { handed = true; return true, nil })
				if !errors.Is(err, ErrCorrupt) || handed {
					t.Fatalf("%d/%d: %v, %v", id, i, handed, err)
				}
			}
			view.Close()
			overwrite(t, l.mem, path, int64(p.offset), []byte{old})
		}
	}
	if got, want := mustDump(t, l.store), l.model.dump(); got != want || n < 5 {
		t.Fatal(n, difference(got, want))
	}
	// The file ends before the entry.
	for id, str := range l.store.streams {
		p := *str.at(str.first)
		f := l.store.segments[p.segment].file
		write(t, l.mem, f.name, read(t, l.mem, f.name)[:p.offset])
		f.fresh = false // or else what is open has the bytes still
		if err := f.refresh(&l.opts); err != nil {
			t.Fatal(err)
		}
		if _, err := dump(l.store); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%d: %v", id, err)
		}
		break
	}
}

// What clean moves must not be blessed with a new sum.
func TestDamagedEntryIsNotMoved(t *testing.T) {
	mem := vfs.NewMem()
	makeDir(t, mem)
	s := mustOpen(t, options(mem, 4<<10))
	var err error
	for i := uint64(0); i < 200 && err == nil; i++ {
		var b Batch
		if i%4 == 0 {
			copy(b.Put(1, i/4, 100), text(100, "idle"))
		}
		b.Put(2, i, 1000)
		b.Cut(2, 0, i-min(i, 1))
		if err = s.Commit(&b, true); i == 0 {
			p := *s.streams[1].at(0)
			overwrite(t, mem, s.tail.file.name, int64(p.offset), []byte("wrong"))
		}
	}
	if !errors.Is(err, ErrCorrupt) {
		t.Fatalf("%v", err)
	}
	_ = s.Close()
	if s, err := Open(options(mem, 4<<10)); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("%v, %v", s, err)
	}
}

// Whatever a base says, it is checked against what is there.
func TestBaseIsCheckedAgainstEntries(t *testing.T) {
	l := newLedger(t, 8<<10)
	l.until(t, 6, always)
	file := read(t, l.mem, l.tail())
	fr, _ := parseFrame(file)
	good, err := parseBase(fr.content)
	if err != nil || len(good.segments) == 0 || len(good.streams) == 0 {
		t.Fatal(err, good)
	}
	for name, change := range map[string]func(b *base){
		"end":          func(b *base) { b.streams[0].end += 100_000 },
		"backwards":    func(b *base) { b.streams[0].first = b.streams[0].end + 1 },
		"stream":       func(b *base) { b.streams = append(b.streams, extent{77, 1, 2}) },
		"segment id":   func(b *base) { b.segments[0].id += 100 },
		"nonce":        func(b *base) { b.segments[0].nonce++ },
		"end too high": func(b *base) { b.segments[0].end++ },
		"end too low":  func(b *base) { b.segments[0].end-- },
		"values":       func(b *base) { b.values = append(b.values, 99) },
	} {
		b, _ := parseBase(fr.content)
		b.values = append([]byte(nil), b.values...)
		change(&b)
		forged := fr
		forged.content = b.append(nil)
		fs := cloneMem(t, l.mem)
		write(t, fs, l.tail(), append(forged.bytes(), file[frameHeader+len(fr.content):]...))
		if got, at := l.open(t, fs, true, "%s", name); got != refused {
			t.Errorf("%s: %d at %d", name, got, at)
		}
	}
}
