package segment

import (
	"math"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func puts(t testing.TB, s *Store, stream uint32, from, to uint64, size int, what string) {
	t.Helper()
	for i := from; i < to; i++ {
		var b Batch
		copy(b.Put(stream, i, size), text(size, what, i))
		mustCommit(t, s, &b, true)
	}
}

// usedFile opens a store whose next segment begins in a file that was written to the end before.
func usedFile(t testing.TB) *Store {
	t.Helper()
	mem := vfs.NewMem()
	makeDir(t, mem)
	write(t, mem, testDir+"/00000001.segment", make([]byte, 64<<10))
	return mustOpen(t, options(mem, 64<<10))
}

// A block that was read before an entry was added to it does not have the entry.
func TestEntriesReadsWhatIsAddedMeanwhile(t *testing.T) {
	s := usedFile(t)
	defer s.Close()
	puts(t, s, 1, 0, maxPicked+1, 10, "a")
	n := 0
	if err := s.Entries(1, 0, math.MaxUint64, func(i uint64, v []byte) (bool, error) {
		if string(v) != text(10, "a", i) {
			t.Fatalf("%d: %q", i, v)
		}
		if n++; n == maxPicked {
			puts(t, s, 1, maxPicked+1, maxPicked+3, 10, "a")
		}
		return true, nil
	}); err != nil || n < maxPicked+1 {
		t.Fatalf("%d entries, then %v", n, err)
	}
}

// A file is given up and written anew while its stream is read: what was read of it is of no use any more.
func TestEntriesReadsFilesUsedAgainMeanwhile(t *testing.T) {
	const size = 4 << 10
	mem := vfs.NewMem()
	makeDir(t, mem)
	s := mustOpen(t, options(mem, size))
	defer s.Close()
	puts(t, s, 1, 0, 200, 10, "a")
	next, n := uint64(0), uint64(200)
	for next < n { // a reading ends early where clean has moved an entry
		before := next
		if err := s.Entries(1, next, math.MaxUint64, func(i uint64, v []byte) (bool, error) {
			if i != next || string(v) != text(10, "a", i) {
				t.Fatalf("%d and not %d: %q", i, next, v)
			}
			next = i + 1
			if i%20 == 0 && n < 2000 {
				var b Batch
				b.Cut(1, 0, i)
				mustCommit(t, s, &b, true)
				puts(t, s, 1, n, n+15, 10, "a")
				n += 15
			}
			return true, nil
		}); err != nil || next == before {
			t.Fatalf("from %d to %d: %v", before, next, err)
		}
	}
	if next < 500 || s.number > 20 {
		t.Fatalf("read to %d, %d files", next, s.number)
	}
}

// What a reading has picked stays where it is, though it is dropped and its file is wanted.
func TestEntriesKeepsWhatItReads(t *testing.T) {
	const size, each = 64 << 10, 8 << 10
	mem := vfs.NewMem()
	makeDir(t, mem)
	s := mustOpen(t, options(mem, size))
	defer s.Close()
	puts(t, s, 1, 0, maxPicked, each, "a")
	n := uint64(0)
	if err := s.Entries(1, 0, math.MaxUint64, func(i uint64, v []byte) (bool, error) {
		if i != n || string(v) != text(each, "a", i) {
			t.Fatalf("%d and not %d", i, n)
		}
		if n++; n == 1 {
			var b Batch
			b.Cut(1, 0, math.MaxUint64)
			mustCommit(t, s, &b, true)
			puts(t, s, 2, 0, 4*maxPicked, each, "b")
		}
		return true, nil
	}); err != nil || n != maxPicked {
		t.Fatalf("%d entries, then %v", n, err)
	}
	if len(s.streams) != 1 || s.number > 60 {
		t.Fatalf("%d streams, %d files", len(s.streams), s.number)
	}
}

// Entries that are replaced while a stream is read are not mixed with those before.
func TestEntriesEndsWhereTheyAreReplaced(t *testing.T) {
	for name, change := range map[string]func(b *Batch){
		"overwritten":    func(b *Batch) { copy(b.Put(1, 150, 5), "other") },
		"suffix is cut":  func(b *Batch) { b.Cut(1, 150, math.MaxUint64); copy(b.Put(1, 150, 5), "other") },
		"all is cut":     func(b *Batch) { b.Cut(1, 0, math.MaxUint64); copy(b.Put(1, 70, 5), "other") },
		"all, and later": func(b *Batch) { b.Cut(1, 0, math.MaxUint64); copy(b.Put(1, 300, 5), "other") },
	} {
		t.Run(name, func(t *testing.T) {
			mem := vfs.NewMem()
			makeDir(t, mem)
			s := mustOpen(t, options(mem, 64<<10))
			defer s.Close()
			puts(t, s, 1, 0, 200, 10, "a")
			n := 0
			if err := s.Entries(1, 0, math.MaxUint64, func(i uint64, v []byte) (bool, error) {
				if string(v) != text(10, "a", i) {
					t.Errorf("%d: %q", i, v)
				}
				if n++; n == 1 {
					var b Batch
					change(&b)
					mustCommit(t, s, &b, true)
				}
				return true, nil
			}); err != nil || n != maxPicked {
				t.Fatalf("%d entries, then %v", n, err)
			}
		})
	}
}

// A segment that has nothing but entries of no bytes is still needed.
func TestEmptyValuesSurvive(t *testing.T) {
	mem := vfs.NewMem()
	makeDir(t, mem)
	opts := options(mem, 4<<10)
	s := mustOpen(t, opts)
	puts(t, s, 1, 0, 3, 0, "")
	for range 20 {
		var b Batch
		b.Set([]byte("key"), make([]byte, 1000))
		mustCommit(t, s, &b, true)
	}
	for _, when := range []string{"running", "opened again"} {
		n := 0
		func() {
			defer func() {
				if r := recover(); r != nil {
					t.Errorf("%s: panic: %v", when, r)
				}
			}()
			if err := s.Entries(1, 0, 3, func(uint64, []byte) (bool, error) { n++; return true, nil }); err != nil {
				t.Error(err)
			}
		}()
		if n != 3 {
			t.Errorf("%s: %d entries", when, n)
		}
		if when == "running" {
			s = reopen(t, opts) // that one is not used any more: the panic has left it locked
		}
	}
	mustClose(t, s)
}

func reopen(t testing.TB, opts Options) *Store {
	t.Helper()
	s, err := Open(opts)
	if err != nil {
		t.Fatalf("opened again: %v", err)
	}
	return s
}

// The sizes of a stream's entries, the last one first, within bounds that it may not reach to.
func TestSizes(t *testing.T) {
	mem := vfs.NewMem()
	makeDir(t, mem)
	s := mustOpen(t, options(mem, 1<<10))
	defer mustClose(t, s)
	var b Batch
	for i := uint64(3); i < 700; i++ {
		b.Reset()
		clear(b.Put(1, i, int(i)))
		mustCommit(t, s, &b, false)
	}
	for _, c := range []struct{ lo, hi, most, last, n uint64 }{
		{0, 1000, 1000, 699, 697}, {5, 9, 1000, 8, 4}, {5, 9, 2, 8, 2}, {9, 9, 9, 0, 0}, {9, 5, 9, 0, 0}, {0, 3, 9, 0, 0}, {0, 4, 9, 3, 1}, {700, 800, 9, 0, 0},
	} {
		want, n := c.last, uint64(0)
		s.Sizes(1, c.lo, c.hi, func(index uint64, size int) bool {
			if index != want || size != int(index) {
				t.Errorf("%+v: entry %d has %d bytes, want entry %d", c, index, size, want)
			}
			want, n = want-1, n+1
			return n < c.most
		})
		if n != c.n {
			t.Errorf("%+v: %d entries", c, n)
		}
	}
	s.Sizes(2, 0, 10, func(uint64, int) bool { t.Error("an entry of no stream"); return false })
}
