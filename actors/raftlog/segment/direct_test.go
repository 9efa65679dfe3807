package segment

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/troupedb/troupe/actors/direct"
)

// realDir is a directory of a file system that can be written past the page cache.
func realDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "probe")
	if err := os.WriteFile(path, make([]byte, blockSize), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := vfs.Default.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !direct.Bypass(f) {
		t.Skip("this file system writes through the page cache only")
	}
	return dir
}

// lengths make frames end just before, at, and after blocks and buffers.
func lengths(end int64, rng *rand.Rand) (out []int) {
	for _, boundary := range []int64{blockSize, slideSize, bufferSize / 2, bufferSize} {
		for _, delta := range []int64{-frameHeader - 1, -frameHeader, -frameHeader + 1, -1, 0, 1, frameHeader} {
			next := (end+2*frameHeader)/boundary*boundary + boundary + delta
			out = append(out, int(next-end-frameHeader))
			end = next
			small := rng.IntN(3)
			out = append(out, small)
			end += frameHeader + int64(small)
		}
	}
	return append(out, 1, bufferSize, 3*bufferSize-frameHeader-1, 3*bufferSize+1, 0, 5*bufferSize/2)
}

// The file has what was written, whatever the lengths, and the syncs between.
func TestOutput(t *testing.T) {
	t.Run("by the kernel", func(t *testing.T) { testOutput(t, vfs.Default, realDir(t), true, true) })
	t.Run("by a thread", func(t *testing.T) { testOutput(t, vfs.Default, realDir(t), true, false) })
	t.Run("cached", func(t *testing.T) {
		mem := vfs.NewMem()
		makeDir(t, mem)
		testOutput(t, mem, testDir, false, false)
	})
}

func testOutput(t *testing.T, fs vfs.FS, dir string, bypass, queue bool) {
	if testing.Short() {
		t.Skip("one goroutine, much to write")
	}
	rng := rand.New(rand.NewPCG(3, 3))
	for round := range 2 {
		path := fs.PathJoin(dir, "file")
		junk := bytes.Repeat([]byte{0xee}, round*6*bufferSize) // of an earlier life
		write(t, fs, path, junk)
		var o output
		if err := o.open(&Options{FS: fs}, path); err != nil || o.direct != bypass {
			t.Fatal(err, o.direct)
		}
		switch {
		case queue && o.queue == nil:
			t.Skip("the system has no asynchronous I/O")
		case !queue && o.queue != nil:
			if err := o.queue.Close(); err != nil {
				t.Fatal(err)
			}
			o.queue = nil
		}
		var want []byte
		kept := 0 // of want, for the next write
		for i, n := range lengths(0, rng) {
			p := make([]byte, frameHeader+n)
			for j := 0; j < len(p); j += 8 {
				p[j] = byte(rng.Uint32())
			}
			w := []when{later, now, durably}[rng.IntN(3)]
			if err := o.write(p[:frameHeader], p[frameHeader:], w); err != nil {
				t.Fatal(err)
			}
			want = append(want, p...)
			if kept += len(p); w != later || len(p) > slideSize {
				kept = 0
			}
			if kept > 0 && i%2 > 0 {
				if err := o.sync(); err != nil {
					t.Fatal(err)
				}
				kept = 0
			}
			if kept > 0 {
				continue
			}
			if len(want) > bufferSize && i%4 > 0 { // each write would be read as often as there are later ones
				continue
			}
			got := read(t, fs, path)
			if !bytes.HasPrefix(got, want) {
				t.Fatalf("round %d, write %d of %d bytes, which ends at %d: the file has %d bytes, or others", round, i, len(p), len(want), len(got))
			}
			if bypass && len(bytes.Trim(got[len(want):min(len(got), (len(want)+blockSize-1)&^(blockSize-1))], "\x00")) > 0 {
				t.Fatalf("round %d, write %d: something follows in the block", round, i)
			}
			if end := (len(want) + blockSize - 1) &^ (blockSize - 1); len(got) > end && end < len(junk) && got[end] != 0xee {
				t.Fatalf("round %d, write %d: bytes after %d are changed", round, i, end)
			}
		}
		if err := o.close(); err != nil || !o.direct && bypass {
			t.Fatal(err, o.direct)
		}
	}
}

// A write is durable with one system call if it can be; where one is not enough, with a sync.
func TestOutputSyncs(t *testing.T) {
	dir := realDir(t)
	var syncs atomic.Int32
	fs := errorfs.Wrap(vfs.Default, injector(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileSyncData {
			syncs.Add(1)
		}
		return nil
	}))
	path := filepath.Join(dir, "file")
	write(t, fs, path, nil)
	var o output
	if err := o.open(&Options{FS: fs}, path); err != nil || !o.direct {
		t.Fatal(err, o.direct)
	}
	defer o.close()
	h := make([]byte, frameHeader)
	for _, c := range []struct {
		name  string
		size  int
		when  when
		syncs int32
	}{
		{"durable", 100, durably, 0},
		{"not", 100, now, 0},
		{"durable after that", 100, durably, 1},
		{"with the next one", 100, later, 0},
		{"durable, both of them", 100, durably, 0},
		{"up to where the buffer slides", slideSize - 6*frameHeader - 5*100, durably, 0},
		{"the rest of the buffer", bufferSize - slideSize - 2*frameHeader, durably, 0},
		{"as large as the buffer", bufferSize, durably, 1},
		{"durable", 10, durably, 0},
		{"larger", 3 * bufferSize, durably, 1},
		{"larger, not durable", 3 * bufferSize, now, 0},
		{"with the next one", 10, later, 0},
		{"which is durable", 10, durably, 1},
		{"too large for that", slideSize, later, 0},
		{"durable after that", 10, durably, 1},
	} {
		syncs.Store(0)
		if err := o.write(h, make([]byte, c.size), c.when); err != nil {
			t.Fatal(err)
		}
		if got := syncs.Load(); got != c.syncs {
			t.Errorf("%s: %d syncs, want %d", c.name, got, c.syncs)
		}
	}
}

// The model on a real disk.
func TestDirectModel(t *testing.T) {
	dir := realDir(t)
	rng := rand.New(rand.NewPCG(5, 5))
	m := newModel(rng, 256<<10)
	opts := Options{FS: vfs.Default, Dir: dir, Size: 256 << 10}
	s := mustOpen(t, opts)
	h := &history{seen: map[string]bool{}}
	for step := range 600 {
		var b Batch
		m.batch(&b)
		mustCommit(t, s, &b, rng.IntN(3) == 0)
		h.note(s)
		m.spot(t, s)
		if !s.out.direct {
			t.Fatal("written through the page cache")
		}
		if step%20 == 19 {
			if got, want := mustDump(t, s), m.dump(); got != want {
				t.Fatalf("step %d: %s", step, difference(got, want))
			}
		}
		if step%100 == 99 {
			mustClose(t, s)
			s = mustOpen(t, opts)
			if got, want := mustDump(t, s), m.dump(); got != want {
				t.Fatalf("step %d, opened again: %s", step, difference(got, want))
			}
			h.tail = nil
		}
	}
	if h.rolled < 10 || h.reused < 4 {
		t.Fatalf("rolled %d, of them in a file used before %d", h.rolled, h.reused)
	}
	mustClose(t, s)
}

// Entries whose frames end around blocks and buffers are read at once, and again after Open.
func TestDirectBoundaries(t *testing.T) {
	dir := realDir(t)
	opts := Options{FS: vfs.Default, Dir: dir}
	s := mustOpen(t, opts)
	s.last = 10 // so that the segments are large
	rng := rand.New(rand.NewPCG(6, 6))
	m := newModel(rng, 1)
	for round := range 3 { // the first file, one that is filled or grows, and one that is used again
		var end int64
		if s.tail != nil {
			end = s.tail.end
		}
		for _, n := range lengths(end, rng) {
			var b Batch
			str := m.streams[1]
			v := text(max(n-putHeader, 1), "entry", round, str.end())
			copy(b.Put(1, str.end(), len(v)), v)
			m.streams[1] = modelStream{str.first, append(str.entries, v)}
			mustCommit(t, s, &b, rng.IntN(2) == 0)
			lo := str.end() - min(1, uint64(len(str.entries)))
			for i := lo; i <= str.end(); i++ { // the one before shares a block with it
				if err := s.Entries(1, i, i+1, func(i uint64, got []byte) (bool, error) {
					if want := m.streams[1].entries[i-str.first]; string(got) != want {
						t.Fatalf("entry %d of %d bytes, %d of them", i, len(want), len(got))
					}
					return true, nil
				}); err != nil {
					t.Fatal(err)
				}
			}
		}
		mustClose(t, s)
		s = mustOpen(t, opts)
		if got, want := mustDump(t, s), m.dump(); got != want {
			t.Fatal(difference(got, want))
		}
		var b Batch
		m.cutAll(&b)
		mustCommit(t, s, &b, true)
	}
	mustClose(t, s)
}

func TestNextSegmentIsFilledAhead(t *testing.T) {
	mem := vfs.NewMem()
	makeDir(t, mem)
	for _, opts := range []Options{{FS: mem, Dir: testDir, Size: 2 << 20}, {FS: vfs.Default, Dir: t.TempDir(), Size: 2 << 20}} {
		s := mustOpen(t, opts)
		i := uint64(0)
		add := func() {
			var b Batch
			copy(b.Put(1, i, 64<<10), text(64<<10, i))
			mustCommit(t, s, &b, i%2 == 0)
			i++
		}
		for range 15 {
			add()
		}
		next := s.reserve.file
		s.reserve.wait(t)
		info, err := opts.FS.Stat(next.name)
		if err != nil || info.Size() != 2<<20 || next == s.tail.file {
			t.Fatalf("%d bytes, %v", info.Size(), err)
		}
		for s.last == 1 {
			add()
		}
		if s.tail.file != next || s.reserve == nil || s.reserve.file == next {
			t.Fatal("the file is not the next segment's")
		}
		for range 5 {
			add()
		}
		if info, err := opts.FS.Stat(next.name); err != nil || info.Size() != 2<<20 {
			t.Fatalf("has grown to %d bytes, %v", info.Size(), err)
		}
		want := mustDump(t, s)
		mustClose(t, s)
		s = mustOpen(t, opts)
		if got := mustDump(t, s); got != want {
			t.Fatal(difference(got, want))
		}
		mustClose(t, s)
	}
}

// wait waits until the file is filled.
func (r *reserve) wait(t *testing.T) {
	t.Helper()
	select {
	case <-r.done:
	case <-time.After(time.Minute):
		t.Fatal("the file of the next segment is not filled")
	}
}

// The file after large frames is not filled, and what a segment begins with is written with its first batch.
func TestSegmentsOfLargeFrames(t *testing.T) {
	mem := vfs.NewMem()
	makeDir(t, mem)
	var mu sync.Mutex
	writes := map[string]int{}
	fs := errorfs.Wrap(mem, injector(func(op errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if op.Kind == errorfs.OpFileWriteAt {
			writes[op.Path]++
		}
		return nil
	}))
	s := mustOpen(t, Options{FS: fs, Dir: testDir, Size: 2 << 20})
	for i := uint64(0); s.last < 5; i++ {
		mu.Lock()
		clear(writes)
		mu.Unlock()
		var b Batch
		copy(b.Put(1, i, 2*fillFrame), text(2*fillFrame, i))
		mustCommit(t, s, &b, i%2 == 0)
		mu.Lock()
		got := maps.Clone(writes)
		mu.Unlock()
		if len(got) != 1 || got[s.tail.file.name] != 1 {
			t.Fatalf("segment %d: writes %v", s.last, got)
		}
	}
	mustClose(t, s)
}

// A store whose writes a thread waits for says why, once.
func TestNoAsyncIsTold(t *testing.T) {
	var told []error
	var o output
	opts := &Options{FS: vfs.Default, NoAsync: func(err error) { told = append(told, err) }}
	for range 2 {
		o.openQueue(opts, func(*atomic.Uint64) (*direct.Queue, error) { return nil, os.ErrPermission })
	}
	if len(told) != 1 || told[0] != os.ErrPermission || o.queue != nil {
		t.Errorf("told %v, queue %v", told, o.queue)
	}
	o.openQueue(&Options{FS: vfs.Default}, func(*atomic.Uint64) (*direct.Queue, error) { return nil, os.ErrPermission })
}
