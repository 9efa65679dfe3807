package segment

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// failNth fails one operation that matches; the disk is well before and after.
type failNth struct {
	mu    sync.Mutex
	match func(errorfs.Op) bool
	after int
	hit   bool
}

func (f *failNth) MaybeError(op errorfs.Op) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hit || !f.match(op) {
		return nil
	}
	if f.after--; f.after >= 0 {
		return nil
	}
	f.hit = true
	return errorfs.ErrInjected
}

func (f *failNth) String() string { return "failNth" }

func (f *failNth) done() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hit
}

func ofKind(kind errorfs.OpKind) func(errorfs.Op) bool {
	return func(op errorfs.Op) bool { return op.Kind == kind }
}

// Each operation of a kind fails in turn, once.
func TestFailedOperationsAreFinal(t *testing.T) {
	for name, kind := range map[string]errorfs.OpKind{
		"open": errorfs.OpOpen, "open directory": errorfs.OpOpenDir, "sync directory": errorfs.OpFileSync,
		"sync": errorfs.OpFileSyncData, "write": errorfs.OpFileWriteAt, "remove": errorfs.OpRemove, "read": errorfs.OpFileReadAt,
	} {
		t.Run(name, func(t *testing.T) {
			failed := 0
			for after := 0; after < 400; after += 1 + after/12 {
				f := &failNth{match: ofKind(kind), after: after} // the first may be Open's
				if failCommits(t, f, uint64(after%3)) {
					failed++
				}
				if !f.hit {
					break
				}
			}
			t.Logf("%d failed commits", failed)
			if failed == 0 {
				t.Fatal("no Commit has failed")
			}
		})
	}
}

// failCommits runs commits until one fails, as f has it, and looks at what is left. It reports whether one did.
func failCommits(t *testing.T, f *failNth, seed uint64) bool {
	t.Helper()
	mem := vfs.NewCrashableMem()
	makeDir(t, mem)
	m := newModel(rand.New(rand.NewPCG(seed, 9)), 4<<10)
	s, err := Open(options(errorfs.Wrap(mem, f), 4<<10))
	if f.hit && errors.Is(err, errorfs.ErrInjected) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	g := &generation{states: []*model{m.clone()}, dumps: []string{m.dump()}}
	for i := range 120 {
		var b Batch
		m.batch(&b)
		if i > 100 { // much is dropped: files are too many
			m.cutAll(&b)
		}
		sync := m.choose(3) == 0
		g.states, g.dumps = append(g.states, m.clone()), append(g.dumps, m.dump())
		if err = s.Commit(&b, sync); err != nil {
			break
		}
		if sync {
			g.low = len(g.dumps) - 1
		}
	}
	high := len(g.dumps) - 1
	if err != nil {
		if !errors.Is(err, errorfs.ErrInjected) {
			t.Fatal(err)
		}
		before := contents(t, mem)
		var b Batch
		b.Set([]byte("a"), nil)
		for _, again := range []error{s.Commit(&b, true), s.Commit(&b, false), s.Commit(&Batch{}, true)} {
			if !errors.Is(again, errorfs.ErrInjected) {
				t.Fatalf("goes on after %v: %v", err, again)
			}
		}
		for path, data := range before {
			if string(read(t, mem, path)) != data {
				t.Fatalf("%s is written after %v", path, err)
			}
		}
		// What readers see is a state, too.
		if got, err := dump(s); err != nil || got != g.dumps[high-1] && got != g.dumps[high] {
			t.Fatalf("readers: %v, %s", err, difference(got, g.dumps[high-1]))
		}
	}
	crashed := mem.CrashClone(vfs.CrashCloneCfg{})
	_ = s.Close()
	for _, fs := range []*vfs.MemFS{mem, crashed} {
		if err := g.check(t, crash{fs: fs, low: g.low, high: high}); err != nil {
			t.Fatalf("failure after %d: %v", f.after, err)
		}
	}
	return err != nil
}

func (m *model) cutAll(b *Batch) {
	for id, s := range m.streams {
		m.cut(b, id, s.first, s.end())
	}
}

func TestFailedOpenCanBeTriedAgain(t *testing.T) {
	l := newLedger(t, 8<<10)
	l.until(t, 6, always)
	mem := cloneMem(t, l.mem)
	for name, kind := range map[string]errorfs.OpKind{
		"list": errorfs.OpList, "open": errorfs.OpOpen, "read": errorfs.OpFileReadAt, "stat": errorfs.OpFileStat, "sync": errorfs.OpFileSync,
	} {
		n := 0
		for ; ; n++ {
			f := &failNth{match: ofKind(kind), after: n}
			s, err := Open(options(errorfs.Wrap(mem, f), 8<<10))
			if !f.done() {
				mustClose(t, s)
				break
			}
			if !errors.Is(err, errorfs.ErrInjected) || errors.Is(err, ErrCorrupt) {
				t.Fatalf("%s %d: %v", name, n, err)
			}
		}
		if n < 1 {
			t.Fatalf("%s does not happen", name)
		}
	}
	l.opens(t, mem, len(l.dumps)-1, "after failures")
}

// A failed read is of the reader only.
func TestFailedReadIsNotFinal(t *testing.T) {
	mem := vfs.NewMem()
	makeDir(t, mem)
	f := &failNth{match: func(op errorfs.Op) bool { return false }}
	s := mustOpen(t, options(errorfs.Wrap(mem, f), 4<<10))
	defer s.Close()
	puts(t, s, 1, 0, 3, 10, "a")
	f.mu.Lock() // the goroutine that fills ahead asks, too
	f.match = ofKind(errorfs.OpFileReadAt)
	f.mu.Unlock()
	if _, err := dump(s); !errors.Is(err, errorfs.ErrInjected) || errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
	if _, err := dump(s); err != nil {
		t.Fatal(err)
	}
	puts(t, s, 1, 3, 4, 10, "a")
	for _, g := range s.segments {
		if n := g.pins.Load(); n != 0 {
			t.Fatalf("%d pins", n)
		}
	}
}

// The file of the next segment cannot be filled ahead: nobody but the disk's log notices.
func TestFailedFillingIsHarmless(t *testing.T) {
	for name, kind := range map[string]errorfs.OpKind{"open": errorfs.OpOpen, "write": errorfs.OpFileWriteAt, "sync": errorfs.OpFileSyncData} {
		t.Run(name, func(t *testing.T) {
			mem := vfs.NewMem()
			makeDir(t, mem)
			const second = testDir + "/00000002.segment"
			opens := 0
			f := &failNth{match: func(op errorfs.Op) bool {
				if op.Path != second || op.Kind != kind {
					return false
				}
				opens++
				return kind != errorfs.OpOpen || opens == 3 // to create it, to read it, to fill it
			}}
			s := mustOpen(t, options(errorfs.Wrap(mem, f), 2<<20))
			var b Batch
			for i := range uint64(15) {
				b.Reset()
				copy(b.Put(1, i, 64<<10), text(64<<10, i))
				mustCommit(t, s, &b, true)
			}
			s.reserve.wait(t)
			if !f.done() {
				t.Fatal("nothing has failed")
			}
			for i := uint64(15); i < 40; i++ {
				b.Reset()
				copy(b.Put(1, i, 64<<10), text(64<<10, i))
				mustCommit(t, s, &b, true)
			}
			if s.segments[2].file.name != second {
				t.Fatal("the file is not used")
			}
			want := mustDump(t, s)
			mustClose(t, s)
			s = mustOpen(t, options(mem, 2<<20))
			if got := mustDump(t, s); got != want {
				t.Fatal(difference(got, want))
			}
			mustClose(t, s)
		})
	}
}
