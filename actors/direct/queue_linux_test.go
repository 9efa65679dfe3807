package direct

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"
)

func newQueue(t testing.TB) *Queue {
	t.Helper()
	q, err := NewQueue(new(atomic.Uint64))
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		t.Skip("the system has no asynchronous I/O: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

// prepared is a file of blocks of zeros, written past the page cache.
func prepared(t testing.TB, blocks int) vfs.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := vfs.Default.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if !Bypass(f) {
		t.Skip("the file system of the temporary directory has no O_DIRECT")
	}
	// Past the page cache already: the kernel does not take what would first have to be thrown out of there.
	if _, err := unix.Pwrite(int(f.Fd()), Buffer(blocks*BlockSize), 0); err != nil {
		t.Fatal(err)
	}
	return f
}

func content(t testing.TB, f vfs.File, size int) []byte {
	t.Helper()
	if err := Unset(f); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, size)
	if _, err := f.ReadAt(got, 0); err != nil {
		t.Fatal(err)
	}
	return got
}

// A file has what queues have written, over what was there and beyond its end, by several goroutines with a queue and a
// part of the file each.
func TestQueueWrites(t *testing.T) {
	for _, sync := range []bool{false, true} {
		t.Run(fmt.Sprintf("sync=%v", sync), func(t *testing.T) { testQueueWrites(t, sync) })
	}
}

func testQueueWrites(t *testing.T, synced bool) {
	const writers, part, blocks = 4, 32, 4 * 32
	f := prepared(t, blocks/2) // the other half is made by the writes
	want := make([]byte, blocks*BlockSize)
	var all sync.WaitGroup
	for w := range writers {
		q := newQueue(t)
		rng := rand.New(rand.NewPCG(9, uint64(w)))
		all.Go(func() {
			for range 50 {
				n := 1 + rng.IntN(4)
				at := (w*part + rng.IntN(part-n+1)) * BlockSize
				p := Buffer(n * BlockSize)
				for i := range p {
					p[i] = byte(rng.Uint32())
				}
				copy(want[at:], p)
				if got, err := q.Write(int(f.Fd()), p, int64(at), synced); got != len(p) || err != nil {
					t.Errorf("Write of %d bytes at %d: %d, %v", len(p), at, got, err)
					return
				}
			}
			last := Buffer(BlockSize) // so that the file has its whole length
			at := (w*part + part - 1) * BlockSize
			copy(want[at:], last)
			if _, err := q.Write(int(f.Fd()), last, int64(at), synced); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := content(t, f, len(want)); !bytes.Equal(got, want) {
		t.Errorf("other bytes at %d than were written", differ(got, want))
	}
}

// What is refused is refused with the error of pwritev2(2), whose tests for it callers have, and the queue goes on.
func TestQueueRefuses(t *testing.T) {
	f := prepared(t, 4)
	readOnly, err := os.Open(f.(interface{ Name() string }).Name())
	if err != nil {
		t.Fatal(err)
	}
	defer readOnly.Close()
	fd, p := int(f.Fd()), Buffer(2*BlockSize)
	q := newQueue(t)
	for _, c := range []struct {
		name string
		fd   int
		p    []byte
		at   int64
		want error // nil: depends on the file system
	}{
		{"no descriptor", -1, p, 0, unix.EBADF},
		{"a descriptor that is for reading", int(readOnly.Fd()), p, 0, unix.EBADF},
		{"an offset below zero", fd, p, -BlockSize, unix.EINVAL},
		{"an offset within a block", fd, p, 1, nil},
		{"memory within a block", fd, p[1 : BlockSize+1], 0, nil},
		{"a part of a block", fd, p[:100], 0, nil},
	} {
		q.plainly = 0
		_, plain := unix.Pwritev2(c.fd, [][]byte{c.p}, c.at, unix.RWF_DSYNC)
		_, err := q.Write(c.fd, c.p, c.at, true)
		if err != plain || c.want != nil && err != c.want {
			t.Errorf("%s: %v, by pwritev2 %v, want %v", c.name, err, plain, c.want)
		}
		if n, err := q.Write(fd, p, 0, true); n != len(p) || err != nil {
			t.Errorf("after %s: %d, %v", c.name, n, err)
		}
	}
	if n, err := q.Write(fd, nil, 0, true); n != 0 || err != nil {
		t.Errorf("nothing: %d, %v", n, err)
	}
}

// What is there already is written over by the kernel, durably if it is to be. What makes the file grow is written by a
// thread, and so are the next ones.
func TestWhoWrites(t *testing.T) {
	f, q, p := prepared(t, 2), newQueue(t), Buffer(BlockSize)
	fd := int(f.Fd())
	write := func(at int64, sync bool) (byKernel bool) {
		t.Helper()
		before := q.done.Load()
		if n, err := q.Write(fd, p, at, sync); n != len(p) || err != nil {
			t.Fatalf("at %d: %d, %v", at, n, err)
		}
		if q.buf != nil && q.done.Load() > before {
			t.Error("what was written is held on to")
		}
		return q.done.Load() > before
	}
	if !write(0, false) {
		t.Skip("the file system of the temporary directory takes no requests")
	}
	if q.request.flags&unix.RWF_DSYNC != 0 {
		t.Error("was to be durable, and need not be")
	}
	if !write(BlockSize, true) || q.request.flags&unix.RWF_DSYNC == 0 {
		t.Errorf("not durable: flags %x", q.request.flags)
	}
	q.submit(fd, p, 2*BlockSize, unix.RWF_NOWAIT)
	if _, err := q.wait(); err != unix.EAGAIN {
		t.Skip("the file system of the temporary directory makes files grow without waiting: ", err)
	}
	end := int64(2)
	for _, plain := range []int{0, 1, 3, 7, 15, 15} {
		if write(end*BlockSize, true) {
			t.Fatal("the kernel made the file grow")
		}
		end++
		for i := range plain {
			if write(0, true) {
				t.Fatalf("write %d after a refusal that %d are to follow is the kernel's", i, plain)
			}
		}
	}
	for range 2 {
		if !write(0, true) {
			t.Fatal("the kernel is not tried again")
		}
	}
	if write(end*BlockSize, true) || !write(0, true) {
		t.Error("one refusal counts as much after what was taken")
	}
}

// A kernel that takes any flag would take RWF_DSYNC without knowing it.
func TestFlagsAreHeeded(t *testing.T) {
	q := newQueue(t)
	if errno := q.submit(int(q.request.eventFD), make([]byte, 8), 0, 1<<31); errno != unix.EOPNOTSUPP && errno != unix.EINVAL {
		t.Errorf("a flag that there is not: %v", errno)
	}
	if err := q.probe(); err != nil {
		t.Error(err)
	}
	q.request.eventFD = ^uint32(0) // no answer to the flag, but to the descriptor
	if err := q.probe(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("another answer is taken for a refused flag: %v", err)
	}
}

// After a write of which nothing is known a queue is of no more use: a later one would be told of the wrong end.
func TestBrokenQueue(t *testing.T) {
	f, p := prepared(t, 1), Buffer(BlockSize)
	q := newQueue(t)
	if _, err := q.Write(int(f.Fd()), p, 0, false); err != nil || q.done.Load() == 0 {
		t.Skip("the file system of the temporary directory takes no requests: ", err)
	}
	q.file.SetReadDeadline(time.Unix(1, 0)) // nobody can wait for it
	for range 2 {
		if n, err := q.Write(int(f.Fd()), p, 0, true); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%d, %v", n, err)
		}
		q.file.SetReadDeadline(time.Time{})
	}
	if q.buf == nil {
		t.Error("what the kernel may still read was let go")
	}
}

// Without a queue an ordinary write does it.
func TestNoQueue(t *testing.T) {
	f := prepared(t, 2)
	p := Buffer(BlockSize)
	for i := range p {
		p[i] = 7
	}
	var q *Queue
	if n, err := q.Write(int(f.Fd()), p, BlockSize, true); n != BlockSize || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if got := content(t, f, 2*BlockSize); !bytes.Equal(got[BlockSize:], p) {
		t.Error("it was not written")
	}
}

// A write costs no allocation.
func TestQueueAllocations(t *testing.T) {
	f, q, p := prepared(t, 1), newQueue(t), Buffer(BlockSize)
	fd := int(f.Fd())
	if n := testing.AllocsPerRun(50, func() { q.Write(fd, p, 0, true) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Durable writes of one block, by the queue and by a thread that waits, with others at work on the same processor.
func BenchmarkDurableWrite(b *testing.B) {
	for _, name := range []string{"queue", "thread"} {
		b.Run(name, func(b *testing.B) {
			f, p := prepared(b, 1), Buffer(BlockSize)
			var q *Queue
			if name == "queue" {
				q = newQueue(b)
			}
			fd := int(f.Fd())
			for b.Loop() {
				if _, err := q.Write(fd, p, 0, true); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
