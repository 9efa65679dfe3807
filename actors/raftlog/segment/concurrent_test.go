package segment

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// selfDescribing reports whether a value is the whole of what text made for an entry, see concurrentValue.
func selfDescribing(id uint32, index uint64, v []byte) error {
	unit, _, ok := bytes.Cut(v, []byte(";"))
	parts := strings.Split(string(unit), "/")
	if !ok || len(parts) != 4 || parts[0] != fmt.Sprint(id) || parts[1] != fmt.Sprint(index) {
		return fmt.Errorf("%d/%d is %.40q", id, index, v)
	}
	size, err := strconv.Atoi(parts[3])
	if err != nil || string(v) != text(size, string(unit)) {
		return fmt.Errorf("%d/%d has wrong bytes: %.40q", id, index, v)
	}
	return nil
}

func concurrentValue(id uint32, index uint64, serial, size int) string {
	return text(size, fmt.Sprint(id, "/", index, "/", serial, "/", size))
}

// Readers go on while entries are written, cut, and moved, and files are used again.
func TestConcurrentReaders(t *testing.T) {
	const streams, size = 3, 16 << 10
	mem := vfs.NewMem()
	makeDir(t, mem)
	s := mustOpen(t, options(mem, size))
	var stop atomic.Bool
	var handed, views atomic.Int64
	var readers sync.WaitGroup
	check := func(err error) bool {
		if err != nil {
			t.Error(err)
			stop.Store(true)
		}
		return err == nil
	}
	for n := range 3 {
		readers.Add(1)
		go func() {
			defer readers.Done()
			rng := rand.New(rand.NewPCG(uint64(n), 1))
			for !stop.Load() {
				id := uint32(rng.IntN(streams))
				if rng.IntN(4) == 0 {
					check(readView(s, id))
					views.Add(1)
					continue
				}
				last, limit := uint64(0), 1+rng.IntN(200)
				check(s.Entries(id, 0, math.MaxUint64, func(i uint64, v []byte) (bool, error) {
					if handed.Add(1); i <= last { // a gap is what was cut meanwhile
						return false, fmt.Errorf("%d/%d after %d", id, i, last)
					}
					last = i
					limit--
					return limit > 0, selfDescribing(id, i, v)
				}))
				check(readValues(s))
			}
		}()
	}
	rng := rand.New(rand.NewPCG(8, 8))
	first, end := [streams]uint64{1, 1, 1}, [streams]uint64{1, 1, 1}
	used := map[string]int{}
	var b Batch
	tail := s.tail
	for serial := 0; (serial < 4000 || handed.Load() < 3000 || views.Load() < 30) && !stop.Load(); serial++ {
		b.Reset()
		id := uint32(rng.IntN(streams))
		switch n := end[id] - first[id]; {
		case n > 0 && rng.IntN(20) == 0: // another suffix
			end[id] -= 1 + uint64(rng.IntN(int(min(n, 5))))
			b.Cut(id, end[id], math.MaxUint64)
		case n > 150:
			first[id] += n - 100
			b.Cut(id, 0, first[id]-1)
		}
		for range 1 + rng.IntN(5) {
			v := concurrentValue(id, end[id], serial, 30+rng.IntN(300))
			copy(b.Put(id, end[id], len(v)), v)
			end[id]++
		}
		b.Set([]byte("a"), []byte(concurrentValue(0, 0, serial, 40)))
		b.Set([]byte("b"), []byte(concurrentValue(0, 0, serial, 40)))
		mustCommit(t, s, &b, serial%8 == 0)
		if s.tail != tail {
			tail = s.tail
			used[tail.file.name]++
		}
	}
	stop.Store(true)
	readers.Wait()
	reused := 0
	for _, n := range used {
		reused += n - 1
	}
	t.Logf("%d entries and %d views were read, %d segments begun in a file used before", handed.Load(), views.Load(), reused)
	if !t.Failed() && reused < 20 {
		t.Fatal("files are not used again")
	}
	for id, g := range s.segments {
		if n := g.pins.Load(); n != 0 {
			t.Errorf("segment %d has %d pins", id, n)
		}
	}
	mustClose(t, s)
}

// readView reads a view twice, which must say the same.
func readView(s *Store, id uint32) error {
	v := s.View(id, []byte("a"), []byte("b"))
	defer v.Close()
	first := ""
	for range 2 {
		if err := v.Entries(id, 0, math.MaxUint64, func(i uint64, v []byte) (bool, error) {
			return true, selfDescribing(id, i, v)
		}); err != nil {
			return err
		}
		got, err := dump(v)
		if err != nil || first != "" && got != first {
			return fmt.Errorf("a view changes: %w, %s", err, difference(got, first))
		}
		first = got
	}
	return nil
}

// readValues expects two keys, which are only set together, to be the same.
func readValues(s *Store) error {
	var got []string
	if err := s.Scan([]byte("a"), []byte("c"), func(_, v []byte) (bool, error) {
		got = append(got, string(v))
		return true, selfDescribing(0, 0, v)
	}); err != nil {
		return err
	}
	if len(got) != 0 && (len(got) != 2 || got[0] != got[1]) {
		return fmt.Errorf("half of a batch: %q", got)
	}
	return s.Get([]byte("a"), func(v []byte) error { return selfDescribing(0, 0, v) })
}
