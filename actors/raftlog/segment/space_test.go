package segment

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// An idle stream has a few old entries in each of many segments, while another one writes and truncates.
func TestIdleStreamKeepsNoSegments(t *testing.T) {
	const size, idle, busy = 16 << 10, 1, 2
	mem := vfs.NewMem()
	makeDir(t, mem)
	s := mustOpen(t, options(mem, size))
	m := newModel(nil, size)
	var b Batch
	put := func(id uint32, index uint64, n int) {
		v := text(n, id, "/", index)
		copy(b.Put(id, index, n), v)
		str := m.streams[id]
		m.streams[id] = modelStream{str.first, append(str.entries, v)}
	}
	written, maxFiles, maxBytes := 0, 0, int64(0)
	for i := uint64(0); written < 100*size; i++ {
		b.Reset()
		if i%20 == 0 && i/20 < 60 {
			put(idle, i/20, 40)
		}
		put(busy, i, 500)
		written += 500
		if i > 20 {
			b.Cut(busy, 0, i-20)
			str := m.streams[busy]
			m.streams[busy] = modelStream{i - 19, str.entries[i-19-str.first:]}
		}
		mustCommit(t, s, &b, i%5 == 0)
		files, bytes := usage(t, mem)
		maxFiles, maxBytes = max(maxFiles, files), max(maxBytes, bytes)
	}
	t.Logf("at most %d files, %d bytes", maxFiles, maxBytes)
	if got, want := mustDump(t, s), m.dump(); got != want {
		t.Fatal(difference(got, want))
	}
	// Segments that are kept, the tail, one that is given up, and files to be used again.
	if maxFiles > 2*slackSegments+6 || maxBytes > (2*slackSegments+6)*size {
		t.Fatalf("%d files, %d bytes for %d that are read", maxFiles, maxBytes, m.live())
	}
	mustClose(t, s)
}

// Every Open begins a segment, however little is written.
func TestManyOpensKeepFewFiles(t *testing.T) {
	const size = 16 << 10
	mem := vfs.NewMem()
	makeDir(t, mem)
	m := newModel(nil, size)
	maxFiles := 0
	for i := range uint64(300) {
		s := mustOpen(t, options(mem, size))
		if got, want := mustDump(t, s), m.dump(); got != want {
			t.Fatal(difference(got, want))
		}
		var b Batch
		v := text(20, i)
		copy(b.Put(1, i, len(v)), v)
		m.streams[1] = modelStream{0, append(m.streams[1].entries, v)}
		mustCommit(t, s, &b, i%2 == 0)
		mustClose(t, s)
		files, _ := usage(t, mem)
		maxFiles = max(maxFiles, files)
	}
	t.Logf("at most %d files", maxFiles)
	if maxFiles > slackFiles+slackFiles/2+4 {
		t.Fatalf("%d files", maxFiles)
	}
}

// Much is written and then dropped: the files that are too many go.
func TestFilesGoWithTheirEntries(t *testing.T) {
	const size = 16 << 10
	mem := vfs.NewMem()
	makeDir(t, mem)
	s := mustOpen(t, options(mem, size))
	var b Batch
	for i := range uint64(200) {
		b.Reset()
		copy(b.Put(1, i, 8<<10), text(8<<10, i))
		mustCommit(t, s, &b, false)
	}
	before, _ := usage(t, mem)
	b.Reset()
	b.Cut(1, 0, 198)
	mustCommit(t, s, &b, true)
	for i := range 20 {
		b.Reset()
		b.Set(fmt.Append(nil, i%3), make([]byte, 6<<10))
		mustCommit(t, s, &b, true)
	}
	after, _ := usage(t, mem)
	if before < 100 || after > 10 {
		t.Fatalf("%d files, %d when nearly all was dropped", before, after)
	}
	mustClose(t, s)
}

// Where the disk is so full that nothing more is appended, what was dropped makes room all the same.
func TestWasteGoesWithoutMoreEntries(t *testing.T) {
	const size = 16 << 10
	mem := vfs.NewMem()
	makeDir(t, mem)
	for _, reopened := range []bool{false, true} {
		s := mustOpen(t, options(mem, size))
		var b Batch
		for i := range uint64(30) {
			b.Reset()
			copy(b.Put(1, i, 8<<10), text(8<<10, i))
			mustCommit(t, s, &b, true)
		}
		_, before := usage(t, mem)
		if reopened {
			mustClose(t, s)
			s = mustOpen(t, options(mem, size))
		}
		b.Reset()
		b.Cut(1, 0, 29)
		mustCommit(t, s, &b, true)
		if _, after := usage(t, mem); after > before/2 || after > (slackSegments+3)*size {
			t.Errorf("reopened %v: %d bytes, %d when all was dropped", reopened, before, after)
		}
		mustClose(t, s)
	}
}

// What is moved from a segment is read in large pieces, and some with each Commit.
func TestMovingIsBounded(t *testing.T) {
	const size = 1 << 20
	mem := vfs.NewMem()
	makeDir(t, mem)
	var reads atomic.Int64
	opts := options(errorfs.Wrap(mem, injector(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileReadAt {
			reads.Add(1)
		}
		return nil
	})), size)
	s := mustOpen(t, opts)
	defer mustClose(t, s)
	moved, most := 0, int64(0)
	for i := range uint64(3000) {
		var b Batch
		for stream := range uint32(4) {
			for j := range uint64(10) {
				copy(b.Put(stream, 10*i+j, 100), text(100, i))
			}
			if stream > 0 && i%500 == 499 {
				b.Cut(stream, 0, 10*i+8)
			}
		}
		copy(b.Put(9, i, 12<<10), text(12<<10, i)) // so far apart that each ten take a reading
		if i%10 == 9 {
			b.Cut(9, 0, i-1)
		}
		before := reads.Load()
		mustCommit(t, s, &b, true)
		if n := reads.Load() - before; n > 0 {
			moved, most = moved+1, max(most, n)
		}
	}
	if moved < 50 || most > maxReads {
		t.Fatalf("%d commits that moved entries, with at most %d reads", moved, most)
	}
}

// Segments that a view reads stay until it is closed, and go then.
func TestViewKeepsItsSegmentsOnly(t *testing.T) {
	const size = 4 << 10
	mem := vfs.NewMem()
	makeDir(t, mem)
	s := mustOpen(t, options(mem, size))
	fill := func(from, to uint64) {
		for i := from; i < to; i++ {
			var b Batch
			copy(b.Put(1, i, 1000), text(1000, i))
			mustCommit(t, s, &b, false)
		}
	}
	fill(0, 40)
	view := s.View(1)
	want := mustDump(t, view)
	pinned := len(s.segments)
	for i := uint64(40); i < 400; i += 10 {
		var b Batch
		b.Cut(1, 0, i-1)
		mustCommit(t, s, &b, false)
		fill(i, i+10)
		if len(s.segments) < pinned {
			t.Fatalf("%d segments, a view has %d", len(s.segments), pinned)
		}
	}
	if got := mustDump(t, view); got != want {
		t.Fatal(difference(got, want))
	}
	if err := view.Close(); err != nil {
		t.Fatal(err)
	}
	fill(400, 420)
	if len(s.segments) > pinned {
		t.Fatalf("%d segments after the view", len(s.segments))
	}
	mustClose(t, s)
}
